/**
 * Folder unit/: the devices on the hub's machine: their fronts, simulated faults and settings.
 *
 * The fronts of the devices on the hub's machine: their screens, and presses of their buttons.
 *
 * Guarantee: a front is sent to the pages only when it has changed; presses and simulated faults are forwarded only to a
 * virtual hat, and rate-limited.
 */
import type { Clock } from "../../../base/clock.ts";
import { equalJson } from "../../../base/json/value.ts";
import { RateLimit, type RateLimits } from "../../../base/rate-limit.ts";
import { seconds } from "../../../base/units.ts";
import type { PanelPress, PanelView } from "../api.ts";
import type { FaultSimulation } from "../api-settings.ts";

export type Pressed = "passed" | "not-here" | "too-fast";
export type Simulated = Pressed | "unknown";

/** Presses and releases; faster than ten fingers. */
const presses: RateLimits = { max: 60, within: seconds(1) };

export class Panels {
  readonly #views = new Map<string, PanelView>();
  readonly #publish: (deviceId: string, panel: PanelView | null) => void;
  readonly #limit: RateLimit;
  /** Set by the owner of the device. */
  onPress: (deviceId: string, press: PanelPress) => void = () => {};
  onSimulate: (deviceId: string, simulation: FaultSimulation) => void = () => {};

  constructor(clock: Clock, publish: (deviceId: string, panel: PanelView | null) => void) {
    this.#limit = new RateLimit(clock, presses);
    this.#publish = publish;
  }

  of(deviceId: string): PanelView | undefined {
    return this.#views.get(deviceId);
  }

  /** @param view `undefined`: the device no longer has a front */
  show(deviceId: string, view: PanelView | undefined): void {
    const before = this.#views.get(deviceId);
    if (equalJson(before, view)) return;
    if (view === undefined) this.#views.delete(deviceId);
    else this.#views.set(deviceId, view);
    this.#publish(deviceId, view ?? null);
  }

  press(deviceId: string, press: PanelPress): Pressed {
    if (this.#views.get(deviceId)?.room === undefined) return "not-here";
    if (this.#limit.admit() === undefined) return "too-fast";
    this.onPress(deviceId, press);
    return "passed";
  }

  simulate(deviceId: string, simulation: FaultSimulation): Simulated {
    const room = this.#views.get(deviceId)?.room;
    if (room === undefined) return "not-here";
    if (!room.faults.some(({ name }) => name === simulation.fault)) return "unknown";
    if (this.#limit.admit() === undefined) return "too-fast";
    this.onSimulate(deviceId, simulation);
    return "passed";
  }
}
