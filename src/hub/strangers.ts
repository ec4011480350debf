/**
 * Connections of a server that have proved nothing yet. Anybody can open them, so they are bounded.
 *
 * Guarantees: a stranger is gone when its time is up, counted from its connect, whatever bytes it sends meanwhile.
 * There are never more than the limit: one more ends the oldest stranger of the address that has the most of them,
 * so that those who say nothing keep nobody else out.
 */
import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import type { Millis } from "../base/units.ts";

export interface StrangerLimits {
  readonly most: number;
  readonly within: Millis;
  /** One was ended for want of room. */
  readonly onFull: () => void;
}

interface Stranger {
  readonly raw: Socket;
  readonly address: string;
  readonly cancel: () => void;
}

export class Strangers {
  readonly #clock: Clock;
  readonly #limits: StrangerLimits;
  /** Oldest first, by the peer's address and port: TLS sockets have the same as the TCP socket below them. */
  readonly #all = new Map<string, Stranger>();

  constructor(clock: Clock, limits: StrangerLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** @param raw the TCP socket, just accepted */
  add(raw: Socket): void {
    const key = peerOf(raw);
    const cancel = this.#clock.setTimer(this.#limits.within, () => raw.destroy());
    this.#all.set(key, { raw, address: raw.remoteAddress ?? "", cancel });
    raw.once("close", () => this.welcome(key));
    if (this.#all.size > this.#limits.most) this.#sacrifice();
  }

  /** It has the time it needs from now on, and still counts. */
  excuse(peer: string): void {
    this.#all.get(peer)?.cancel();
  }

  /** It is no stranger any more. */
  welcome(peer: string): void {
    this.excuse(peer);
    this.#all.delete(peer);
  }

  #sacrifice(): void {
    const counts = new Map<string, number>();
    for (const { address } of this.#all.values()) counts.set(address, (counts.get(address) ?? 0) + 1);
    const most = Math.max(...counts.values());
    for (const [key, { raw, address }] of this.#all) {
      if (counts.get(address) !== most) continue;
      this.welcome(key);
      raw.destroy();
      break;
    }
    this.#limits.onFull();
  }
}

/** Tells connections of one server apart, at the TCP socket as at the TLS socket above it. */
export const peerOf = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;
