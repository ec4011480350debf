/**
 * The socket's file in the data folder.
 *
 * Guarantee: only the folder's owner may connect: the file is created with mode 0600. A long path works too, where the
 * kernel itself takes at most 107 bytes (unix(7)).
 */
import { closeSync, constants, lstatSync, openSync, rmSync } from "node:fs";
import type { Server } from "node:net";
import { basename, dirname, join } from "node:path";

const maxPathBytes = 107;

export const socketFileIn = (dataPath: string): string => join(dataPath, "control.sock");

/** A path that the kernel takes, valid until `close`. @throws the system's error when the folder cannot be opened */
export function shortPath(path: string): { readonly path: string; close(): void } {
  if (Buffer.byteLength(path) <= maxPathBytes || process.platform !== "linux") return { path, close() {} };
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${folder}/${basename(path)}`, close: () => closeSync(folder) };
}

/**
 * Listens on the file. Call it only while holding the data folder's lock: a socket that is there is one that a killed
 * process left. Errors of the system are emitted by `server`.
 */
export function listenOnFile(server: Server, path: string): void {
  removeSocket(path);
  // Node binds before `listen` returns, so no other file of this process is concerned.
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
}

/** What is no socket stays, and makes listening fail: it is nothing that this program made. */
function removeSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path, { force: true });
}
