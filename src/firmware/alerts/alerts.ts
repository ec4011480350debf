/**
 * Folder alerts/: reports faults and a lost link to a person, at an address that the owner chose.
 *
 * Guarantees: each message is delivered in order, at least once, with growing pauses between the tries; at
 * most fifty wait, then the oldest are dropped and the next message contains their number; at most
 * `maxPerHour` are sent. Waiting messages survive a restart. Nothing here throws or rejects, whatever server
 * and disk do; `onFailure` receives the reason while messages do not arrive (SR-11).
 */
import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { LatestWins } from "../../base/latest-wins.ts";
import type { Log } from "../../base/log.ts";
import { RateLimit } from "../../base/rate-limit.ts";
import { hours, millis, minutes, seconds } from "../../base/units.ts";
import type { DurableFiles } from "../storage/durable-files.ts";
import type { Alert, Condition } from "./alert.ts";
import type { AlertSettings } from "./alert-file.ts";
import type { Deliver, Delivery } from "./deliver.ts";
import { Episodes, type Instant } from "./episodes.ts";
import { readRecord, writeRecord } from "./record.ts";
import { requestOf, type Sender } from "./request.ts";

export interface AlertsOptions {
  readonly settings: Pick<AlertSettings, "format" | "token" | "spacingMinutes" | "maxPerHour">;
  readonly sender: Sender;
  readonly deliver: Deliver;
  readonly files: DurableFiles;
  /** Path of the record. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  /** Called at each change with the reason why messages do not arrive; `undefined`: no failure is known. */
  readonly onFailure: (failure: string | undefined) => void;
}

const checkInterval = seconds(5);
const maxWaiting = 50;
const retries = { first: seconds(10), longest: minutes(10) };
/** Where a person must change something, frequent retries are of little use. */
const slowRetryPause = minutes(10);
/** Between two messages: services limit bursts. */
const messageSpacing = seconds(1);
/** A shorter network outage is not a failure of the alerts: waiting messages are delivered after it. */
const failureAfter = hours(1);

export class Alerts {
  readonly #options: AlertsOptions;
  readonly #episodes: Episodes;
  readonly #waiting: Alert[];
  readonly #limit: RateLimit;
  readonly #retries = new Backoff(retries);
  readonly #saver = new LatestWins(() => this.#save());
  #leftOut: number;
  #conditions: readonly Condition[] = [];
  #failingSince: number | undefined;
  #failure: string | undefined;
  #diskFails = false;
  #delivering = false;
  #closed = false;
  #cancelCheck: () => void = () => {};
  #cancelRetry: () => void = () => {};

  private constructor(options: AlertsOptions, record: Awaited<ReturnType<typeof readRecord>>) {
    this.#options = options;
    const { clock, settings } = options;
    this.#episodes = new Episodes(minutes(settings.spacingMinutes), record.told, this.#instant());
    this.#waiting = record.waiting.slice(-maxWaiting);
    this.#leftOut = record.leftOut + record.waiting.length - this.#waiting.length;
    this.#limit = new RateLimit(clock, { max: settings.maxPerHour, within: hours(1) });
  }

  /** Never rejects. */
  static async start(options: AlertsOptions): Promise<Alerts> {
    const alerts = new Alerts(options, await readRecord(options.files, options.path));
    alerts.#check();
    return alerts;
  }

  /** Takes all conditions that are active now; they stay active until the next call. */
  observe(conditions: readonly Condition[]): void {
    this.#conditions = conditions;
    this.#episodes.observe(conditions, this.#instant());
  }

  /** Drops conditions that can never be active again, such as those of a device that was removed. */
  retain(isPossible: (code: string) => boolean): void {
    this.#episodes.retain(isPossible);
  }

  /** Stores the waiting messages. Does not wait for a delivery in progress. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelCheck();
    this.#cancelRetry();
    await this.#saver.settled();
  }

  #instant(): Instant {
    const { clock } = this.#options;
    return { now: clock.now(), wallMs: clock.wallNow() };
  }

  #check(): void {
    const { clock, newId } = this.#options;
    const instant = this.#instant();
    this.#episodes.observe(this.#conditions, instant);
    const due = this.#episodes.takeDue(instant, () => this.#limit.admit() !== undefined);
    for (const each of due) this.#waiting.push({ ...each, id: newId(), atMs: instant.wallMs });
    const tooMany = Math.max(0, this.#waiting.length - maxWaiting);
    this.#waiting.splice(0, tooMany);
    this.#leftOut += tooMany;
    if (due.length > 0) void this.#saver.wake();
    void this.#deliverAll();
    this.#cancelCheck = clock.setTimer(checkInterval, () => this.#check());
  }

  /** Delivers one message at a time, until none waits; after a failure sets a timer for the next try. */
  async #deliverAll(): Promise<void> {
    const { clock } = this.#options;
    if (this.#delivering) return;
    this.#delivering = true;
    for (let alert = this.#waiting[0]; alert !== undefined && !this.#closed; alert = this.#waiting[0]) {
      const leftOut = this.#leftOut;
      const delivery = await this.#deliver(alert, leftOut);
      if (delivery.kind === "later") {
        const pause = this.#failed(delivery);
        this.#cancelRetry = clock.setTimer(millis(pause), () => this.#retry());
        return;
      }
      // Compared by identity: this message may have been dropped meanwhile.
      if (this.#waiting[0] === alert) this.#waiting.shift();
      if (delivery.kind === "delivered") this.#leftOut -= leftOut;
      this.#ended(alert, delivery);
      void this.#saver.wake();
      await clock.sleep(messageSpacing);
    }
    this.#delivering = false;
  }

  #retry(): void {
    this.#delivering = false;
    void this.#deliverAll();
  }

  async #deliver(alert: Alert, leftOut: number): Promise<Delivery> {
    const { deliver, sender, settings } = this.#options;
    try {
      return await deliver(requestOf(alert, leftOut, sender, settings));
    } catch (error) {
      return { kind: "later", reason: messageOf(error), forPerson: true };
    }
  }

  /** @returns the pause until the next try, in ms */
  #failed({ reason, forPerson, retryAfterMs = 0 }: Delivery & { readonly kind: "later" }): number {
    const { clock, log } = this.#options;
    const pause = Math.max(retryAfterMs, forPerson ? slowRetryPause : this.#retries.failed());
    this.#failingSince ??= clock.now();
    const waiting = this.#waiting.length;
    log.warn("alert-not-delivered", { reason, waiting, againInSeconds: Math.round(pause / 1000) });
    if (forPerson || clock.now() - this.#failingSince >= failureAfter) this.#setFailure(reason);
    return pause;
  }

  #ended({ code, active }: Alert, delivery: Exclude<Delivery, { readonly kind: "later" }>): void {
    const { log } = this.#options;
    this.#failingSince = undefined;
    this.#retries.reset();
    const fields = { code, active };
    if (delivery.kind === "delivered") log.info("alert-delivered", fields);
    else log.error("alert-refused", { ...fields, reason: delivery.reason, now: "this message is dropped" });
    this.#setFailure(delivery.kind === "delivered" ? undefined : delivery.reason);
  }

  #setFailure(failure: string | undefined): void {
    if (failure === this.#failure) return;
    this.#failure = failure;
    this.#options.onFailure(failure);
  }

  async #save(): Promise<void> {
    const { files, path, log } = this.#options;
    const content = { told: this.#episodes.reported, waiting: [...this.#waiting], leftOut: this.#leftOut };
    try {
      await writeRecord(files, path, content);
      this.#diskFails = false;
    } catch (error) {
      const now = "after a restart, alerts may be missing or repeated";
      if (!this.#diskFails) log.warn("alerts-not-stored", { cause: messageOf(error), now });
      this.#diskFails = true;
    }
  }
}
