/**
 * The latest log events of the loop, for clients of the local socket.
 *
 * Guarantee: bounded in memory; without a reader, an event costs only the formatting of its text. Events
 * below the level `info` are not kept.
 */
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import type { Log, LogFields, LogLevel } from "../../base/log.ts";
import { fieldsText } from "../reports/error-report.ts";
import type { FromDevice } from "./messages.ts";

export type LogEvent = Extract<FromDevice, { kind: "log" }>;

const maxEvents = 200;
const maxTextLength = 1000;

export class LogFeed {
  readonly #clock: Clock;
  readonly #events: LogEvent[] = [];
  readonly #followers = new Set<(event: LogEvent) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The same log; its events are kept here even if `log` discards them. */
  watch(log: Log): Log {
    const at = (level: LogLevel) => (event: string, fields?: LogFields) => {
      this.#keep(level, event, fields ?? {});
      log[level](event, fields);
    };
    return {
      debug: (event, fields) => log.debug(event, fields),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
    };
  }

  /** Oldest first. */
  get latest(): readonly LogEvent[] {
    return this.#events;
  }

  /** @param follower must not throw. @returns a function that ends the subscription */
  follow(follower: (event: LogEvent) => void): () => void {
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  #keep(level: LogLevel, event: string, fields: LogFields): void {
    const time = isoTime(this.#clock.wallNow());
    const kept: LogEvent = { kind: "log", time, level, event, text: fieldsText(fields, maxTextLength) };
    this.#events.push(kept);
    if (this.#events.length > maxEvents) this.#events.shift();
    for (const follower of this.#followers) follower(kept);
  }
}
