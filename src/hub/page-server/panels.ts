/**
 * The fronts of the devices that run beside this hub: what their screens show, and the way to their keys.
 *
 * Guarantee: a front is told to the pages only when it has changed; keys are passed on only where there is a virtual
 * hat to press them on, and never faster than fingers are.
 */
import type { Clock } from "../../base/clock.ts";
import { RateLimit, type RateLimits } from "../../base/rate-limit.ts";
import { seconds } from "../../base/units.ts";
import type { PanelPress, PanelView } from "./api.ts";

export type Pressed = "passed" | "not-here" | "too-fast";

/** Ten fingers that drum: downs and ups together. */
const presses: RateLimits = { most: 60, within: seconds(1) };

export class Panels {
  readonly #views = new Map<string, PanelView>();
  readonly #tell: (deviceId: string, panel: PanelView | null) => void;
  readonly #limit: RateLimit;
  /** Set by who knows the way to the device. */
  onPress: (deviceId: string, press: PanelPress) => void = () => {};

  constructor(clock: Clock, tell: (deviceId: string, panel: PanelView | null) => void) {
    this.#limit = new RateLimit(clock, presses);
    this.#tell = tell;
  }

  of(deviceId: string): PanelView | undefined {
    return this.#views.get(deviceId);
  }

  /** @param view `undefined`: the device has no front here any more */
  show(deviceId: string, view: PanelView | undefined): void {
    const before = this.#views.get(deviceId);
    if (JSON.stringify(before) === JSON.stringify(view)) return;
    if (view === undefined) this.#views.delete(deviceId);
    else this.#views.set(deviceId, view);
    this.#tell(deviceId, view ?? null);
  }

  press(deviceId: string, press: PanelPress): Pressed {
    if (this.#views.get(deviceId)?.room === undefined) return "not-here";
    if (this.#limit.admit() === undefined) return "too-fast";
    this.onPress(deviceId, press);
    return "passed";
  }
}
