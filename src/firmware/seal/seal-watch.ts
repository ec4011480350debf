/**
 * Follows the seal while the firmware runs, and logs its changes. Never throws; reads at most once in ten
 * seconds.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { type Millis, seconds } from "../../base/units.ts";
import type { Seal } from "./seal.ts";

const readInterval = seconds(10);

export class SealWatch {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #read: () => Seal;
  #seal: Seal;
  #readAt: Millis;

  constructor(clock: Clock, log: Log, read: () => Seal) {
    this.#clock = clock;
    this.#log = log;
    this.#read = read;
    this.#seal = read();
    this.#readAt = clock.now();
    this.#logSeal();
  }

  get sealed(): boolean {
    if (this.#clock.now() - this.#readAt >= readInterval) {
      const before = this.#seal;
      this.#seal = this.#read();
      this.#readAt = this.#clock.now();
      if (before.state !== this.#seal.state || before.damage !== this.#seal.damage) this.#logSeal();
    }
    return this.#seal.state === "sealed";
  }

  #logSeal(): void {
    const { state, changes, damage } = this.#seal;
    const change = changes.at(-1);
    if (damage !== undefined) {
      const remedy = "Set it again: grove-heater seal, or grove-heater unseal";
      this.#log.error("seal-damaged", { what: `seal.json: ${damage}`, now: "it counts as sealed", remedy });
    } else if (change !== undefined)
      this.#log[state === "unsealed" ? "warn" : "info"](state, { by: change.by, at: change.at });
  }
}
