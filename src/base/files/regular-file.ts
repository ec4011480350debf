/**
 * Reads a regular file of any size, piece by piece.
 *
 * Guarantee: never waits for the writer of a FIFO, and never reads an endless device: anything but a regular
 * file is an error after `fstat` of the open descriptor, so that the file cannot be replaced between check
 * and read.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { SmallFileError } from "./small-file.ts";

/** Synchronously: with thousands of small files, turns of the event loop would take most of the time. */
const readAtOnce = 128 * 1024;
const mode = constants.O_RDONLY | constants.O_NONBLOCK;

/** From its start. Rejects with SmallFileError "not-a-file", or the system's error. */
export async function* regularFileChunks(path: string): AsyncGenerator<Uint8Array> {
  const small = readIfSmall(path);
  if (small === undefined) yield* largeFileChunks(path);
  else if (small.length > 0) yield small;
}

/** @returns `undefined` for a file that is not small */
function readIfSmall(path: string): Uint8Array | undefined {
  const file = openSync(path, mode);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw notAFile(path);
    if (stats.size > readAtOnce) return undefined;
    const bytes = Buffer.allocUnsafe(stats.size);
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(file, bytes, length, bytes.length - length, length);
      if (read === 0) break;
      length += read;
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

async function* largeFileChunks(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, mode);
  try {
    if (!(await file.stat()).isFile()) throw notAFile(path);
    for await (const chunk of file.createReadStream({ autoClose: false })) yield chunk as Uint8Array;
  } finally {
    await file.close();
  }
}

const notAFile = (path: string): SmallFileError =>
  new SmallFileError(path, "not-a-file", "is not a regular file");
