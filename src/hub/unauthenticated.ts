/**
 * The unauthenticated connections of a server. Anyone can open one, so number and duration are limited.
 *
 * Guarantees: each is closed at its time limit, counted from the connect, whatever it sends. One beyond the maximum
 * closes the oldest of the address that has the most, so that silent clients cannot block others.
 */
import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import type { Millis } from "../base/units.ts";

export interface UnauthenticatedLimits {
  readonly max: number;
  readonly within: Millis;
  /** Called when a connection was closed because the maximum was reached. */
  readonly onFull: () => void;
}

interface Connection {
  readonly raw: Socket;
  readonly address: string;
  readonly cancel: () => void;
}

export class UnauthenticatedConnections {
  readonly #clock: Clock;
  readonly #limits: UnauthenticatedLimits;
  /** Oldest first, by the peer's address and port, which a TLS socket shares with its TCP socket. */
  readonly #all = new Map<string, Connection>();

  constructor(clock: Clock, limits: UnauthenticatedLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** @param raw the TCP socket, just accepted */
  add(raw: Socket): void {
    const key = peerKey(raw);
    const cancel = this.#clock.setTimer(this.#limits.within, () => raw.destroy());
    this.#all.set(key, { raw, address: raw.remoteAddress ?? "", cancel });
    raw.once("close", () => this.remove(key));
    if (this.#all.size > this.#limits.max) this.#evictOne();
  }

  /** Ends the connection's time limit; the connection still counts. */
  cancelTimeout(peer: string): void {
    this.#all.get(peer)?.cancel();
  }

  /** Call this when the connection has authenticated, or closed. */
  remove(peer: string): void {
    this.cancelTimeout(peer);
    this.#all.delete(peer);
  }

  #evictOne(): void {
    const counts = new Map<string, number>();
    for (const { address } of this.#all.values()) counts.set(address, (counts.get(address) ?? 0) + 1);
    const most = Math.max(...counts.values());
    for (const [key, { raw, address }] of this.#all) {
      if (counts.get(address) !== most) continue;
      this.remove(key);
      raw.destroy();
      break;
    }
    this.#limits.onFull();
  }
}

/** Key of a connection, the same for a TLS socket and the TCP socket below it. */
export const peerKey = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;
