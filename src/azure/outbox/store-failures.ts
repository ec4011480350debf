/**
 * The failure state of the outbox's store, and its log lines.
 *
 * Guarantee: a failure is logged once when it begins and once when it ends, however often it repeats. Only a successful
 * write ends it. A hanging disk hides no earlier failure.
 */
import type { Log } from "../../base/log.ts";
import type { StoreErrorCode } from "./store.ts";

const hangMessage = "the disk does not answer";

const remedies: Readonly<Record<StoreErrorCode, string>> = {
  io: "Free disk space, or make the disk writable again; see: grove-heater doctor.",
  corrupt: "None: it is being repaired. If this happens again, replace the card.",
  locked: "Stop the other process that uses it.",
};

/** Without the file name, which differs each time: "IO error: …/000011.log: No space left on device". */
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
    return this.#isHanging ? hangMessage : this.#failure;
  }

  failed(code: StoreErrorCode, cause: string): void {
    if (this.#failure === undefined || failureKind(this.#failure) !== failureKind(cause)) {
      const now = "the newest messages wait in memory";
      this.#log.warn("outbox-store-failed", { code, cause, remedy: remedies[code], now });
    }
    this.#failure = cause;
  }

  /** Call this after a write. Opening alone proves nothing: a full disk can be opened. */
  written(waiting: number): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#log.info("outbox-store-works-again", { waiting });
  }

  /** Call this when an operation takes too long; its result counts all the same when it comes. */
  hangs(): void {
    this.#isHanging = true;
    this.#log.warn("outbox-store-failed", { code: "hangs", cause: hangMessage, now: "waiting for it" });
  }

  answered(): void {
    this.#isHanging = false;
  }
}
