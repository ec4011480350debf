/**
 * Folder update/: firmware over the air: signed images, the slots that hold them, and the sources that assign them.
 *
 * Where updates come from: one interface for a feed and for a hawkBit server.
 *
 * A source names the image that is assigned to this unit, and receives the result. It neither downloads nor
 * installs: the updater does that, in the same way for every source.
 */

import { ExpectedError } from "./expected-error.ts";

/** One image that this unit is asked to run. */
export interface Assignment {
  /** Its id at the source; the same id is the same request. */
  readonly id: string;
  /** To be shown before the image itself is known; absent if the source does not say. */
  readonly version?: string;
  readonly image: ImageLocation;
  /** `wait`: not now (a maintenance window is closed); the source is asked again later. */
  readonly download: "wait" | "when-convenient" | "now";
  /** `never`: only download and keep it. `now`: without the device's own deferral, except for the heater's safety. */
  readonly install: "never" | "wait" | "when-convenient" | "now";
}

export interface ImageLocation {
  /** `https:`, `http:` or `file:`. */
  readonly url: string;
  /** Sent to the host of `url` only, never to where it redirects. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal SHA-256 of all bytes, if the source knows it. */
  readonly sha256?: string;
}

export interface CheckResult {
  /** `null`: no update. */
  readonly assignment: Assignment | null;
  /** The id of an assignment that the owner cancels; answered by a report of `canceled` or `not-canceled`. */
  readonly cancel: string | null;
  /** What this unit will be assigned later, and why not now. */
  readonly held?: Held;
  /** Why this unit is not assigned what the source offers to it, for people; absent: it is held back, or runs already. */
  readonly passedOver?: string;
  /** When to ask the source again; absent: the updater's own interval. */
  readonly retryAfterMs?: number;
}

export interface Held {
  readonly version: string;
  /** For people. */
  readonly reason: string;
}

/**
 * The progress and result of an assignment. The last report of one id is `confirmed`, `reverted`, `refused`, `kept` or
 * `canceled`.
 */
export type Report =
  | { readonly kind: "downloading"; readonly percent: number }
  | { readonly kind: "downloaded" }
  /** Installed in a slot; the start waits for the reason given. */
  | { readonly kind: "deferred"; readonly reason: string }
  | { readonly kind: "installing" }
  /** The new image proved its health; never sent earlier. */
  | { readonly kind: "confirmed" }
  | { readonly kind: "reverted"; readonly reason: string }
  /** `code` is a RefusalCode or a code of the download. */
  | { readonly kind: "refused"; readonly code: string; readonly reason: string }
  /** The download of an image that must not be installed is complete. */
  | { readonly kind: "kept" }
  | { readonly kind: "canceled" }
  | { readonly kind: "not-canceled"; readonly reason: string };

export interface UpdateSource {
  readonly kind: "feed" | "hawkbit";
  /** Asks once. @throws SourceError */
  check(signal: AbortSignal): Promise<CheckResult>;
  /** Sends a report. Resolves when the source has received it. @throws SourceError: send it again later */
  report(id: string, report: Report, signal: AbortSignal): Promise<void>;
}

export type SourceErrorCode =
  /** No connection, no answer in time, or a server error (5xx): tried again. */
  | "unreachable"
  /** The server does not know this unit or its token. */
  | "not-allowed"
  /** It has nothing for units such as this one: its owner mistyped a name, or has published nothing for it yet. */
  | "not-listed"
  /** The server asks for fewer requests. */
  | "too-many-requests"
  /** The assignment is over: no report of it is expected. */
  | "gone"
  /** The answer violates the protocol. */
  | "invalid-answer"
  /** Metadata that is unsigned, altered, or older than what was seen before. */
  | "not-trusted"
  /** Metadata that has expired. */
  | "expired";

/** An expected failure: nothing changes on the unit, and the source is asked again. */
export class SourceError extends ExpectedError<SourceErrorCode> {
  override readonly name: string = "SourceError";
}
