/**
 * Log lines for somebody far away: what a log says, at every level, for the minutes that were asked for.
 *
 * Guarantee: without that nothing is made and nothing is kept. Lines are scrubbed and short; at most so many wait and so
 * many are sent in a minute, and what is left out is counted in the next batch. It ends by itself.
 */
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import type { Log, LogFields, LogLevel } from "../../base/log.ts";
import { RateLimit } from "../../base/rate-limit.ts";
import { minutes, seconds } from "../../base/units.ts";
import { fieldsText } from "./error-report.ts";

const longestLine = 400;
const mostWaiting = 60;
/** So many lines a minute: with the longest ones 80 KB. */
const mostAMinute = 200;
const batchEvery = seconds(5);

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
    this.#limit = new RateLimit(clock, { max: mostAMinute, within: minutes(1) });
  }

  /** @param send takes one text of several lines; may lose it */
  sendTo(send: (lines: string) => void): void {
    this.#send = send;
  }

  /** @param forMinutes 0: no longer */
  start(forMinutes: number): void {
    this.#until = this.#clock.now() + minutes(forMinutes);
    this.#say(`sends its log for ${forMinutes} min`);
  }

  get active(): boolean {
    return this.#clock.now() < this.#until;
  }

  /** The same log; while lines are asked for they go out as well, also those below the level that is written. */
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
    if (this.#lines.length >= mostWaiting || this.#limit.admit() === undefined) {
      this.#leftOut += 1;
      this.#batchSoon();
      return;
    }
    const time = isoTime(this.#clock.wallNow());
    this.#say(`${time} ${level} ${event} ${fieldsText(fields, longestLine)}`.trimEnd());
  }

  #say(line: string): void {
    this.#lines.push(line.slice(0, longestLine));
    this.#batchSoon();
  }

  #batchSoon(): void {
    this.#cancel ??= this.#clock.setTimer(batchEvery, () => this.#sendBatch());
  }

  #sendBatch(): void {
    this.#cancel = undefined;
    const lines = this.#lines.splice(0);
    if (this.#leftOut > 0) lines.push(`${this.#leftOut} lines were left out`);
    this.#leftOut = 0;
    if (lines.length > 0) this.#send(lines.join("\n"));
  }
}
