/** Why something could not be downloaded: a code for the owner's systems and a reason for a person. */
import { ExpectedError } from "../expected-error.ts";
import type { SourceErrorCode } from "../source.ts";

export type DownloadErrorCode =
  /** No connection, a broken connection, or a server error (5xx): tried again. */
  | "unreachable"
  /** Fewer bytes than the minimum rate: tried again. */
  | "too-slow"
  /** The server asks for fewer requests (429). */
  | "too-many-requests"
  /** The server requires another authentication (401, 403, 407). */
  | "not-allowed"
  /** The server has no such document, or no longer (404, 410): ask the source again. */
  | "gone"
  /** The app manifest does not grant the host. */
  | "not-granted"
  /** The server's certificate is not trusted. */
  | "not-trusted"
  /** A redirect that is not followed. */
  | "redirect"
  /** An answer that violates HTTP or does not match the request. */
  | "invalid-answer"
  | "too-large"
  /** The length differs from the source's. */
  | "wrong-length"
  /** The SHA-256 differs from the source's. */
  | "wrong-content"
  /** The disk or the storage that the app manifest grants is too small. */
  | "no-space"
  /** The disk failed. */
  | "disk";

/** The code of a source's check that fails with this error. */
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

/** These failures may be temporary. */
const temporaryCodes: readonly DownloadErrorCode[] = ["unreachable", "too-slow", "too-many-requests"];

/** An expected failure: nothing is installed, and the running program continues. */
export class DownloadError extends ExpectedError<DownloadErrorCode> {
  override readonly name = "DownloadError";

  /** Whether the same request may succeed later. */
  get isTemporary(): boolean {
    return temporaryCodes.includes(this.code);
  }
}
