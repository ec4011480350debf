/** Follows the seal while the firmware runs, and logs that it changed. Never throws; reads once in ten seconds. */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { type Millis, seconds } from "../../base/units.ts";
import type { Seal } from "./seal.ts";

const readEvery = seconds(10);

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
    this.#say();
  }

  get sealed(): boolean {
    if (this.#clock.now() - this.#readAt >= readEvery) {
      const before = this.#seal;
      this.#seal = this.#read();
      this.#readAt = this.#clock.now();
      if (before.state !== this.#seal.state || before.damage !== this.#seal.damage) this.#say();
    }
    return this.#seal.state === "sealed";
  }

  #say(): void {
    const { state, changes, damage } = this.#seal;
    const change = changes.at(-1);
    if (damage !== undefined) {
      const remedy = "Decide anew: grove-heater seal, or grove-heater unseal";
      this.#log.error("seal-damaged", { what: `seal.json: ${damage}`, now: "it counts as sealed", remedy });
    } else if (change !== undefined)
      this.#log[state === "unsealed" ? "warn" : "info"](state, { by: change.by, at: change.at });
  }
}
