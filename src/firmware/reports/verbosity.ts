/**
 * Chooses between two logs of the cloud process: the usual one, and a more detailed one for a requested time.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log, LogFields, LogLevel } from "../../base/log.ts";
import { minutes } from "../../base/units.ts";

export class Verbosity {
  readonly #clock: Pick<Clock, "now">;
  #until = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** @param forMinutes 0: stop */
  raise(forMinutes: number): void {
    this.#until = this.#clock.now() + minutes(forMinutes);
  }

  log(usual: Log, detailed: Log): Log {
    const at = (level: LogLevel) => (event: string, fields?: LogFields) =>
      (this.#clock.now() < this.#until ? detailed : usual)[level](event, fields);
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }
}
