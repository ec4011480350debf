/**
 * Applies presses on the hub's page to the virtual hat, through its lines and the core's debouncing, and opens and shuts
 * the window of the simulated room.
 *
 * Guarantee: a tap is long enough to count; a press is released when its page disconnects. A button makes at most a few
 * presses a second, whatever the number of messages.
 */
import type { Clock } from "../../base/clock.ts";
import { type Millis, millis, seconds } from "../../base/units.ts";
import type { ButtonName } from "../../control/input.ts";
import type { PanelPress } from "../../hub/page-server/api.ts";
import type { VirtualHardware } from "../hardware.ts";

/** Four times the debounce of the core. */
const shortestPress = millis(40);
/** From the lowest set-point to the highest takes 7 s. */
const maxPress = seconds(10);

interface Finger {
  readonly since: Millis;
  cancel: () => void;
}

export class PanelKeys {
  readonly #virtual: VirtualHardware;
  readonly #clock: Clock;
  readonly #fingers = new Map<ButtonName, Finger>();

  constructor(virtual: VirtualHardware, clock: Clock) {
    this.#virtual = virtual;
    this.#clock = clock;
  }

  take({ key, down }: PanelPress): void {
    if (key === "window") this.#virtual.surroundings.windowOpen = down;
    else if (down) this.#press(key);
    else this.#release(key);
  }

  #press(key: ButtonName): void {
    if (this.#fingers.has(key)) return;
    this.#virtual.hat.hold(key);
    const cancel = this.#clock.setTimer(maxPress, () => this.#release(key));
    this.#fingers.set(key, { since: this.#clock.now(), cancel });
  }

  #release(key: ButtonName): void {
    const finger = this.#fingers.get(key);
    if (finger === undefined) return;
    finger.cancel();
    const early = finger.since + shortestPress - this.#clock.now();
    if (early > 0) {
      finger.cancel = this.#clock.setTimer(millis(early), () => this.#release(key));
      return;
    }
    this.#fingers.delete(key);
    this.#virtual.hat.release(key);
  }
}
