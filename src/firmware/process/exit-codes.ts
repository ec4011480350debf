/** Exit codes of every command, after sysexits(3), and the error that contains one. */
export const exitCodes = {
  ok: 0,
  /** A check ran and found something wrong. */
  findings: 1,
  /** Unknown command or flag. */
  usage: 64,
  /** The hardware or a driver is missing. */
  unavailable: 69,
  /** A bug: please report it. */
  internal: 70,
  /** The data folder cannot be used. */
  storage: 74,
  /** Another instance already drives this hat. */
  running: 75,
  /** The system does not permit it. */
  permission: 77,
  /** Settings, board or manifest are wrong. */
  configuration: 78,
  /** Not a failure: the loop asks its guardian to restart it. */
  restart: 85,
} as const;

/** The meaning of each code, as the service's status shows it. */
export const exitMeanings: Readonly<Record<number, string>> = {
  [exitCodes.ok]: "it was stopped",
  [exitCodes.findings]: "a check found a problem",
  [exitCodes.usage]: "a command or flag is unknown",
  [exitCodes.unavailable]: "the hat or a driver is missing",
  [exitCodes.internal]: "a bug",
  [exitCodes.storage]: "the data folder cannot be used",
  [exitCodes.running]: "another grove-heater drives this hat",
  [exitCodes.permission]: "the system does not permit it",
  [exitCodes.configuration]: "settings, board or manifest are wrong",
  [exitCodes.restart]: "it requested a restart",
};

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A start-up failure that the reader can fix: what is wrong, and the next step. */
export class StartupError extends Error {
  readonly exitCode: ExitCode;
  /** One sentence: what to do now. */
  readonly remedy: string;
  constructor(exitCode: ExitCode, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StartupError";
    this.exitCode = exitCode;
    this.remedy = remedy;
  }
}
