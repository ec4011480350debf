/** Downloads of this unit, whole or by delta, into what its slots take. */
import type { LogFields } from "../../base/log.ts";
import type { Downloader } from "../../update/download/download.ts";
import { type Fetched, fetchAssigned, installFetched, type ObtainOptions } from "../../update/obtain.ts";
import type { SlotImage } from "../../update/slots/slots.ts";
import type { Assignment } from "../../update/source.ts";
import { DownloadError, type DownloadErrorCode } from "../../update/transport/download-error.ts";
import { type DownloadResult, type Downloads, NotNow } from "../../update/updater/ports.ts";

export interface DownloadsOptions extends ObtainOptions {
  /** For an urgent assignment: without the limit of the line. */
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

  /** @throws ImageRefused, NotNow, the signal's reason; the disk's error */
  async install(path: string, assignment: Assignment, signal: AbortSignal): Promise<SlotImage> {
    const fetched = this.#fetched;
    if (fetched?.path !== path) throw new NotNow("it was not downloaded by this process");
    signal.throwIfAborted();
    try {
      return (await installFetched(fetched, assignment, this.#options, { signal })).image;
    } catch (error) {
      // Of the whole image, where the delta was of no use.
      if (error instanceof DownloadError) throw new NotNow(error.message, error.retryAfterMs);
      throw error;
    }
  }

  async discard(): Promise<void> {
    this.#fetched = undefined;
    await this.#options.downloader.discard();
  }
}

/** What another try would not change; a full disk, a wrong token or a missing grant a person may fix meanwhile. */
const forGood: readonly DownloadErrorCode[] = ["too-large", "wrong-length", "wrong-content", "redirect"];

/** @throws what is no failure of the download: the signal's reason */
function resultOf(error: unknown): DownloadResult {
  if (!(error instanceof DownloadError)) throw error;
  const { code, message: reason, retryAfterMs } = error;
  if (code === "gone") return { kind: "gone", reason };
  if (forGood.includes(code)) return { kind: "refused", code, reason };
  return { kind: "again", code, reason, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}
