/**
 * Carries out one assignment up to the start of its image.
 *
 * Guarantees: until the start it can be canceled at any time; the start is requested only after the record names the
 * assignment of the image; temporary failures are retried with growing pauses, permanent ones are refused with a reason.
 */
import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { hours, type Millis, millis, minutes, seconds } from "../../base/units.ts";
import { ImageRefused, type RefusalCode } from "../image/refusal.ts";
import type { SlotImage } from "../slots/slots.ts";
import type { Assignment, Report } from "../source.ts";
import {
  type Downloads,
  type FinalReport,
  NotNow,
  type Slots,
  type SourceKind,
  type Swap,
  type UpdaterStatus,
} from "./ports.ts";
import { slotStatusOf } from "./record.ts";

export interface JobPorts {
  readonly downloads: Downloads;
  readonly slots: Slots;
  readonly swap: Swap;
  readonly clock: Clock;
  readonly log: Log;
  readonly report: (report: Report) => void;
  /** Stores which assignment an image was installed for. */
  readonly recordInstalled: (image: SlotImage) => Promise<void>;
  /** The assignment may have changed: asks the source again. */
  readonly askSourceAgain: () => void;
  readonly onStatus: (status: JobStatus) => void;
}

export type JobStatus = Pick<UpdaterStatus, "state" | "percent" | "reason">;

/** `started`: the restart was requested. */
export type JobEnd = FinalReport | { readonly kind: "started"; readonly image: SlotImage };

/** A download without a hash may have been damaged in transit: it is repeated once, then the image itself is refused. */
const maybeDamaged: readonly RefusalCode[] = [
  "wrong-content",
  "wrong-length",
  "not-an-image",
  "bad-signature",
];
const maxInstallTries = 5;
/**
 * An assignment older than `staleAfter` is checked again before the start; the source has `answerWithin` for
 * it.
 */
const [staleAfter, answerWithin] = [hours(1), seconds(30)];
const [shortestDeferral, longestDeferral] = [seconds(10), hours(1)];

export class Job {
  readonly source: SourceKind;
  readonly #ports: JobPorts;
  readonly #abort = new AbortController();
  readonly #backoff = new Backoff({ first: seconds(30), longest: hours(1) });
  #assignment: Assignment;
  #path: string | undefined;
  #image: SlotImage | undefined;
  #isStarting = false;
  #failedInstalls = 0;
  #damaged = 0;
  #deferredFor = "";
  /** When the source last confirmed this assignment. */
  #assignedAt: Millis;
  #wake: () => void = () => undefined;

  /** @param installed the image, if it is in a slot already */
  constructor(source: SourceKind, assignment: Assignment, ports: JobPorts, installed?: SlotImage) {
    this.source = source;
    this.#assignment = assignment;
    this.#ports = ports;
    this.#image = installed;
    this.#assignedAt = ports.clock.now();
  }

  get id(): string {
    return this.#assignment.id;
  }

  get assignment(): Assignment {
    return this.#assignment;
  }

  /** Takes the same assignment with another urgency. */
  update(assignment: Assignment): void {
    const { download, install } = this.#assignment;
    this.#assignedAt = this.#ports.clock.now();
    this.#assignment = assignment;
    if (download !== assignment.download || install !== assignment.install) this.#wake();
  }

  /** @returns whether it was canceled; not possible once the start was requested */
  cancel(): boolean {
    if (this.#isStarting) return false;
    this.#abort.abort();
    this.#wake();
    return true;
  }

  /** Never rejects. */
  async run(): Promise<JobEnd> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        const end = await this.#step();
        if (end !== undefined) return end;
        this.#backoff.reset();
      } catch (error) {
        if (signal.aborted) break;
        await this.#afterFailure(error);
      }
    }
    return { kind: "canceled" };
  }

  async #afterFailure(error: unknown): Promise<void> {
    this.#isStarting = false;
    const retryAfterMs = error instanceof NotNow ? error.retryAfterMs : 0;
    const pause = millis(Math.max(retryAfterMs, this.#backoff.failed()));
    const reason = messageOf(error);
    this.#ports.log.warn("update-step-failed", { id: this.id, reason, retryInS: pause / 1000 });
    this.#status("waiting", reason);
    await this.#pause(pause);
  }

  /** @returns the end, or `undefined` when there is another step */
  async #step(): Promise<JobEnd | undefined> {
    if (this.#image !== undefined) return this.#start(this.#image);
    const { download, install } = this.#assignment;
    if (this.#path === undefined) {
      if (download !== "wait") return this.#download();
      return this.#waitForChange("the owner's system allows no download yet");
    }
    if (install === "never") return { kind: "kept" };
    if (install === "wait") return this.#waitForChange("the maintenance window is closed");
    return this.#install(this.#path);
  }

  async #waitForChange(reason: string): Promise<undefined> {
    this.#status("waiting", reason);
    await this.#pause(undefined);
  }

  async #download(): Promise<JobEnd | undefined> {
    const { download, install } = this.#assignment;
    const { downloads, report, askSourceAgain } = this.#ports;
    let reportedTenth = -1;
    const onProgress = (given: number): void => {
      const percent = Math.min(100, Math.max(0, Math.floor(given)));
      this.#status("downloading", "", percent);
      const tenth = Math.floor(percent / 10);
      if (tenth > reportedTenth) report({ kind: "downloading", percent });
      reportedTenth = Math.max(reportedTenth, tenth);
    };
    onProgress(0);
    const options = { urgent: download === "now" };
    const result = await downloads.download(this.#assignment, options, onProgress, this.#abort.signal);
    if (this.#abort.signal.aborted) return undefined;
    switch (result.kind) {
      case "done":
        this.#path = result.path;
        // For a download without installation `kept` is the final report, sent at the end.
        if (install !== "never") report({ kind: "downloaded" });
        return undefined;
      case "again":
        throw new NotNow(`${result.code}: ${result.reason}`, result.retryAfterMs);
      case "gone":
        askSourceAgain();
        throw new NotNow(result.reason);
      case "refused":
        await downloads.discard();
        return { kind: "refused", code: result.code, reason: result.reason };
    }
  }

  async #install(path: string): Promise<JobEnd | undefined> {
    const { slots, downloads, report, recordInstalled } = this.#ports;
    this.#status("installing", "");
    report({ kind: "installing" });
    let image: SlotImage;
    try {
      image = await slots.install(path, this.#assignment, this.#abort.signal);
    } catch (error) {
      if (this.#abort.signal.aborted) return undefined;
      return this.#afterFailedInstall(error);
    }
    await recordInstalled(image);
    this.#image = image;
    await downloads.discard();
    return undefined;
  }

  async #afterFailedInstall(error: unknown): Promise<JobEnd | undefined> {
    if (error instanceof ImageRefused) {
      if (error.code === "on-trial") throw new NotNow(error.message);
      await this.#ports.downloads.discard();
      if (maybeDamaged.includes(error.code) && this.#damaged++ === 0) {
        this.#path = undefined;
        throw new NotNow(`${error.code}: ${error.message}`);
      }
      return { kind: "refused", code: error.code, reason: error.message };
    }
    if (error instanceof NotNow) throw error;
    this.#failedInstalls += 1;
    if (this.#failedInstalls < maxInstallTries) throw error;
    const reason = `it could not be installed in ${maxInstallTries} attempts: ${messageOf(error)}`;
    return { kind: "refused", code: "install-failed", reason };
  }

  async #start(image: SlotImage): Promise<JobEnd | undefined> {
    const { slots, swap, report } = this.#ports;
    const status = slotStatusOf(image.digest, slots.read());
    // The image runs already, or was tried before.
    if (status.kind === "over") return status.report;
    if (status.kind === "lost") {
      this.#image = undefined;
      this.#path = undefined;
      throw new NotNow("its slot was emptied");
    }
    const { install } = this.#assignment;
    if (install === "wait" || install === "never")
      return this.#waitForChange("the maintenance window is closed");
    const blocked = swap.blockedBy(install === "now", image);
    if (blocked !== undefined) {
      this.#status("deferred", blocked.reason);
      if (this.#deferredFor !== blocked.reason) report({ kind: "deferred", reason: blocked.reason });
      this.#deferredFor = blocked.reason;
      await this.#pause(Math.min(longestDeferral, Math.max(shortestDeferral, blocked.retryAfterMs)));
      return undefined;
    }
    if (await this.#recheckIfStale()) return undefined;
    this.#isStarting = true;
    this.#status("starting", "");
    await swap.start(image);
    return { kind: "started", image };
  }

  /** An old assignment may have been withdrawn since, or is held back by its feed now. */
  async #recheckIfStale(): Promise<boolean> {
    const { clock, askSourceAgain } = this.#ports;
    if (clock.now() - this.#assignedAt < staleAfter) return false;
    // Whether or not there is an answer: a USB stick may be gone.
    this.#assignedAt = clock.now();
    askSourceAgain();
    await this.#pause(answerWithin);
    return true;
  }

  #status(state: JobStatus["state"], reason: string, percent = state === "downloading" ? 0 : 100): void {
    this.#ports.onStatus({
      state,
      reason,
      percent: this.#path === undefined && state === "waiting" ? 0 : percent,
    });
  }

  /** Ends early when the assignment changes or is canceled. */
  async #pause(duration: number | undefined): Promise<void> {
    if (this.#abort.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const cancel =
        duration === undefined ? undefined : this.#ports.clock.setTimer(millis(duration), resolve);
      this.#wake = () => {
        cancel?.();
        resolve();
      };
    });
    this.#wake = () => undefined;
  }
}

/** How long a start may take before it is requested again. */
export const longestStart = minutes(10);
