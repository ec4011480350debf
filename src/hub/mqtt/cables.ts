/**
 * Every device's cable, to pull and to plug in. A pulled cable stays pulled for new connections too, DPS included.
 *
 * Guarantee: never touches a device whose cable is plugged in.
 */

import type { CableState } from "../page-server/api.ts";
import type { Cable } from "./cable.ts";

export class Cables {
  readonly #states = new Map<string, CableState>();
  readonly #live = new Map<string, Set<Cable>>();

  state(id: string): CableState {
    return this.#states.get(id) ?? "connected";
  }

  /**
   * A device has said who it is, nothing is answered yet.
   * @returns false when its cable is out: leave the connection alone
   */
  admit(id: string, cable: Cable): boolean {
    const state = this.state(id);
    if (state === "close" || state === "reset") {
      cable.cut(state);
      return false;
    }
    const live = this.#live.get(id) ?? new Set();
    this.#live.set(id, live.add(cable));
    // Its socket's end, not the broker's: a silent cable that the broker has given up still has its device.
    cable.tls.once("close", () => {
      live.delete(cable);
      if (live.size === 0 && this.#live.get(id) === live) this.#live.delete(id);
    });
    if (state === "connected") return true;
    cable.silence();
    // Nobody waits for it on this side: when the cable is back it gets a reset and dials again.
    cable.destroy();
    return false;
  }

  set(id: string, state: CableState): void {
    if (state === "connected") this.#states.delete(id);
    else this.#states.set(id, state);
    for (const cable of this.#live.get(id) ?? []) {
      if (state === "connected") cable.restore();
      else if (state === "silence") cable.silence();
      else cable.cut(state);
    }
  }

  /** Ends everything, whatever its state. */
  close(): void {
    for (const live of this.#live.values()) for (const cable of live) cable.cut("close");
  }
}
