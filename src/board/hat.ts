/**
 * Folder board/: the hat as one object, over real Linux drivers or any ports that look like them.
 *
 * The hat as one object: sensor, relay, buttons, LEDs and display. Outputs are levels, asserted again at every step.
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

/** What works now. Everything false and a display: all is well. */
export interface HatHealth {
  /** Kind of the display; `undefined` while there is none. */
  readonly display: DisplayKind | undefined;
  /** No display, or it takes no picture. */
  readonly displayFailing: boolean;
  /** At least one button's line could not be had. */
  readonly buttonsFailing: boolean;
  readonly ledsFailing: boolean;
  /** The relay's line could not be written or read the last time. */
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
  /** Undebounced. A button that is held down from the start counts only from its next press. */
  onButton(listener: (edge: ButtonEdge) => void): void;
  /** Shows the newest model when the display is ready; returns at once. */
  show(screen: ScreenModel): void;
  /** The relay first, then the rest. @throws LineError when the relay could not be read back off */
  close(): Promise<void>;
}

export interface OpenHatOptions {
  /** Belongs to the hat once it is open; stays the caller's when opening fails. */
  readonly hardware: { readonly bus: I2cBus; readonly gpio: GpioPort };
  readonly wiring: Wiring;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the display is and what it is, if it is not to be found by asking. */
  readonly display?: FindDisplayOptions | "none" | undefined;
  /** For tests: another way to find the display. */
  readonly findDisplay?: (() => Promise<ScreenTarget | undefined>) | undefined;
}
