/**
 * Reads a small regular file completely: settings, definitions, keys, state.
 *
 * Guarantee: never blocks and never exhausts the memory. A FIFO would block `open`, /dev/zero has no end, and a sparse
 * file may have 10 GB: all are rejected after `fstat` of the open descriptor, so the file cannot be replaced between
 * check and read.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { errnoOf } from "../errors.ts";

export interface SmallFileOptions {
  /** Maximum size in bytes; a larger file is rejected, not truncated. */
  readonly limit: number;
}

/** `code` is the system's (EISDIR, EACCES, EIO …), EFBIG above the limit, or "not-a-file". */
export class SmallFileError extends Error {
  readonly code: string;
  /** Continues a sentence that begins with the file's name: "is a folder", "cannot be read (EACCES)". */
  readonly problem: string;
  constructor(path: string, code: string, problem: string, options?: ErrorOptions) {
    super(`${path} ${problem}`, options);
    this.name = "SmallFileError";
    this.code = code;
    this.problem = problem;
  }
}

/** @returns the text, or `undefined` when there is no such file. @throws SmallFileError */
export function readSmallFile(path: string, options: SmallFileOptions): string | undefined {
  return readSmallBytes(path, options)?.toString("utf8");
}

/** @returns the content, or `undefined` when there is no such file. @throws SmallFileError */
export function readSmallBytes(path: string, { limit }: SmallFileOptions): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return readOpenFile(file, path, limit);
  } catch (cause) {
    if (cause instanceof SmallFileError) throw cause;
    const code = errnoOf(cause) ?? "EIO";
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    // A socket cannot be opened at all: open(2), ENXIO.
    if (code === "ENXIO") throw new SmallFileError(path, "not-a-file", "is a socket, not a file", { cause });
    throw new SmallFileError(path, code, `cannot be read (${code})`, { cause });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * Reads an open file from its start.
 * @throws SmallFileError, or the system's error
 */
export function readOpenFile(file: number, path: string, limit: number): Buffer {
  const stats = fstatSync(file);
  if (stats.isDirectory()) throw new SmallFileError(path, "EISDIR", "is a folder, not a file");
  if (!stats.isFile()) throw new SmallFileError(path, "not-a-file", `is ${kindOf(stats)}, not a file`);
  if (stats.size > limit) throw tooLarge(path, stats.size, limit);
  // Not by its size: files in /proc have size 0, and others may grow. Not zeroed: of a document's limit, 16 MiB, most
  // is never touched.
  const buffer = Buffer.allocUnsafe(limit + 1);
  let length = 0;
  for (;;) {
    const read = readSync(file, buffer, length, buffer.length - length, length);
    if (read === 0) return buffer.subarray(0, length);
    length += read;
    if (length > limit) throw tooLarge(path, length, limit);
  }
}

function kindOf(stats: Stats): string {
  if (stats.isFIFO()) return "a FIFO";
  return stats.isSocket() ? "a socket" : "a device";
}

const tooLarge = (path: string, size: number, limit: number): SmallFileError =>
  new SmallFileError(path, "EFBIG", `is too large (${sizeText(size)}; at most ${sizeText(limit)})`);

function sizeText(bytes: number): string {
  if (bytes < 1 << 20) return `${Math.ceil(bytes / 1024)} KiB`;
  return `${(bytes / (1 << 20)).toFixed(bytes < 10 << 20 ? 1 : 0)} MiB`;
}
