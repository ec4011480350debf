/**
 * The log of a supervised process. The loop process writes its lines, because it owns the terminal.
 *
 * Guarantee: lines below the log level are not sent. The rate of lines to the loop is limited; the next line
 * that is sent carries the number of lines that were dropped.
 */
import type { Clock } from "../../base/clock.ts";
import { type Log, type LogLevel, logFrom } from "../../base/log.ts";
import { RateLimit, type RateLimits } from "../../base/rate-limit.ts";
import { seconds } from "../../base/units.ts";
import type { MessageFromChild } from "./messages.ts";

export type LogMessage = Extract<MessageFromChild, { readonly kind: "log" }>;

const lines: RateLimits = { max: 100, within: seconds(1) };

export function remoteLog(clock: Clock, level: LogLevel, send: (message: LogMessage) => void): Log {
  const limit = new RateLimit(clock, lines);
  return logFrom(level, (at, event, given) => {
    const linesLeftOut = limit.admit();
    if (linesLeftOut === undefined) return;
    const fields = linesLeftOut > 0 ? { ...given, linesLeftOut } : given;
    send({ kind: "log", level: at, event, fields });
  });
}
