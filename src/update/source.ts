/**
 * Folder update/: firmware over the air: signed images, the slots that hold them, and the sources that assign them.
 *
 * Where updates come from: one interface for a feed and for a hawkBit server.
 *
 * A source says what this unit is assigned and hears what became of it. It neither downloads nor installs: the updater
 * does, in the same way for every source.
 */

/** One image that this unit is asked to run. */
export interface Assignment {
  /** What the source calls it; the same id is the same request. */
  readonly id: string;
  /** For people, before the image itself says it; absent where the source does not know. */
  readonly version?: string;
  readonly image: ImageLocation;
  /** `wait`: not now (a maintenance window is closed); asked for again later. */
  readonly download: "wait" | "when-convenient" | "now";
  /** `never`: to be downloaded and kept only. `now`: without the device's own deferral, but for the heater's safety. */
  readonly install: "never" | "wait" | "when-convenient" | "now";
}

export interface ImageLocation {
  /** `https:`, `http:` or `file:`. */
  readonly url: string;
  /** Sent to the host of `url` alone, never to where it redirects. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal SHA-256 of all bytes, where the source knows it. */
  readonly sha256?: string;
}

export interface CheckResult {
  /** `null`: this unit is to stay as it is. */
  readonly assignment: Assignment | null;
  /** The id of an assignment that the owner takes back; answered by a report of `canceled` or `not-canceled`. */
  readonly cancel: string | null;
  /** What this unit will be assigned later, and why not now. */
  readonly held?: Held;
  /** When the source wants to be asked again; absent: the updater's own interval. */
  readonly againInMs?: number;
}

export interface Held {
  readonly version: string;
  /** For people. */
  readonly reason: string;
}

/** What became of an assignment. The last of one id is `confirmed`, `reverted`, `refused`, `kept` or `canceled`. */
export type Report =
  | { readonly kind: "downloading"; readonly percent: number }
  | { readonly kind: "downloaded" }
  /** Installed in a slot; the start waits for the reason given. */
  | { readonly kind: "deferred"; readonly reason: string }
  | { readonly kind: "installing" }
  /** The new image proved its health. Never said before. */
  | { readonly kind: "confirmed" }
  | { readonly kind: "reverted"; readonly reason: string }
  /** `code` is a RefusalCode or a code of the download. */
  | { readonly kind: "refused"; readonly code: string; readonly reason: string }
  /** A download that was not to be installed is done. */
  | { readonly kind: "kept" }
  | { readonly kind: "canceled" }
  | { readonly kind: "not-canceled"; readonly reason: string };

export interface UpdateSource {
  readonly kind: "feed" | "hawkbit";
  /** Looks once. @throws SourceError */
  check(signal: AbortSignal): Promise<CheckResult>;
  /** Tells the owner. Resolves when the source has it. @throws SourceError: to be said again later */
  report(id: string, report: Report, signal: AbortSignal): Promise<void>;
}

export type SourceErrorCode =
  /** No connection, no answer in time, or an answer of the server's own failure: tried again. */
  | "unreachable"
  /** The server does not know this unit or its token. */
  | "not-allowed"
  /** Slower is asked for. */
  | "too-many-requests"
  /** The assignment is over: nothing more is to be said of it. */
  | "gone"
  /** The answer is not what the protocol allows. */
  | "invalid-answer"
  /** Metadata that is unsigned, altered, or older than what was seen. */
  | "not-trusted"
  /** Metadata whose date of expiry has passed. */
  | "expired";

/** An expected failure: the unit stays as it is and asks again. */
export class SourceError extends Error {
  readonly code: SourceErrorCode;
  readonly againInMs: number | undefined;
  constructor(code: SourceErrorCode, reason: string, options?: ErrorOptions & { againInMs?: number }) {
    super(reason, options);
    this.name = "SourceError";
    this.code = code;
    this.againInMs = options?.againInMs;
  }
}
