/** Downloads an assigned image, whole or as a delta, and installs it in a slot. */
import type { LogFields } from "../../base/log.ts";
import type { Downloader } from "../../update/download/download.ts";
import { type Fetched, fetchAssigned, installFetched, type ObtainOptions } from "../../update/obtain.ts";
import type { SlotImage } from "../../update/slots/slots.ts";
import type { Assignment } from "../../update/source.ts";
import { DownloadError, type DownloadErrorCode } from "../../update/transport/download-error.ts";
import { type DownloadResult, type Downloads, NotNow } from "../../update/updater/ports.ts";

export interface DownloadsOptions extends ObtainOptions {
  /** For an urgent assignment: without the bandwidth limit. */
  readonly fastDownloader: Downloader;
  readonly note: (event: string, fields: LogFields) => void;
}

export class UnitDownloads implements Downloads {
  readonly #options: DownloadsOptions;
  #fetched: Fetched | undefined;

  constructor(options: DownloadsOptions) {
    this.#options = options;
  }

  async download(
    assignment: Assignment,
    { urgent }: { readonly urgent: boolean },
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<DownloadResult> {
    const { downloader, fastDownloader } = this.#options;
    const options = { ...this.#options, downloader: urgent ? fastDownloader : downloader };
    try {
      this.#fetched = await fetchAssigned(assignment, options, { signal, progress: onProgress });
      return { kind: "done", path: this.#fetched.path };
    } catch (error) {
      return resultOf(error);
    }
  }

  /** @throws ImageRefused, NotNow, the signal's reason, the disk's error */
  async install(path: string, assignment: Assignment, signal: AbortSignal): Promise<SlotImage> {
    const fetched = this.#fetched;
    if (fetched?.path !== path) throw new NotNow("it was not downloaded by this process");
    signal.throwIfAborted();
    try {
      return (await installFetched(fetched, assignment, this.#options, { signal })).image;
    } catch (error) {
      // From the download of the whole image, where the delta could not be used.
      if (error instanceof DownloadError) throw new NotNow(error.message, error.retryAfterMs);
      throw error;
    }
  }

  async discard(): Promise<void> {
    this.#fetched = undefined;
    await this.#options.downloader.discard();
  }
}

/**
 * Failures that a retry cannot change. A person may fix the others: a full disk, a wrong token, a missing
 * grant.
 */
const permanentFailures: readonly DownloadErrorCode[] = [
  "too-large",
  "wrong-length",
  "wrong-content",
  "redirect",
];

/** @throws any error that is not a download's, such as the signal's reason */
function resultOf(error: unknown): DownloadResult {
  if (!(error instanceof DownloadError)) throw error;
  const { code, message: reason, retryAfterMs } = error;
  if (code === "gone") return { kind: "gone", reason };
  if (permanentFailures.includes(code)) return { kind: "refused", code, reason };
  return { kind: "again", code, reason, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}
