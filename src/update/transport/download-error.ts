/** Why something could not be fetched: a code for the owner's systems and a reason for a person. */
import type { SourceErrorCode } from "../source.ts";

export type DownloadErrorCode =
  /** No connection, a connection that broke, or a failure of the server's own: tried again. */
  | "unreachable"
  /** Fewer bytes than the minimum rate: tried again. */
  | "too-slow"
  /** The server asks for fewer requests (429). */
  | "too-many-requests"
  /** The server wants another authentication (401, 403, 407). */
  | "not-allowed"
  /** The server has no such document, or no longer (404, 410): ask the source again. */
  | "gone"
  /** The app manifest does not grant the host. */
  | "not-granted"
  /** The server's certificate is not trusted. */
  | "not-trusted"
  /** A redirect that is not followed. */
  | "redirect"
  /** An answer that HTTP does not allow, or that was not asked for. */
  | "invalid-answer"
  | "too-large"
  /** Another length than the source said. */
  | "wrong-length"
  /** Another SHA-256 than the source said. */
  | "wrong-content"
  /** The disk or the storage that the app manifest grants is too small. */
  | "no-space"
  /** The disk failed. */
  | "disk";

/** What a check of a source that fails in this way is called. */
export const sourceCodes: Readonly<Record<DownloadErrorCode, SourceErrorCode>> = {
  unreachable: "unreachable",
  "too-slow": "unreachable",
  gone: "unreachable",
  "no-space": "unreachable",
  disk: "unreachable",
  "too-many-requests": "too-many-requests",
  "not-allowed": "not-allowed",
  "not-granted": "not-allowed",
  "not-trusted": "unreachable",
  redirect: "invalid-answer",
  "invalid-answer": "invalid-answer",
  "too-large": "invalid-answer",
  "wrong-length": "invalid-answer",
  "wrong-content": "invalid-answer",
};

/** These may be over the next time. */
const passing: readonly DownloadErrorCode[] = ["unreachable", "too-slow", "too-many-requests"];

/** An expected failure: nothing is installed, what runs goes on. */
export class DownloadError extends Error {
  readonly code: DownloadErrorCode;
  /** How long the server asks to wait (Retry-After). */
  readonly againInMs: number | undefined;
  constructor(code: DownloadErrorCode, reason: string, options?: ErrorOptions & { againInMs?: number }) {
    super(reason, options);
    this.name = "DownloadError";
    this.code = code;
    this.againInMs = options?.againInMs;
  }

  /** Whether the same request may succeed later. */
  get isPassing(): boolean {
    return passing.includes(this.code);
  }
}
