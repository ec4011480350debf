/**
 * Remembers the last log events of a process, and makes error reports of events that mean a failure.
 *
 * Guarantee: a log line is only noted in memory, and nothing waits for the disk. Until there is a store, the
 * first reports wait in memory; reports that it cannot write are lost, which does not disturb control. A
 * repeated event makes at most three reports an hour, all faults together twenty.
 */
import type { Clock } from "../../base/clock.ts";
import { LatestWins } from "../../base/latest-wins.ts";
import type { Log, LogFields, LogLevel } from "../../base/log.ts";
import { RateLimit, RateLimitByKey, type RateLimits } from "../../base/rate-limit.ts";
import { hours } from "../../base/units.ts";
import { bootOfThisMachine, systemClock } from "../process/system-clock.ts";
import { runningRelease } from "../update/launch-note.ts";
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

const limitsPerCode: RateLimits = { max: 3, within: hours(1) };
const limitsOfFaults: RateLimits = { max: 20, within: hours(1) };
const maxCodes = 100;
const maxEvents = 24;
const maxTextLength = 160;
const maxDetailLength = 800;
const maxWaiting = 10;

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
    this.#byCode = new RateLimitByKey(options.clock, maxCodes);
    this.#faults = new RateLimit(options.clock, limitsOfFaults);
  }

  /** The same log; events through it are remembered, also below the log level. */
  watch(log: Log): Log {
    const at = (level: LogLevel) => (event: string, fields?: LogFields) => {
      this.#note(level, event, fields ?? {});
      log[level](event, fields);
    };
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }

  /** From now on reports are written to this store, and those that wait as well. */
  keepIn(store: ReportStore): void {
    this.#store = store;
    void this.#writer.wake();
  }

  /**
   * Resolves when all reports are on the disk, or could not be written. While the disk hangs it does not
   * resolve.
   */
  async flush(): Promise<void> {
    await this.#writer.settled();
  }

  #note(level: LogLevel, event: string, fields: LogFields): void {
    const kind = kindOf(event);
    if (kind !== undefined) this.#report(kind, event, fields);
    // After the report, which would otherwise contain it twice.
    const upMs = upTime(this.#options.clock, this.#options.boot);
    this.#events.push({ upMs, level, event, text: fieldsText(fields, maxTextLength) });
    if (this.#events.length > maxEvents) this.#events.shift();
  }

  #report(kind: ReportKind, event: string, fields: LogFields): void {
    const code = String(kind === "fault" ? fields["fault"] : event).slice(0, 64);
    const heldBack = this.#byCode.admit(`${kind} ${code}`, limitsPerCode);
    if (heldBack === undefined || (kind === "fault" && this.#faults.admit() === undefined)) return;
    const { clock, boot, firmware } = this.#options;
    const report: ErrorReport = {
      kind,
      code,
      detail: fieldsText({ ...fields, remedy: undefined }, maxDetailLength),
      firmware,
      uptimeSeconds: Math.round(clock.now() / 1000),
      boot: boot.id,
      upMs: upTime(clock, boot),
      wallMs: Math.round(clock.wallNow()),
      heldBack,
      events: [...this.#events],
    };
    if (this.#waiting.length < maxWaiting) this.#waiting.push(report);
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
    firmware: runningRelease(),
  });
