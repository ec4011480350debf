/**
 * The fronts of the devices that run beside this hub: what their screens show, and the way to their keys.
 *
 * Guarantee: a front is told to the pages only when it has changed; keys are passed on only where there is a virtual
 * hat to press them on, and never faster than fingers are.
 */
import type { PanelPress, PanelView } from "./api.ts";

export type Pressed = "passed" | "not-here" | "too-fast";

/** Ten fingers that drum: downs and ups together. */
const mostASecond = 60;

export class Panels {
  readonly #views = new Map<string, PanelView>();
  readonly #tell: (deviceId: string, panel: PanelView | null) => void;
  readonly #nowMs: () => number;
  #presses: number[] = [];
  /** Set by who knows the way to the device. */
  onPress: (deviceId: string, press: PanelPress) => void = () => {};

  constructor(nowMs: () => number, tell: (deviceId: string, panel: PanelView | null) => void) {
    this.#nowMs = nowMs;
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
    const nowMs = this.#nowMs();
    this.#presses = this.#presses.filter((atMs) => nowMs - atMs < 1000);
    if (this.#presses.length >= mostASecond) return "too-fast";
    this.#presses.push(nowMs);
    this.onPress(deviceId, press);
    return "passed";
  }
}
