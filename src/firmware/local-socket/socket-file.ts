/**
 * The socket's file in the data folder.
 *
 * Guarantee: only the folder's owner may connect: the file is created with mode 0600. A long path works too,
 * although the kernel accepts at most 107 bytes (unix(7)).
 */
import { closeSync, constants, lstatSync, openSync, rmSync } from "node:fs";
import type { Server } from "node:net";
import { basename, dirname, join } from "node:path";

const maxPathBytes = 107;

export const socketFileIn = (dataPath: string): string => join(dataPath, "control.sock");

/**
 * A path that is short enough for the kernel, valid until `close`. @throws the system's error when the folder
 * cannot be opened
 */
export function shortPath(path: string): { readonly path: string; close(): void } {
  if (Buffer.byteLength(path) <= maxPathBytes || process.platform !== "linux") return { path, close() {} };
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${folder}/${basename(path)}`, close: () => closeSync(folder) };
}

/**
 * Listens on the file. Call it only while holding the data folder's lock: an existing socket was then left by
 * a killed process. `server` emits the system's errors.
 */
export function listenOnFile(server: Server, path: string): void {
  removeSocket(path);
  // Node binds before `listen` returns, so the umask affects no other file of this process.
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
}

/** Any other kind of file stays, and makes `listen` fail: this program did not create it. */
function removeSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path, { force: true });
}
