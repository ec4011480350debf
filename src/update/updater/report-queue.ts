/**
 * The reports to one source, in order.
 *
 * Guarantees: a final report is sent until the source has received it, or answers that it does not expect it;
 * progress is sent at most once, only the newest, and never after the final report of its assignment.
 */
import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { LatestWins } from "../../base/latest-wins.ts";
import type { Log } from "../../base/log.ts";
import { hours, millis, minutes } from "../../base/units.ts";
import { type Report, SourceError, type UpdateSource } from "../source.ts";
import type { Unreported } from "./record.ts";

export interface ReportQueueOptions {
  readonly source: UpdateSource;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when the source has received it. Rejects when that cannot be stored: then it is sent again. */
  readonly onReported: (report: Unreported) => Promise<void>;
  /** Called when the assignment has ended at the source. */
  readonly onGone: (id: string) => void;
  readonly signal: AbortSignal;
}

interface Progress {
  readonly id: string;
  readonly report: Report;
}

export class ReportQueue {
  readonly #options: ReportQueueOptions;
  readonly #backoff = new Backoff({ first: minutes(1), longest: hours(1) });
  readonly #finals: Unreported[] = [];
  #progress: Progress[] = [];
  readonly #runs = new LatestWins(() => this.#run());
  #cancelTimer: () => void = () => undefined;

  constructor(options: ReportQueueOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => this.#cancelTimer());
  }

  report(id: string, report: Report): void {
    if (this.#finals.some((each) => each.id === id)) return;
    const isSame = (each: Progress) => each.id === id && each.report.kind === report.kind;
    this.#progress = [...this.#progress.filter((each) => !isSame(each)), { id, report }];
    void this.#runs.wake();
  }

  reportFinal(report: Unreported): void {
    this.#progress = this.#progress.filter(({ id }) => id !== report.id);
    const at = this.#finals.findIndex((each) => each.id === report.id);
    if (at >= 0) this.#finals[at] = report;
    else this.#finals.push(report);
    this.retry();
  }

  /** Sends now, before the pause is over: the source can be reached again. */
  retry(): void {
    this.#cancelTimer();
    void this.#runs.wake();
  }

  settled(): Promise<void> {
    return this.#runs.settled();
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      const [final] = this.#finals;
      const [progress] = this.#progress;
      // Progress waits while there are final reports, except "not-canceled", which comes first.
      if (progress !== undefined && (final === undefined || progress.report.kind === "not-canceled")) {
        this.#progress = this.#progress.slice(1);
        await this.#sendProgress(progress);
      } else if (final !== undefined) {
        if (!(await this.#sendFinal(final))) return;
        const at = this.#finals.indexOf(final);
        // Another final report of the same assignment may have replaced it meanwhile.
        if (at >= 0) this.#finals.splice(at, 1);
      } else return;
    }
  }

  async #sendProgress({ id, report }: Progress): Promise<void> {
    const { source, log, onGone, signal } = this.#options;
    try {
      await source.report(id, report, signal);
    } catch (error) {
      if (signal.aborted) return;
      log.info("update-progress-not-sent", {
        source: source.kind,
        report: report.kind,
        reason: messageOf(error),
      });
      if (error instanceof SourceError && error.code === "gone") onGone(id);
    }
  }

  /** @returns whether the next one may be sent; otherwise a timer is set */
  async #sendFinal(unreported: Unreported): Promise<boolean> {
    const { source, log, onReported, signal, clock } = this.#options;
    try {
      await this.#deliver(unreported);
      await onReported(unreported);
      this.#backoff.reset();
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const retryAfterMs = error instanceof SourceError ? (error.retryAfterMs ?? 0) : 0;
      const pause = millis(Math.max(retryAfterMs, this.#backoff.failed()));
      log.warn("update-report-not-sent", {
        source: source.kind,
        report: unreported.report.kind,
        reason: messageOf(error),
        retryInS: pause / 1000,
      });
      this.#cancelTimer();
      this.#cancelTimer = clock.setTimer(pause, () => void this.#runs.wake());
      return false;
    }
  }

  async #deliver({ id, report }: Unreported): Promise<void> {
    const { source, log, signal } = this.#options;
    try {
      await source.report(id, report, signal);
      log.info("update-report-sent", { source: source.kind, report: report.kind });
    } catch (error) {
      if (!(error instanceof SourceError) || error.code !== "gone") throw error;
      // Received before a power cut, or canceled meanwhile.
      log.info("update-report-not-needed", {
        source: source.kind,
        report: report.kind,
        reason: error.message,
      });
    }
  }
}
