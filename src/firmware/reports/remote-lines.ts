/**
 * Sends log lines to the cloud, at every level, for the requested number of minutes.
 *
 * Guarantee: without a request nothing is formatted or kept. Lines are scrubbed of secrets and short; the
 * numbers of waiting lines and of lines per minute are limited, and the next batch says how many were left
 * out. It ends by itself.
 */
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import type { Log, LogFields, LogLevel } from "../../base/log.ts";
import { RateLimit } from "../../base/rate-limit.ts";
import { minutes, seconds } from "../../base/units.ts";
import { fieldsText } from "./error-report.ts";

const maxLineLength = 400;
const maxWaiting = 60;
/** At most 80 KB a minute. */
const maxPerMinute = 200;
const batchInterval = seconds(5);

export class RemoteLines {
  readonly #clock: Clock;
  #send: (lines: string) => void = () => {};
  readonly #limit: RateLimit;
  #until = Number.NEGATIVE_INFINITY;
  #lines: string[] = [];
  #leftOut = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#limit = new RateLimit(clock, { max: maxPerMinute, within: minutes(1) });
  }

  /** @param send sends one text of several lines, which may be lost */
  sendTo(send: (lines: string) => void): void {
    this.#send = send;
  }

  /** @param forMinutes 0: stop */
  start(forMinutes: number): void {
    this.#until = this.#clock.now() + minutes(forMinutes);
    this.#add(`sends its log for ${forMinutes} min`);
  }

  get active(): boolean {
    return this.#clock.now() < this.#until;
  }

  /** The same log; while lines are requested they are also sent, including those below the log level. */
  watch(log: Log): Log {
    const at = (level: LogLevel) => (event: string, fields?: LogFields) => {
      if (this.active) this.#line(level, event, fields ?? {});
      log[level](event, fields);
    };
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }

  close(): void {
    this.#cancel?.();
    this.#until = Number.NEGATIVE_INFINITY;
  }

  #line(level: LogLevel, event: string, fields: LogFields): void {
    if (this.#lines.length >= maxWaiting || this.#limit.admit() === undefined) {
      this.#leftOut += 1;
      this.#scheduleBatch();
      return;
    }
    const time = isoTime(this.#clock.wallNow());
    this.#add(`${time} ${level} ${event} ${fieldsText(fields, maxLineLength)}`.trimEnd());
  }

  #add(line: string): void {
    this.#lines.push(line.slice(0, maxLineLength));
    this.#scheduleBatch();
  }

  #scheduleBatch(): void {
    this.#cancel ??= this.#clock.setTimer(batchInterval, () => this.#sendBatch());
  }

  #sendBatch(): void {
    this.#cancel = undefined;
    const lines = this.#lines.splice(0);
    if (this.#leftOut > 0) lines.push(`${this.#leftOut} lines were left out`);
    this.#leftOut = 0;
    if (lines.length > 0) this.#send(lines.join("\n"));
  }
}
