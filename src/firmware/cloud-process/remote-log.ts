/**
 * The cloud half's log: its lines are written by the loop, which has the terminal.
 *
 * Guarantee: what the level leaves out is not sent, and no storm of lines reaches the loop: so many a second, then what was
 * left out is counted in the next line.
 */
import type { Clock } from "../../base/clock.ts";
import { type Log, type LogLevel, logFrom } from "../../base/log.ts";
import { RateLimit, type RateLimits } from "../../base/rate-limit.ts";
import { seconds } from "../../base/units.ts";
import type { CloudMessage } from "./messages.ts";

const lines: RateLimits = { most: 100, within: seconds(1) };

export function remoteLog(clock: Clock, level: LogLevel, send: (message: CloudMessage) => void): Log {
  const limit = new RateLimit(clock, lines);
  return logFrom(level, (at, event, given) => {
    const linesLeftOut = limit.admit();
    if (linesLeftOut === undefined) return;
    const fields = linesLeftOut > 0 ? { ...given, linesLeftOut } : given;
    send({ kind: "log", level: at, event, fields });
  });
}
