/**
 * Remembers what a process logged last, and makes error reports of what tells that something went wrong.
 *
 * Guarantee: a log line costs a note in memory; the disk is never waited for; where there is no store yet the first
 * reports wait for it, and where it takes none they are lost, and control is none the worse. What comes again and
 * again makes three reports an hour, all faults together twenty.
 */
import type { Clock } from "../../base/clock.ts";
import { LatestWins } from "../../base/latest-wins.ts";
import type { Log, LogFields, LogLevel } from "../../base/log.ts";
import { RateLimit, RateLimitByKey, type RateLimits } from "../../base/rate-limit.ts";
import { hours } from "../../base/units.ts";
import { firmwareVersion } from "../process/package-root.ts";
import { bootOfThisMachine, systemClock } from "../process/system-clock.ts";
import {
  type Boot,
  type EarlierEvent,
  type ErrorReport,
  fieldsText,
  kindOf,
  type ReportKind,
  upTime,
} from "./error-report.ts";
import type { ReportStore } from "./report-store.ts";

const ofOneCode: RateLimits = { max: 3, within: hours(1) };
const ofAllFaults: RateLimits = { max: 20, within: hours(1) };
const codesRemembered = 100;
const eventsRemembered = 24;
const longestText = 160;
const longestDetail = 800;
const mostWaiting = 10;

export interface RecorderOptions {
  readonly clock: Clock;
  readonly boot: Boot;
  readonly firmware: string;
}

export class ReportRecorder {
  readonly #options: RecorderOptions;
  readonly #byCode: RateLimitByKey;
  readonly #faults: RateLimit;
  #events: EarlierEvent[] = [];
  #waiting: ErrorReport[] = [];
  #store: ReportStore | undefined;
  readonly #writer = new LatestWins(() => this.#writeAll());

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#byCode = new RateLimitByKey(options.clock, codesRemembered);
    this.#faults = new RateLimit(options.clock, ofAllFaults);
  }

  /** The same log; what goes through it is remembered, whatever the level that is written. */
  watch(log: Log): Log {
    const at = (level: LogLevel) => (event: string, fields?: LogFields) => {
      this.#note(level, event, fields ?? {});
      log[level](event, fields);
    };
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }

  /** Reports go there from now on, and those that wait. */
  keepIn(store: ReportStore): void {
    this.#store = store;
    void this.#writer.wake();
  }

  /** Resolves when what was reported is on the disk, or could not be written. A disk that hangs keeps it waiting. */
  async flush(): Promise<void> {
    await this.#writer.settled();
  }

  #note(level: LogLevel, event: string, fields: LogFields): void {
    const kind = kindOf(event);
    if (kind !== undefined) this.#report(kind, event, fields);
    // After the report, which would hold it twice.
    const upMs = upTime(this.#options.clock, this.#options.boot);
    this.#events.push({ upMs, level, event, text: fieldsText(fields, longestText) });
    if (this.#events.length > eventsRemembered) this.#events.shift();
  }

  #report(kind: ReportKind, event: string, fields: LogFields): void {
    const code = String(kind === "fault" ? fields["fault"] : event).slice(0, 64);
    const heldBack = this.#byCode.admit(`${kind} ${code}`, ofOneCode);
    if (heldBack === undefined || (kind === "fault" && this.#faults.admit() === undefined)) return;
    const { clock, boot, firmware } = this.#options;
    const report: ErrorReport = {
      kind,
      code,
      detail: fieldsText({ ...fields, remedy: undefined }, longestDetail),
      firmware,
      uptimeSeconds: Math.round(clock.now() / 1000),
      boot: boot.id,
      upMs: upTime(clock, boot),
      wallMs: Math.round(clock.wallNow()),
      heldBack,
      events: [...this.#events],
    };
    if (this.#waiting.length < mostWaiting) this.#waiting.push(report);
    if (this.#store !== undefined) void this.#writer.wake();
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#store?.add(next).catch(() => undefined);
    }
  }
}

export const recorderOfThisProcess = (): ReportRecorder =>
  new ReportRecorder({
    clock: systemClock,
    boot: bootOfThisMachine(systemClock),
    firmware: firmwareVersion(),
  });
