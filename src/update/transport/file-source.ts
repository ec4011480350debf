/**
 * Reads a document from a folder: on a USB stick or a network share.
 *
 * Guarantee: only a regular file is read; a FIFO or a device in its place neither blocks nor is read endlessly.
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
  // If neither changes it counts as the same file; the final SHA-256 detects the rest.
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
    throw new DownloadError("invalid-answer", `the address is not that of a file here: ${messageOf(error)}`, {
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
