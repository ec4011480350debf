/** Fetches a small document into memory. Guarantee: bounded in bytes and, by the minimum rate, in time. */
import { DownloadError } from "./download-error.ts";
import { readWatched, type WatchedOptions } from "./read-watched.ts";

/** @param limit bytes; a larger document is an error. @throws DownloadError, the signal's reason */
export async function fetchSmall(url: string, limit: number, options: WatchedOptions): Promise<Buffer> {
  const collected: Uint8Array[] = [];
  let size = 0;
  const request = { url, headers: {}, from: 0, etag: undefined };
  await readWatched(request, options, {
    opened() {},
    chunk(bytes) {
      size += bytes.length;
      if (size > limit) throw new DownloadError("too-large", `it has more than ${limit} bytes`);
      collected.push(bytes);
    },
  });
  return Buffer.concat(collected);
}
