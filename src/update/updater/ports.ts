/** The interfaces between the updater and the rest of the firmware. */
import type { SlotImage, SlotsState } from "../slots/slots.ts";
import type { Assignment, Held, Report, UpdateSource } from "../source.ts";

export type SourceKind = UpdateSource["kind"];

export type DownloadResult =
  | { readonly kind: "done"; readonly path: string }
  /** Temporary: no connection, too slow, no space now. Tried again. */
  | { readonly kind: "again"; readonly code: string; readonly reason: string; readonly retryAfterMs?: number }
  /** The image does not exist, or no longer: the source is asked again. */
  | { readonly kind: "gone"; readonly reason: string }
  /** Permanent: too large, or not the content that the source named. */
  | { readonly kind: "refused"; readonly code: string; readonly reason: string };

/** A temporary failure: no connection, another trial. */
export class NotNow extends Error {
  /** Earliest time of the next try, from now. */
  readonly retryAfterMs: number;
  constructor(reason: string, retryAfterMs = 0) {
    super(reason);
    this.name = "NotNow";
    this.retryAfterMs = retryAfterMs;
  }
}

export interface Downloads {
  /**
   * Downloads an assigned image, or the missing part. Ends soon after its signal, and keeps the part.
   * @param options urgent: without the bandwidth limit
   */
  download(
    assignment: Assignment,
    options: { readonly urgent: boolean },
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<DownloadResult>;
  /** Removes what was downloaded. */
  discard(): Promise<void>;
}

export interface Slots {
  read(): SlotsState;
  /**
   * Puts a downloaded image into the free slot; nothing starts it yet. Ends soon after its signal.
   * @throws ImageRefused: final; NotNow: tried again; anything else: tried again, a limited number of times
   */
  install(path: string, assignment: Assignment, signal: AbortSignal): Promise<SlotImage>;
  /** The owner's system knows the outcome of the last trial. */
  outcomeReported(): Promise<void>;
}

export interface Swap {
  /** Why the start must wait. @param urgent the owner allows no deferral except for the heater's safety */
  blockedBy(
    urgent: boolean,
    image: SlotImage,
  ): { readonly reason: string; readonly retryAfterMs: number } | undefined;
  /** Puts the image on trial and requests the restart. Resolves when it is requested: this process ends soon after. */
  start(image: SlotImage): Promise<void>;
}

/** The last report on an assignment. */
export type FinalReport = Extract<
  Report,
  { readonly kind: "confirmed" | "reverted" | "refused" | "kept" | "canceled" }
>;

export interface LastResult {
  readonly source: SourceKind;
  readonly version: string | null;
  /** Digest of its image; `null` if it was refused before it was read. */
  readonly image: string | null;
  readonly result: FinalReport["kind"];
  /** Of a refusal; empty otherwise. */
  readonly code: string;
  readonly reason: string;
}

export interface SourceState {
  /** Wall time of the last check that succeeded. */
  readonly checkedAtMs: number | null;
  /** Why the last check failed. */
  readonly problem: { readonly code: string; readonly reason: string } | null;
  /** An update that is held back for now, by the last check that succeeded. */
  readonly held: Held | null;
}

export interface UpdaterStatus {
  readonly state: "idle" | "waiting" | "downloading" | "installing" | "deferred" | "starting" | "on-trial";
  readonly source: SourceKind | null;
  readonly id: string | null;
  readonly version: string | null;
  /** Of the download. */
  readonly percent: number;
  /** What the update waits for, or why the last try failed; otherwise empty. */
  readonly reason: string;
  readonly last: LastResult | null;
  readonly sources: Readonly<Partial<Record<SourceKind, SourceState>>>;
}

/** What a check on demand found. */
export type Found =
  | { readonly source: SourceKind; readonly kind: "nothing" }
  | { readonly source: SourceKind; readonly kind: "update"; readonly version: string | null }
  | { readonly source: SourceKind; readonly kind: "problem"; readonly code: string; readonly reason: string };
