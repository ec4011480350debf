/** What the expected failures of sources and downloads share. */

/** A failure with a code for programs and a reason for a person: nothing is installed, and it is tried again later. */
export abstract class ExpectedError<Code extends string> extends Error {
  readonly code: Code;
  /** The wait that the server requested (Retry-After). */
  readonly retryAfterMs: number | undefined;
  constructor(code: Code, reason: string, options?: ErrorOptions & { retryAfterMs?: number }) {
    super(reason, options);
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs;
  }
}
