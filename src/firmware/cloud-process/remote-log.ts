/**
 * The cloud half's log: its lines are written by the loop, which has the terminal.
 *
 * Guarantee: what the level leaves out is not sent, and no storm of lines reaches the loop: so many a second, then what was
 * left out is counted in the next line.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log, LogFields, LogLevel } from "../../base/log.ts";
import { seconds } from "../../base/units.ts";
import type { CloudMessage } from "./messages.ts";

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const window = seconds(1);
const mostInWindow = 100;

export function remoteLog(clock: Clock, level: LogLevel, send: (message: CloudMessage) => void): Log {
  let since = clock.now();
  let count = 0;
  let left = 0;
  const say = (at: LogLevel, event: string, given: LogFields = {}): void => {
    if (levels.indexOf(at) < levels.indexOf(level)) return;
    if (clock.now() - since >= window) [since, count] = [clock.now(), 0];
    count += 1;
    if (count > mostInWindow) {
      left += 1;
      return;
    }
    const fields = left > 0 ? { ...given, linesLeftOut: left } : given;
    left = 0;
    send({ kind: "log", level: at, event, fields });
  };
  return {
    debug: (event, fields) => say("debug", event, fields),
    info: (event, fields) => say("info", event, fields),
    warn: (event, fields) => say("warn", event, fields),
    error: (event, fields) => say("error", event, fields),
  };
}
