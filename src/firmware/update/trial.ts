/**
 * Judges a loop on trial by its messages alone, independent of the cloud.
 *
 * The image is confirmed once its loop uses a protocol that this guardian supports, has made `trialTicks`
 * steps over as many seconds, and reports a good reading, a relay that follows its command, and settings and
 * state that were read and stored, and once the previous firmware can read the stored state. Otherwise the
 * trial fails after the time limit for all its starts together.
 *
 * A sensor that failed before the update is no evidence against the image: otherwise a unit with a broken
 * sensor would refuse every good image. The image is then confirmed by the other checks. That is safe:
 * without a reading the heater is off under either firmware (SR-02), the fault is shown, and the next update
 * can still be installed. Relay and storage are always required: an image that was not seen to control the
 * relay is not kept, and without storage the confirmation could not be recorded.
 */
import type { Clock } from "../../base/clock.ts";
import { type Millis, millis, minutes, seconds } from "../../base/units.ts";
import type { LoopToGuardian } from "../process/messages.ts";

/** Long enough for a fault of the start to appear, such as one in the first readings, switches or writes. */
export const trialTicks = 60;
/**
 * Minimum time between two steps that count: the regular ones are a second apart, and those caused by events
 * do not count.
 */
const tickSpacing = millis(900);
/**
 * Time limit for all starts of one trial together; a loop that hangs before its first heartbeat uses a third
 * of it.
 */
export const trialLimit: Millis = minutes(3);

export interface TrialOptions {
  readonly clock: Clock;
  /** The rest of `trialLimit`. */
  readonly limit: Millis;
  readonly protocols: readonly number[];
  /** The sensor failed already under the previous firmware. */
  readonly sensorFailed: boolean;
  /**
   * Why the previous firmware cannot read the present stored state; `undefined`: it can. Called when all
   * other checks have passed.
   */
  readonly unreadable: () => string | undefined;
  /**
   * Called once, when the image has proved its health. @param sensorRead false: confirmed without a reading,
   * since the sensor had failed before
   */
  readonly onHealthy: (sensorRead: boolean) => void;
  /** Called once: the caller must end the loop. */
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

  /** The time limit starts now: create it when the loop is started. */
  constructor(options: TrialOptions) {
    this.#options = options;
    this.#cancel = options.clock.setTimer(options.limit, () => this.#fail(this.#missing()));
  }

  /** Call this when the loop has ended. */
  stop(): void {
    this.#over = true;
    this.#cancel();
  }

  handle(message: LoopToGuardian): void {
    if (this.#over) return;
    if (message.kind === "hello") this.#greet(message.protocol);
    else if (message.kind === "health") this.#health = message;
    else if (message.kind === "beat") this.#tick();
  }

  #greet(protocol: number): void {
    const { protocols } = this.#options;
    this.#greeted = protocols.includes(protocol);
    if (!this.#greeted)
      this.#fail(`its loop uses protocol ${protocol}, but this guardian supports ${protocols.join(", ")}`);
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
    if (!this.#greeted) return "it did not send its protocol version";
    if (!sensor && !this.#options.sensorFailed) return "no good reading of the sensor";
    if (!relay) return "the relay's line does not follow its command";
    if (!storage) return "settings or state could not be read or stored";
    return this.#options.unreadable();
  }

  #missing(): string {
    if (this.#ticks === 0) return "it made no step";
    return this.#unproved() ?? `it made only ${this.#ticks} steps of ${trialTicks}`;
  }

  #fail(why: string): void {
    this.stop();
    this.#options.onFailed(why);
  }
}
