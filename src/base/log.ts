/** A structured log with levels; fields never contain a secret. */
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

/** A log with a minimum level. @param write called for entries at or above it */
export function logFrom(
  minLevel: LogLevel,
  write: (level: LogLevel, event: string, fields: LogFields) => void,
): Log {
  const at = (level: LogLevel) => {
    const isBelow = logLevels.indexOf(level) < logLevels.indexOf(minLevel);
    return (event: string, fields: LogFields = {}): void => {
      if (!isBelow) write(level, event, fields);
    };
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Discards everything. For tests and for parts used outside a running device. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
