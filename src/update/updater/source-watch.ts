/**
 * Decides when one source is asked.
 *
 * Guarantees: soon after the start, then at the source's own interval or every 24 h, each spread at random, so that a
 * fleet that starts together does not ask together; after failures with growing pauses; one check at a time.
 */
import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { hours, millis, minutes, seconds } from "../../base/units.ts";
import { type CheckResult, SourceError, type UpdateSource } from "../source.ts";
import type { SourceState } from "./ports.ts";

export interface SourceWatchOptions {
  readonly source: UpdateSource;
  readonly clock: Clock;
  /** 0 up to, not including, 1. */
  readonly random: () => number;
  /** Receives the result. Never rejects. */
  readonly onFound: (result: CheckResult) => Promise<void>;
  readonly onProblem: (error: unknown) => void;
  readonly signal: AbortSignal;
}

const ownInterval = hours(24);
const firstWithin = minutes(1);
const shortest = seconds(10);
const soon = seconds(2);

export class SourceWatch {
  readonly #options: SourceWatchOptions;
  readonly #backoff = new Backoff({ first: minutes(1), longest: hours(1) });
  #cancelTimer: () => void = () => undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #check: Promise<void> | undefined;
  state: SourceState = { checkedAtMs: null, problem: null, held: null };

  constructor(options: SourceWatchOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => this.#cancelTimer());
  }

  get source(): UpdateSource {
    return this.#options.source;
  }

  start(): void {
    this.#due(this.#options.random() * firstWithin);
  }

  /** Asks shortly, unless the next check is earlier. */
  soon(): void {
    if (this.#options.clock.now() + soon < this.#dueAt) this.#due(soon, soon);
  }

  /** Asks now. Resolves when the result was handled; never rejects. */
  check(): Promise<void> {
    this.#check ??= this.#run().finally(() => {
      this.#check = undefined;
    });
    return this.#check;
  }

  async settled(): Promise<void> {
    await this.#check;
  }

  async #run(): Promise<void> {
    const { source, clock, signal, onFound, onProblem, random } = this.#options;
    if (signal.aborted) return;
    this.#cancelTimer();
    this.#dueAt = Number.POSITIVE_INFINITY;
    try {
      const result = await source.check(signal);
      this.#backoff.reset();
      this.state = { checkedAtMs: clock.wallNow(), problem: null, held: result.held ?? null };
      const given = result.retryAfterMs;
      // The server counts a late device as overdue, so its interval is never exceeded.
      this.#due(given === undefined ? ownInterval * (0.9 + 0.2 * random()) : given * (1 - 0.1 * random()));
      await onFound(result);
    } catch (error) {
      if (signal.aborted) return;
      const code = error instanceof SourceError ? error.code : "unreachable";
      const reason = messageOf(error);
      this.state = { ...this.state, problem: { code, reason } };
      const retryAfterMs = error instanceof SourceError ? (error.retryAfterMs ?? 0) : 0;
      this.#due(Math.max(retryAfterMs, this.#backoff.failed()) * (1 + 0.2 * random()));
      onProblem(error);
    }
  }

  #due(inMs: number, least = shortest): void {
    const { clock, signal } = this.#options;
    this.#cancelTimer();
    if (signal.aborted) return;
    const wait = millis(Math.min(ownInterval * 1.1, Math.max(least, inMs)));
    this.#dueAt = clock.now() + wait;
    this.#cancelTimer = clock.setTimer(wait, () => void this.check());
  }
}
