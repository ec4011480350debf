/**
 * Reads a small regular file as a whole: settings, definitions, keys, notes of our own.
 *
 * Guarantee: never waits and never fills the memory, whatever lies at the path. A FIFO would block `open` until somebody
 * writes, /dev/zero has no end, and a sparse file of 10 GB costs nobody anything to make: all of them are refused by
 * what the opened descriptor says of itself, so nothing can be exchanged between the look and the read.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { errnoOf } from "../errors.ts";

export interface SmallFileOptions {
  /** The largest size that is read, in bytes; a larger file is refused, not cut off. */
  readonly limit: number;
}

/** `code` is the system's (EISDIR, EACCES, EIO …), EFBIG above the limit, or "not-a-file". */
export class SmallFileError extends Error {
  readonly code: string;
  /** To follow the file's name: "is a folder", "cannot be read (EACCES)". */
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
 * The content of a file that is open already, from its start.
 * @throws SmallFileError, or the system's error
 */
export function readOpenFile(file: number, path: string, limit: number): Buffer {
  const stats = fstatSync(file);
  if (stats.isDirectory()) throw new SmallFileError(path, "EISDIR", "is a folder, not a file");
  if (!stats.isFile()) throw new SmallFileError(path, "not-a-file", `is ${kindOf(stats)}, not a file`);
  if (stats.size > limit) throw tooLarge(path, stats.size, limit);
  // By reading, not by the size: files of /proc say 0, and one may grow meanwhile.
  const buffer = Buffer.alloc(limit + 1);
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
