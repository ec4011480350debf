/**
 * What is wrong with the outbox's store, if anything, and what the log hears of it.
 *
 * Guarantee: a failure is a line when it comes and one when it is over, however often it happens in between; it is over
 * when something was written, and not before. That the disk keeps silent for a while covers up no failure.
 */
import type { Log } from "../../base/log.ts";
import type { StoreErrorCode } from "./store.ts";

const hanging = "the disk does not answer";

const remedies: Readonly<Record<StoreErrorCode, string>> = {
  io: "Make room on the disk, or make it writable again; see: grove-heater doctor.",
  corrupt: "Nothing: it is being repaired. If that happens again, replace the card.",
  locked: "End the other process that has it.",
};

/** "IO error: …/000011.log: No space left on device": the file is another one each time. */
const failureKind = (message: string): string | undefined => message.split(": ").at(-1);

export class StoreFailures {
  readonly #log: Log;
  #failure: string | undefined;
  #isHanging = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** `undefined` while the store works. */
  get cause(): string | undefined {
    return this.#isHanging ? hanging : this.#failure;
  }

  failed(code: StoreErrorCode, cause: string): void {
    if (this.#failure === undefined || failureKind(this.#failure) !== failureKind(cause)) {
      const now = "the newest messages wait in memory";
      this.#log.warn("outbox-store-failed", { code, cause, remedy: remedies[code], now });
    }
    this.#failure = cause;
  }

  /** Something was written. A disk that is all but full can be opened and takes nothing: that alone is no proof. */
  written(waiting: number): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#log.info("outbox-store-works-again", { waiting });
  }

  /** The store takes so long that nobody would call it working. What it does in the end still counts. */
  hangs(): void {
    this.#isHanging = true;
    this.#log.warn("outbox-store-failed", { code: "hangs", cause: hanging, now: "waiting for it" });
  }

  answered(): void {
    this.#isHanging = false;
  }
}
