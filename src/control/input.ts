/** The input of `step`: plain data, observed by the firmware since the last step. */

import type { Celsius, Millis, RelativeHumidityPercent, WallMillis } from "../base/units.ts";
import type { Preset } from "../model/cloud-model.ts";
import type { FailingPart } from "../model/faults.ts";
import type { ControlValue, WritableName, WritableValues } from "../model/properties.ts";
import type { Settings } from "../model/settings-table.ts";
import type { Source } from "../model/sources.ts";
import type { LocalTime } from "./schedule/week-times.ts";
import type { TwinShadow } from "./twin/shadow.ts";

export type { FailingPart } from "../model/faults.ts";

export type ControlMode = WritableValues["controlMode"];
export type ButtonName = "a" | "b" | "mode";

/** A level change of a button, after polarity and before debouncing, which the core does. */
export interface ButtonEdge {
  readonly button: ButtonName;
  readonly pressed: boolean;
  readonly atMs: Millis;
}

/** One attempt to read the sensor. `ok` means only that the CRC was valid: the core checks plausibility. */
export type SensorReading =
  | {
      readonly kind: "ok";
      readonly temperature: Celsius;
      readonly humidity: RelativeHumidityPercent;
      /** The sensor's raw words; compared bit by bit to detect a frozen sensor. */
      readonly raw: { readonly temperature: number; readonly humidity: number };
      /** The chip that measured the values. */
      readonly chip: SensorChip;
      readonly atMs: Millis;
    }
  | { readonly kind: "failed"; readonly reason: SensorFailure; readonly atMs: Millis };

/** Properties of a sensor chip for SR-03. */
export interface SensorChip {
  /** Its range: a value outside means that the chip or its wiring is defective. */
  readonly lowest: Celsius;
  readonly highest: Celsius;
  /**
   * A raw temperature that repeats for so long is frozen, since noise would change it. `undefined` for a coarse chip,
   * whose value repeats in a steady room.
   */
  readonly frozenAfter: Millis | undefined;
}

export type SensorFailure =
  | "nack"
  | "timeout"
  | "bad-crc"
  | "bus"
  | "absent"
  /** Another chip acknowledges at the sensor's address. */
  | "wrong-chip"
  /** The heater inside the sensor is or was just on: it reads several kelvin too warm. */
  | "heater-on";

/** A request that does not come from the buttons. */
export type Request =
  | SetRequest
  /** See boost.ts; 0 ends a running boost. */
  | { readonly kind: "boost"; readonly minutes: number; readonly source: Source }
  | { readonly kind: "preset"; readonly preset: Preset; readonly source: Source }
  /** How long status LED and screen are to blink. */
  | { readonly kind: "identify"; readonly seconds: number; readonly source: Source }
  | { readonly kind: "clear-faults"; readonly source: Source }
  /** The heating law forgets what it has learned of the room: the heater or the room is another one. */
  | { readonly kind: "forget-room"; readonly source: Source }
  /** The relay is a new one: its cycles are counted from 0. */
  | { readonly kind: "relay-replaced"; readonly source: Source }
  /** Other settings, which passed every check; those that need a start must be as before. */
  | { readonly kind: "use-settings"; readonly settings: Settings; readonly source: Source }
  /** Stored in the same write as the changes of the other requests of this step (RR-9). */
  | { readonly kind: "store-shadow"; readonly shadow: TwinShadow; readonly source: Source };

/** A new value for a writable property. */
export type SetRequest = {
  readonly [K in WritableName]: {
    readonly kind: "set";
    readonly name: K;
    readonly value: WritableValues[K];
    readonly source: Source;
  };
}[WritableName];

/** Who changed a value, and when: the basis of the twin reconciliation. */
export interface Change {
  readonly source: Source;
  /** A label only. */
  readonly wallMs: WallMillis;
  /** Counts the changes of all values together: orders them where the wall clock cannot. 0: never changed. */
  readonly serial: number;
  /** The value before; for a held button, before its first step. */
  readonly from?: ControlValue;
}

/** State of the link to the cloud, for the screen. `none`: no cloud is configured. */
export type LinkState = "none" | "connecting" | "online" | "offline";

/** An update of the firmware that is under way, for the screen. */
export interface UpdateProgress {
  readonly state: "downloading" | "installing" | "starting" | "on-trial";
  /** Of the download, 0 to 100. */
  readonly percent: number;
}

export interface Input {
  /** The newest attempt since the last step, if any. */
  readonly reading?: SensorReading | undefined;
  /** In order of time. */
  readonly buttons: readonly ButtonEdge[];
  /** The relay line as read back; `undefined` when it could not be read. */
  readonly relayLine: boolean | undefined;
  readonly requests: readonly Request[];
  readonly link: LinkState;
  /** `undefined`: none is under way. Never a reason for anything but the screen. */
  readonly update?: UpdateProgress | undefined;
  /** Failing parts of the firmware: shown, never a reason to stop (SR-11). */
  readonly failing: readonly FailingPart[];
  readonly wallMs: WallMillis;
  /** Missing while the clock may be wrong, or the local time is unknown: the schedule waits. */
  readonly local?: LocalTime | undefined;
}
