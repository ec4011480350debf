/**
 * Folder download/: downloads a file to the disk, despite failures of server, connection and power supply.
 *
 * Guarantees: the file that `fetch` returns has the size and the SHA-256 that the source named; never more than that
 * size is received or written; an interrupted transfer resumes where it stopped, also after a power cut; a document
 * that changed meanwhile is downloaded from its start; a failing disk ends the download, and its space is freed.
 */
import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { errnoOf, messageOf } from "../../base/errors.ts";
import { type Millis, minutes, seconds } from "../../base/units.ts";
import type { ImageLocation } from "../source.ts";
import { DownloadError } from "../transport/download-error.ts";
import type { RateLimit } from "../transport/minimum-rate.ts";
import type { Opened, Transport } from "../transport/open.ts";
import { readWatched } from "../transport/read-watched.ts";
import type { DownloadFiles } from "./download-files.ts";
import { Pace } from "./pace.ts";
import { PartialFile } from "./partial-file.ts";

export interface DownloaderOptions {
  readonly files: DownloadFiles;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Holds one download; in the data folder, so that the storage that the app manifest grants counts it. */
  readonly folder: string;
  /** Called before a download, with the bytes that it adds. @throws an error with the reason if they are not granted */
  readonly reserve: (bytes: number) => Promise<void>;
  /** The largest file that may be downloaded. */
  readonly maxBytes: number;
  readonly minimumRate?: RateLimit;
  /** Bytes per second at most; no limit when absent. */
  readonly bandwidth?: number | undefined;
}

export interface FetchControl {
  readonly signal: AbortSignal;
  /** Further bytes that must be free, for what is built from the download. */
  readonly room?: number;
  /** Called when the percentage changed. */
  readonly progress?: (percent: number) => void;
}

export interface Downloaded {
  readonly path: string;
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** A slow mobile connection is faster; a server that stalls its clients is slower. */
export const defaultMinimumRate: RateLimit = { bytes: 30 * 256, within: seconds(30) };
/** Kept free for state, journal and log. */
const spareBytes = 16 * 1024 * 1024;
/** So many failures in a row, with less than `progressBytes` between them, end a download; the next check resumes it. */
const maxFailuresInARow = 5;
const progressBytes = 64 * 1024;

export class Downloader {
  readonly #options: DownloaderOptions;
  constructor(options: DownloaderOptions) {
    this.#options = options;
  }

  /** One at a time. @throws DownloadError, the signal's reason */
  async fetch(location: ImageLocation, control: FetchControl): Promise<Downloaded> {
    const { maxBytes } = this.#options;
    if (location.size > maxBytes)
      throw new DownloadError(
        "too-large",
        `it has ${location.size} bytes; this unit takes at most ${maxBytes}`,
      );
    try {
      return await this.#fetched(location, control);
    } catch (error) {
      if (error instanceof DownloadError && discardAfter.has(error.code)) await this.discard();
      throw error;
    }
  }

  async #fetched(location: ImageLocation, control: FetchControl): Promise<Downloaded> {
    const { files, folder } = this.#options;
    const partial = await onDisk(() => PartialFile.open(files, folder, location));
    try {
      await this.#makeRoom(location.size - partial.size + (control.room ?? 0));
      await this.#complete(partial, location, control);
      const sha256 = partial.digest();
      if (location.sha256 !== undefined && sha256 !== location.sha256)
        throw new DownloadError("wrong-content", `its SHA-256 is ${sha256}, not ${location.sha256}`);
      await onDisk(() => partial.syncToDisk());
      return { path: partial.path, size: partial.size, sha256 };
    } finally {
      await partial.close();
    }
  }

  /** Removes what was downloaded, or a part of it. Errors are ignored: the next download removes it again. */
  async discard(): Promise<void> {
    await PartialFile.remove(this.#options.files, this.#options.folder).catch(() => undefined);
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { files, folder, reserve } = this.#options;
    if (bytes === 0) return;
    const free = await onDisk(() => files.freeBytes(folder));
    if (free < bytes + spareBytes)
      throw new DownloadError(
        "no-space",
        `the disk has ${free} bytes free; ${bytes + spareBytes} are needed`,
      );
    await reserve(bytes).catch((cause: unknown) => {
      throw new DownloadError("no-space", messageOf(cause), { cause });
    });
  }

  async #complete(partial: PartialFile, location: ImageLocation, control: FetchControl): Promise<void> {
    const pauses = new Backoff({ first: seconds(1), longest: minutes(1) });
    const { bandwidth, clock } = this.#options;
    const pace = bandwidth === undefined ? undefined : new Pace(clock, bandwidth);
    let restarted = false;
    for (let failures = 0; ; ) {
      const before = partial.size;
      try {
        if (partial.size < location.size) await this.#attempt(partial, location, control, pace);
        if (restarted || !isCorrupt(partial, location)) return;
        // A power cut may have damaged the file, or the document changed: all of it is downloaded again, once.
        restarted = true;
        await onDisk(() => partial.restart(undefined));
      } catch (error) {
        if (!(error instanceof DownloadError) || !error.isTemporary || error.retryAfterMs !== undefined)
          throw error;
        const moved = partial.size - before >= progressBytes;
        if (moved) pauses.reset();
        failures = moved ? 1 : failures + 1;
        if (failures >= maxFailuresInARow) throw error;
        await pause(clock, pauses.failed(), control.signal);
      }
    }
  }

  /** One connection. */
  async #attempt(
    partial: PartialFile,
    location: ImageLocation,
    { signal, progress = () => undefined }: FetchControl,
    pace: Pace | undefined,
  ): Promise<void> {
    const { transport, clock, minimumRate: rate = defaultMinimumRate } = this.#options;
    const { url, headers, size, sha256 } = location;
    // Without both, a resumed file could mix two versions unnoticed.
    const from = partial.etag === undefined && sha256 === undefined ? 0 : partial.size;
    let percent = -1;
    const reportProgress = (): void => {
      const now = Math.floor((100 * partial.size) / Math.max(1, size));
      if (now !== percent) progress(now);
      percent = now;
    };
    await readWatched(
      { url, headers, from, etag: partial.etag },
      { transport, clock, rate, signal },
      {
        opened: (opened) => this.#continue(partial, opened, size),
        chunk: async (bytes) => {
          if (partial.size + bytes.length > size)
            throw new DownloadError("wrong-length", `it has more than ${size} bytes`);
          await onDisk(() => partial.append(bytes));
          reportProgress();
          const wait = pace?.received(bytes.length) ?? 0;
          if (wait > 0) await pause(clock, wait as Millis, signal);
        },
      },
    );
    if (partial.size < size)
      throw new DownloadError("unreachable", `the connection ended at ${partial.size} of ${size} bytes`);
  }

  async #continue(partial: PartialFile, opened: Opened, size: number): Promise<void> {
    if (opened.size !== undefined && opened.size !== size)
      throw new DownloadError("wrong-length", `the server has ${opened.size} bytes; ${size} were announced`);
    const changed = partial.etag !== undefined && opened.etag !== partial.etag;
    if (opened.from > 0 && changed) {
      await onDisk(() => partial.restart(undefined));
      throw new DownloadError("unreachable", "it changed while it was fetched");
    }
    if (opened.from > 0) partial.continueOverNewConnection();
    if (opened.from === 0 && (partial.size > 0 || opened.etag !== partial.etag))
      await onDisk(() => partial.restart(opened.etag));
  }
}

/** After these errors the partial file is useless, or takes space that others need. */
const discardAfter: ReadonlySet<string> = new Set(["wrong-content", "wrong-length", "no-space", "disk"]);

const isCorrupt = (partial: PartialFile, { sha256 }: ImageLocation): boolean =>
  partial.isResumed && sha256 !== undefined && partial.digest() !== sha256;

async function onDisk<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined || error instanceof DownloadError) throw error;
    const kind = ["ENOSPC", "EDQUOT", "EFBIG"].includes(code) ? "no-space" : "disk";
    throw new DownloadError(kind, `the download cannot be stored (${code})`, { cause: error });
  }
}

function pause(clock: Clock, span: Millis, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const over = (): void => {
      cancel();
      signal.removeEventListener("abort", over);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const cancel = clock.setTimer(span, over);
    signal.addEventListener("abort", over);
    if (signal.aborted) over();
  });
}
