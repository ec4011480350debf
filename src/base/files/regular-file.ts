/**
 * Reads a regular file of any size, piece by piece.
 *
 * Guarantee: never waits for whoever writes into a FIFO, and never reads a device without an end: what is no regular file
 * is an error after `fstat` of the open descriptor, so that the file cannot be replaced between check and read.
 */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { SmallFileError } from "./small-file.ts";

/** From its start. Rejects with SmallFileError "not-a-file", or the system's error. */
export async function* regularFileChunks(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw new SmallFileError(path, "not-a-file", "is not a regular file");
    for await (const chunk of file.createReadStream({ autoClose: false })) yield chunk as Uint8Array;
  } finally {
    await file.close();
  }
}
