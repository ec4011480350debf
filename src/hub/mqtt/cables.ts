/**
 * The cables of all devices. An unplugged cable blocks new connections too, DPS included.
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
   * Call this when the device id of a connection is known, before any answer.
   * @returns false when its cable is unplugged: ignore the connection
   */
  admit(id: string, cable: Cable): boolean {
    const state = this.state(id);
    if (state === "close" || state === "reset") {
      cable.cut(state);
      return false;
    }
    const live = this.#live.get(id) ?? new Set();
    this.#live.set(id, live.add(cable));
    // The socket's close, not the broker's: behind a silent cable the device stays connected longer.
    cable.tls.once("close", () => {
      live.delete(cable);
      if (live.size === 0 && this.#live.get(id) === live) this.#live.delete(id);
    });
    if (state === "connected") return true;
    cable.silence();
    // The broker never sees it: when the cable is back, the device gets RST and reconnects.
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

  /** Ends every connection. */
  close(): void {
    for (const live of this.#live.values()) for (const cable of live) cable.cut("close");
  }
}
