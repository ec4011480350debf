/**
 * A document in a folder: of a USB stick, or of a share.
 *
 * Guarantee: only a regular file is read; a FIFO or a device in its place neither holds this up nor runs without end.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { errnoOf, messageOf, reasonOf } from "../../base/errors.ts";
import { DownloadError } from "./download-error.ts";
import type { Opened, OpenRequest } from "./open.ts";

const chunkBytes = 64 * 1024;

/** @throws DownloadError */
export async function openFileSource(url: URL, { from, etag }: OpenRequest): Promise<Opened> {
  const path = pathOf(url);
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw asFileError(path, error);
  });
  const stats = await file.stat();
  if (!stats.isFile()) {
    await file.close();
    throw new DownloadError("invalid-answer", `${path} is not a regular file`);
  }
  // As long as neither changes it is the file of before; the SHA-256 over all of it has the last word.
  const tag = `"${stats.size}-${stats.mtimeMs}"`;
  const start = from > 0 && from <= stats.size && (etag === undefined || etag === tag) ? from : 0;
  return {
    from: start,
    size: stats.size,
    etag: tag,
    chunks: chunksOf(file, path, start),
    close: () => void file.close().catch(() => undefined),
  };
}

function pathOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw new DownloadError("invalid-answer", `the address is that of no file here: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function* chunksOf(file: FileHandle, path: string, from: number): AsyncGenerator<Uint8Array> {
  for (let at = from; ; ) {
    const { buffer, bytesRead } = await file
      .read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, at)
      .catch((error: unknown) => {
        throw asFileError(path, error);
      });
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function asFileError(path: string, error: unknown): DownloadError {
  const code = errnoOf(error) ?? "";
  const kind = ["ENOENT", "ENOTDIR"].includes(code)
    ? "gone"
    : ["EACCES", "EPERM"].includes(code)
      ? "not-allowed"
      : "unreachable";
  return new DownloadError(kind, `${path} cannot be read (${reasonOf(error)})`, { cause: error });
}
