/** The log as the firmware sees it: structured, levelled; fields never hold a secret. */
export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Log {
  /** `event` is a stable kebab-case name; `fields` are what varies. */
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** A log that leaves out what is below a level. @param say told of all the rest */
export function logFrom(
  least: LogLevel,
  say: (level: LogLevel, event: string, fields: LogFields) => void,
): Log {
  const at = (level: LogLevel) => {
    const isLeftOut = logLevels.indexOf(level) < logLevels.indexOf(least);
    return (event: string, fields: LogFields = {}): void => {
      if (!isLeftOut) say(level, event, fields);
    };
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Says nothing. For tests and for parts used outside a running device. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
