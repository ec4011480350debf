/** What goes into `step`: plain data, filled by the firmware with what it observed since the last step. */

import type { Celsius, Millis, RelativeHumidityPercent, WallMillis } from "../base/units.ts";
import type { FailingPart } from "../model/faults.ts";
import type { ControlValue, WritableName, WritableValues } from "../model/properties.ts";
import type { Source } from "../model/sources.ts";
import type { TwinShadow } from "./twin/shadow.ts";

export type { FailingPart } from "../model/faults.ts";

export type ControlMode = WritableValues["controlMode"];
export type ButtonName = "a" | "b" | "mode";

/** A debounced-by-nobody level change of a button, polarity already resolved. The core debounces. */
export interface ButtonEdge {
  readonly button: ButtonName;
  readonly pressed: boolean;
  readonly atMs: Millis;
}

/** One attempt to read the sensor. `ok` means the CRC was good, nothing more: the core judges plausibility. */
export type SensorReading =
  | {
      readonly kind: "ok";
      readonly temperature: Celsius;
      readonly humidity: RelativeHumidityPercent;
      /** The sensor's raw words; compared bit for bit to find a frozen sensor. */
      readonly raw: { readonly temperature: number; readonly humidity: number };
      /** Of the chip that gave the values. */
      readonly chip: SensorChip;
      readonly atMs: Millis;
    }
  | { readonly kind: "failed"; readonly reason: SensorFailure; readonly atMs: Millis };

/** What SR-03 must know of a sensor's chip. */
export interface SensorChip {
  /** What it can measure: a value outside says that the chip or its wiring is broken. */
  readonly lowest: Celsius;
  readonly highest: Celsius;
  /**
   * Its noise moves the raw temperature: one that repeats for so long is frozen. `undefined`: it is so coarse that a
   * steady room repeats it.
   */
  readonly frozenAfter: Millis | undefined;
}

export type SensorFailure =
  | "nack"
  | "timeout"
  | "bad-crc"
  | "bus"
  | "absent"
  /** Somebody acknowledges at the sensor's address and never answers as the sensor does. */
  | "wrong-chip"
  /** The heater inside the sensor is on, or was until a moment ago: it reads several kelvin warm. */
  | "heater-on";

/** What somebody other than the buttons asks for. */
export type Request =
  | SetRequest
  /** boost.ts says what it does; 0 ends a running one. */
  | { readonly kind: "boost"; readonly minutes: number; readonly source: Source }
  /** Status LED and screen blink for so long. */
  | { readonly kind: "identify"; readonly seconds: number; readonly source: Source }
  | { readonly kind: "clear-faults"; readonly source: Source }
  /** Stored in one write with what the other requests of the same step change (RR-9). */
  | { readonly kind: "keep-twin"; readonly shadow: TwinShadow; readonly source: Source };

/** A new value for a writable property. */
export type SetRequest = {
  readonly [K in WritableName]: {
    readonly kind: "set";
    readonly name: K;
    readonly value: WritableValues[K];
    readonly source: Source;
  };
}[WritableName];

/** Who made a value what it is, and when: what reconciliation with a twin rests on. */
export interface Change {
  readonly source: Source;
  /** A label only. */
  readonly wallMs: WallMillis;
  /** Counts the changes of all values together: orders them where the wall clock cannot. 0: never changed. */
  readonly serial: number;
  /** The value before; before the first turn of a button that was held down. */
  readonly from?: ControlValue;
}

/** State of the way to the cloud, for the screen. `none`: no cloud is configured. */
export type LinkState = "none" | "connecting" | "online" | "offline";

export interface Input {
  /** The newest attempt since the last step, if there was one. */
  readonly reading?: SensorReading | undefined;
  /** In order of time. */
  readonly buttons: readonly ButtonEdge[];
  /** The relay line as read back just now; `undefined` when it could not be read. */
  readonly relayLine: boolean | undefined;
  readonly requests: readonly Request[];
  readonly link: LinkState;
  /** Parts that the firmware found failing: shown, never a reason to stop (SR-11). */
  readonly failing: readonly FailingPart[];
  readonly wallMs: WallMillis;
}
