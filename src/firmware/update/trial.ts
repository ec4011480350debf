/**
 * Judges a loop on trial, by what it says and does: the cloud has no part in it.
 *
 * It is confirmed once it spoke a protocol that this guardian knows, has ticked `trialTicks` times over as many seconds, has
 * a good reading, a relay that follows, settings and state that were read and stored, and a stored state that the firmware
 * before it can read. Else it has failed when the time for all starts of the trial together is over.
 *
 * A sensor that failed before the swap as well is no evidence against the image: without that, a unit with a broken sensor
 * would refuse every good image. It is confirmed on its other checks then. That is the safe side: without a reading the
 * heater is off under either firmware (SR-02), the fault shows, and the next update can come. Relay and storage are never
 * waived: an image whose relay was not seen to obey is not kept, and without storage there is no record to keep it in.
 */
import type { Clock } from "../../base/clock.ts";
import { type Millis, millis, minutes, seconds } from "../../base/units.ts";
import type { LoopToGuardian } from "../process/messages.ts";

/** Longer than what a fault of a start takes to show, such as one of the first readings, switches or writes. */
export const trialTicks = 60;
/** Of one second each; a step that an event causes counts for none. */
const tickSpacing = millis(900);
/** For all starts of one trial together; a loop that hangs before its first beat takes a third of it. */
export const trialLimit: Millis = minutes(3);

export interface TrialOptions {
  readonly clock: Clock;
  /** What is left of `trialLimit`. */
  readonly limit: Millis;
  readonly protocols: readonly number[];
  /** The sensor failed already under the firmware before it. */
  readonly sensorFailed: boolean;
  /** Why the firmware before cannot read what is stored now; `undefined`: it can. Looked at when all else is well. */
  readonly unreadable: () => string | undefined;
  /** Called once, when it has proved its health. @param sensorRead false: only `sensorFailed` spoke for it there */
  readonly onHealthy: (sensorRead: boolean) => void;
  /** Called once; the loop is to be ended. */
  readonly onFailed: (why: string) => void;
}

type Health = Extract<LoopToGuardian, { kind: "health" }>;

export class Trial {
  readonly #options: TrialOptions;
  #health: Omit<Health, "kind"> = { sensor: false, relay: false, storage: false };
  #greeted = false;
  #ticks = 0;
  #firstAt: Millis | undefined;
  #lastAt: Millis | undefined;
  #over = false;
  readonly #cancel: () => void;

  /** Begins at once: the loop is being started. */
  constructor(options: TrialOptions) {
    this.#options = options;
    this.#cancel = options.clock.setTimer(options.limit, () => this.#fail(this.#missing()));
  }

  /** The loop has ended. */
  stop(): void {
    this.#over = true;
    this.#cancel();
  }

  hear(said: LoopToGuardian): void {
    if (this.#over) return;
    if (said.kind === "hello") this.#greet(said.protocol);
    else if (said.kind === "health") this.#health = said;
    else if (said.kind === "beat") this.#tick();
  }

  #greet(protocol: number): void {
    const { protocols } = this.#options;
    this.#greeted = protocols.includes(protocol);
    if (!this.#greeted)
      this.#fail(`its loop speaks protocol ${protocol}, and the guardian here knows ${protocols.join(", ")}`);
  }

  #tick(): void {
    const now = this.#options.clock.now();
    if (this.#lastAt !== undefined && now - this.#lastAt < tickSpacing) return;
    this.#firstAt ??= now;
    this.#lastAt = now;
    this.#ticks += 1;
    if (!this.#hasTicked(now) || this.#unproved() !== undefined) return;
    this.stop();
    this.#options.onHealthy(this.#health.sensor);
  }

  #hasTicked(now: Millis): boolean {
    const since = this.#firstAt === undefined ? 0 : now - this.#firstAt;
    return this.#ticks >= trialTicks && since >= seconds(trialTicks - 1);
  }

  #unproved(): string | undefined {
    const { sensor, relay, storage } = this.#health;
    if (!this.#greeted) return "it did not say which protocol it speaks";
    if (!sensor && !this.#options.sensorFailed) return "no good reading of the sensor";
    if (!relay) return "the relay's line does not follow its command";
    if (!storage) return "settings or state could not be read or stored";
    return this.#options.unreadable();
  }

  #missing(): string {
    if (this.#ticks === 0) return "it took no step";
    return this.#unproved() ?? `it took only ${this.#ticks} steps of ${trialTicks}`;
  }

  #fail(why: string): void {
    this.stop();
    this.#options.onFailed(why);
  }
}
