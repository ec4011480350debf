/** Exit codes of every command, after sysexits(3), and the error that carries one to the top. */
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
  /** Not a failure: the loop asks its guardian to be started again. */
  restart: 85,
} as const;

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
