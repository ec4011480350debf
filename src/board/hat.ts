/**
 * Folder board/: the hat as one object, over Linux drivers or other implementations of their ports.
 *
 * The hat: sensor, relay, buttons, LEDs and display. Outputs are levels, asserted again at every step.
 */

import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { I2cBus } from "../chips/bus.ts";
import type { GpioPort } from "../chips/lines.ts";
import type { Wiring } from "../chips/wiring.ts";
import type { ButtonEdge, SensorReading } from "../control/input.ts";
import type { ScreenModel } from "../control/panel/screen.ts";
import type { DisplayKind } from "../model/displays.ts";
import type { ScreenTarget } from "./screen/feed.ts";
import type { FindDisplayOptions } from "./screen/find-display.ts";

/** The state of the parts. With a display and all flags false, everything works. */
export interface HatHealth {
  /** Kind of the display; `undefined` while there is none. */
  readonly display: DisplayKind | undefined;
  /** No display, or it does not accept pictures. */
  readonly displayFailing: boolean;
  /** At least one button's line is unavailable. */
  readonly buttonsFailing: boolean;
  readonly ledsFailing: boolean;
  /** The last write or read of the relay's line failed. */
  readonly relayFailing: boolean;
}

export interface Hat {
  readonly wiring: Wiring;
  readonly health: HatHealth;
  /** Never rejects; a failure is a reading of kind "failed". */
  readSensor(): Promise<SensorReading>;
  /** Never throws; a failure shows in `health` and in `readRelay`. */
  setHeater(on: boolean): void;
  /** Whether the relay's line is at its on level, as read back; `undefined` when it cannot be read. */
  readRelay(): boolean | undefined;
  setModeLed(on: boolean): void;
  setStatusLed(on: boolean): void;
  /** Undebounced. A button held down at the start counts only from its next press. */
  onButton(listener: (edge: ButtonEdge) => void): void;
  /** Shows the newest model when the display is ready; returns at once. */
  show(screen: ScreenModel): void;
  /** The relay first, then the rest. @throws LineError when the relay could not be read back off */
  close(): Promise<void>;
}

export interface OpenHatOptions {
  /** Owned by the hat once it is open; by the caller if opening fails. */
  readonly hardware: { readonly bus: I2cBus; readonly gpio: GpioPort };
  readonly wiring: Wiring;
  readonly clock: Clock;
  readonly log: Log;
  /** Kind and address of the display, to skip the search. */
  readonly display?: FindDisplayOptions | "none" | undefined;
  /** For tests: replaces the search of the display. */
  readonly findDisplay?: (() => Promise<ScreenTarget | undefined>) | undefined;
}
