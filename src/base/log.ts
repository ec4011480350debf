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

/** Says nothing. For tests and for parts used outside a running device. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
