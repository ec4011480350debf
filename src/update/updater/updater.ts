/**
 * Folder updater/: carries out assignments of the sources: download, installation, start, trial and report.
 *
 * Guarantees: one assignment is carried out at a time, from whichever source; the outcome of a trial is
 * reported once to the source that assigned it, even if the power is cut at any moment; a reverted image is
 * not tried again as long as the assignment is the same, nor a refused one as long as the unit is the same;
 * no error leaves this class, and no failure stops the heating.
 */
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { RateLimit } from "../../base/rate-limit.ts";
import { type Millis, minutes, seconds } from "../../base/units.ts";
import type { SlotImage } from "../slots/slots.ts";
import type { Assignment, CheckResult, Held, UpdateSource } from "../source.ts";
import { Job, type JobEnd, type JobStatus, longestStart } from "./job.ts";
import type { Downloads, FinalReport, Found, Slots, SourceKind, Swap, UpdaterStatus } from "./ports.ts";
import {
  type Current,
  dropped,
  finished,
  installedFor,
  isDone,
  isSameAssignment,
  markReported,
  slotStatusOf,
  type Unreported,
} from "./record.ts";
import type { RecordFile } from "./record-file.ts";
import { ReportQueue } from "./report-queue.ts";
import { SourceWatch } from "./source-watch.ts";

export interface UpdaterOptions {
  /** At most one of each kind, in order of precedence. */
  readonly sources: readonly UpdateSource[];
  readonly downloads: Downloads;
  readonly slots: Slots;
  readonly swap: Swap;
  readonly record: RecordFile;
  /**
   * Identifies everything about the unit that can cause a refusal: once it changes, a refused image is tried
   * again.
   */
  readonly unit: () => string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly onStatus?: (status: UpdaterStatus) => void;
}

const trialCheckInterval = seconds(10);
const idle: JobStatus = { state: "idle", percent: 0, reason: "" };
/** A command that is repeated must not load the server. */
const onDemand = { max: 6, within: minutes(1) };

export class Updater {
  readonly #options: UpdaterOptions;
  readonly #watches = new Map<SourceKind, SourceWatch>();
  readonly #queues = new Map<SourceKind, ReportQueue>();
  readonly #waiting = new Map<SourceKind, Assignment>();
  readonly #end = new AbortController();
  readonly #demands: RateLimit;
  #job: Job | undefined;
  #jobEnded: Promise<void> = Promise.resolve();
  #status: JobStatus = idle;
  #startedAt: number | undefined;
  #cancelTrialCheck: () => void = () => undefined;
  #trialCheck: Promise<void> = Promise.resolve();

  constructor(options: UpdaterOptions) {
    this.#options = options;
    this.#demands = new RateLimit(options.clock, onDemand);
    const { signal } = this.#end;
    for (const source of options.sources) {
      const { clock, log, random } = options;
      const onReported = (report: Unreported) => this.#markReported(report);
      const onGone = () => this.#watches.get(source.kind)?.soon();
      this.#queues.set(source.kind, new ReportQueue({ source, clock, log, onReported, onGone, signal }));
      const onFound = (result: CheckResult) => this.#found(source.kind, result);
      const onProblem = (error: unknown) => {
        log.warn("update-check-failed", { source: source.kind, reason: messageOf(error) });
        this.#changed();
      };
      this.#watches.set(source.kind, new SourceWatch({ source, clock, random, onFound, onProblem, signal }));
    }
  }

  /** Continues where the previous process ended. */
  start(): void {
    for (const unreported of this.#options.record.now.unreported)
      this.#queues.get(unreported.source)?.reportFinal(unreported);
    this.#checkTrial();
    for (const watch of this.#watches.values()) watch.start();
  }

  get status(): UpdaterStatus {
    const { current, done, last } = this.#options.record.now;
    const subject = this.#job ?? current;
    const lastDone = last && done[last];
    const held = subject === null && this.#status.state === "idle" ? this.#held() : undefined;
    return {
      ...(held === undefined ? this.#status : { state: "waiting", percent: 0, reason: held.reason }),
      source: subject?.source ?? held?.source ?? null,
      id: subject?.id ?? null,
      version: this.#job?.assignment.version ?? current?.version ?? held?.version ?? null,
      last: lastDone && {
        source: last,
        version: lastDone.version,
        // A feed calls an assignment by its image.
        image: lastDone.digest ?? (last === "feed" ? lastDone.id : null),
        result: lastDone.result,
        code: lastDone.code,
        reason: lastDone.reason,
      },
      sources: Object.fromEntries([...this.#watches].map(([kind, { state }]) => [kind, state])),
    };
  }

  /** An update that a source holds back for this unit. */
  #held(): (Held & { readonly source: SourceKind }) | undefined {
    const all = [...this.#watches].map(([source, { state }]) => state.held && { ...state.held, source });
    return all.find((each) => each !== null);
  }

  /** Asks every source now, for a person or the command `checkForUpdate`. Never rejects. */
  async check(): Promise<readonly Found[]> {
    const watches = [...this.#watches.values()];
    if (this.#demands.admit() !== undefined) {
      await Promise.all(watches.map((watch) => watch.check()));
    }
    return watches.map(({ source: { kind }, state }): Found => {
      if (state.problem) return { source: kind, kind: "problem", ...state.problem };
      const job = this.#job?.source === kind ? this.#job.assignment : this.#waiting.get(kind);
      return job
        ? { source: kind, kind: "update", version: job.version ?? null }
        : { source: kind, kind: "nothing" };
    });
  }

  /** The slots have changed: a trial may be over. */
  outcomeChanged(): void {
    this.#checkTrial();
  }

  /** Stops; the next process continues the work. */
  async close(): Promise<void> {
    this.#end.abort();
    this.#cancelTrialCheck();
    this.#job?.cancel();
    await this.#jobEnded;
    await this.#trialCheck;
    await Promise.all([...this.#watches.values()].map((watch) => watch.settled()));
    await Promise.all([...this.#queues.values()].map((queue) => queue.settled()));
  }

  async #found(source: SourceKind, result: CheckResult): Promise<void> {
    this.#queues.get(source)?.retry();
    this.#waiting.delete(source);
    try {
      await this.#trialCheck;
      if (result.cancel !== null) await this.#cancel(source, result.cancel);
      else await this.#assigned(source, result.assignment);
    } catch (error) {
      if (!this.#end.signal.aborted) this.#options.log.error("updater-failed", { reason: messageOf(error) });
    }
    this.#changed();
  }

  async #cancel(source: SourceKind, id: string): Promise<void> {
    const { record, log } = this.#options;
    const version = this.#job?.assignment.version ?? record.now.current?.version ?? null;
    const assignment = { source, id, version };
    const mayStop = await this.#stop(assignment);
    const known = record.now.unreported.find((each) => isSameAssignment(each, assignment));
    // Its result is already known, and counts.
    if (known !== undefined && known.report.kind !== "canceled") return;
    const { current } = record.now;
    const isCurrent = current !== null && isSameAssignment(current, assignment);
    if (!mayStop || (isCurrent && this.#isBeingTried(current))) {
      const reason = "its start was requested, and its trial decides";
      this.#queues.get(source)?.report(id, { kind: "not-canceled", reason });
      return;
    }
    log.info("update-canceled", { source, id });
    await this.#finish(assignment, { kind: "canceled" });
    this.#watches.get(source)?.soon();
  }

  /** Cancels the job, if it is this one. @returns whether nothing of it continues */
  async #stop(assignment: { readonly source: SourceKind; readonly id: string }): Promise<boolean> {
    if (this.#job === undefined || !isSameAssignment(this.#job, assignment)) return true;
    if (!this.#job.cancel()) return false;
    await this.#jobEnded;
    return true;
  }

  #isBeingTried({ digest }: Current): boolean {
    return (
      this.#startedAt !== undefined || slotStatusOf(digest, this.#options.slots.read()).kind === "on-trial"
    );
  }

  async #assigned(source: SourceKind, assignment: Assignment | null): Promise<void> {
    const job = this.#job;
    if (job?.source === source && job.id === assignment?.id) return job.update(assignment);
    if (job?.source === source) {
      // Another assignment, or none: the owner has withdrawn this one.
      if (!(await this.#stop(job))) return;
      const isEnded = this.#options.record.now.unreported.some((each) => isSameAssignment(each, job));
      const version = job.assignment.version ?? null;
      if (!isEnded) await this.#finish({ source, id: job.id, version }, { kind: "canceled" });
    }
    const { current } = this.#options.record.now;
    if (current?.source === source && current.id !== assignment?.id) {
      if (this.#isBeingTried(current)) {
        if (assignment !== null) this.#waiting.set(source, assignment);
        return;
      }
      await this.#finish(current, { kind: "canceled" });
    }
    if (assignment === null) return;
    const { record, slots, unit } = this.#options;
    if (isDone(record.now, { source, ...assignment }, slots.read(), unit())) return;
    if (this.#job !== undefined || this.#isTakenByAnother(source)) {
      this.#waiting.set(source, assignment);
      return;
    }
    this.#begin(source, assignment);
  }

  /**
   * An installed image that waits for its start blocks other sources, unless its own source cannot be asked.
   */
  #isTakenByAnother(source: SourceKind): boolean {
    const { current } = this.#options.record.now;
    if (current === null) return false;
    if (current.source === source || this.#isBeingTried(current)) return this.#isBeingTried(current);
    const other = this.#watches.get(current.source);
    return other !== undefined && other.state.problem === null;
  }

  #begin(source: SourceKind, assignment: Assignment): void {
    const { downloads, slots, swap, clock, log } = this.#options;
    const version = assignment.version ?? null;
    const reference = { source, id: assignment.id, version };
    const job = new Job(
      source,
      assignment,
      {
        downloads,
        slots,
        swap,
        clock,
        log,
        report: (report) => this.#queues.get(source)?.report(assignment.id, report),
        recordInstalled: ({ digest }) =>
          this.#options.record.change((record) => installedFor(record, { ...reference, digest })),
        askSourceAgain: () => this.#watches.get(source)?.soon(),
        onStatus: (status) => {
          this.#status = status;
          this.#changed();
        },
      },
      this.#alreadyInstalled(),
    );
    this.#job = job;
    log.info("update-assigned", { ...reference });
    this.#jobEnded = job.run().then((end) => this.#ended(job, end));
  }

  /** The image that the previous process installed, if any. */
  #alreadyInstalled(): SlotImage | undefined {
    const { record, slots } = this.#options;
    const digest = record.now.current?.digest;
    const { a, b } = slots.read().slots;
    return [a, b].find((image) => image !== null && image.digest === digest) ?? undefined;
  }

  async #ended(job: Job, end: JobEnd): Promise<void> {
    const { clock, log } = this.#options;
    // Whoever canceled it reports that; otherwise the next process continues it.
    if (end.kind === "canceled") {
      this.#job = undefined;
      this.#status = idle;
      return;
    }
    if (end.kind === "started") {
      this.#job = undefined;
      this.#startedAt = clock.now();
      this.#status = { state: "starting", percent: 100, reason: "" };
      return this.#checkTrial();
    }
    log.info("update-ended", { id: job.id, result: end.kind });
    const version = job.assignment.version ?? null;
    await this.#finishWithRetries({ source: job.source, id: job.id, version }, end);
    // Not before it is recorded: until then the same assignment would begin again.
    this.#job = undefined;
    this.#changed();
  }

  /** Checks whether the installed image has an outcome; repeatedly while it is on trial. */
  #checkTrial(): void {
    this.#cancelTrialCheck();
    this.#trialCheck = this.#trialCheck
      .then(() => this.#checkTrialOnce())
      .catch((error: unknown) => {
        if (this.#end.signal.aborted) return;
        this.#options.log.error("updater-failed", { reason: messageOf(error) });
        this.#checkTrialLater();
      });
  }

  #checkTrialLater(): void {
    if (this.#end.signal.aborted) return;
    this.#cancelTrialCheck();
    this.#cancelTrialCheck = this.#options.clock.setTimer(trialCheckInterval, () => this.#checkTrial());
  }

  async #checkTrialOnce(): Promise<void> {
    const { record, slots, clock } = this.#options;
    const { current } = record.now;
    if (current === null || this.#job !== undefined || this.#end.signal.aborted) return;
    const slotStatus = slotStatusOf(current.digest, slots.read());
    if (slotStatus.kind === "over") {
      await this.#finish(current, slotStatus.report);
      this.#startedAt = undefined;
      return;
    }
    if (slotStatus.kind === "on-trial") {
      this.#status = { state: "on-trial", percent: 100, reason: "" };
      this.#changed();
      return this.#checkTrialLater();
    }
    if (slotStatus.kind === "lost") await record.change(dropped);
    const sinceStart = this.#startedAt === undefined ? longestStart : clock.now() - this.#startedAt;
    if (slotStatus.kind === "installed" && sinceStart < longestStart) return this.#checkTrialLater();
    // Not started, or no longer: the source says whether it is still assigned.
    this.#startedAt = undefined;
    this.#status = idle;
    this.#watches.get(current.source)?.soon();
  }

  /** As `#finish`, repeated until the disk accepts it. */
  async #finishWithRetries(assignment: AssignmentRef, report: FinalReport): Promise<void> {
    const { log } = this.#options;
    while (!this.#end.signal.aborted) {
      try {
        return await this.#finish(assignment, report);
      } catch (error) {
        log.error("update-record-not-written", { reason: messageOf(error) });
        await this.#pause(minutes(1));
      }
    }
  }

  /** Ends early with the updater. */
  async #pause(duration: Millis): Promise<void> {
    const { signal } = this.#end;
    await new Promise<void>((resolve) => {
      const over = (): void => {
        cancel();
        signal.removeEventListener("abort", over);
        resolve();
      };
      const cancel = this.#options.clock.setTimer(duration, over);
      signal.addEventListener("abort", over);
    });
  }

  /** Records the end of an assignment, then reports it; the next waiting assignment starts. */
  async #finish(assignment: AssignmentRef, report: FinalReport): Promise<void> {
    const { record, unit } = this.#options;
    await record.change((now) => finished(now, assignment, report, unit()));
    const unreported = record.now.unreported.find((each) => isSameAssignment(each, assignment));
    if (unreported) this.#queues.get(assignment.source)?.reportFinal(unreported);
    if (this.#job === undefined || isSameAssignment(this.#job, assignment)) this.#status = idle;
    this.#changed();
    for (const kind of this.#waiting.keys()) this.#watches.get(kind)?.soon();
  }

  async #markReported(unreported: Unreported): Promise<void> {
    const { slots, record } = this.#options;
    const { outcome } = slots.read();
    const isItsOutcome = outcome !== null && !outcome.reported && outcome.image.digest === unreported.digest;
    if (isItsOutcome) await slots.outcomeReported();
    await record.change((now) => markReported(now, unreported));
  }

  #changed(): void {
    this.#options.onStatus?.(this.status);
  }
}

interface AssignmentRef {
  readonly source: SourceKind;
  readonly id: string;
  readonly version: string | null;
}
