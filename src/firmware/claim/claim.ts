/**
 * Folder claim/: makes a unit an owner's. It contains the owner's certificate authority, device certificates
 * and keys, and how a unit gets them: what `azsphere device claim` and the tenant's certificate do for Azure
 * Sphere devices.
 *
 * Reads and writes the files of claiming. Guarantee: files with secrets have mode 0600, in folders with mode
 * 0700; what root writes for a service belongs to the user of the service; an existing file is overwritten
 * only by `writeWhole`. Failures are StartupErrors with a next step. Works on Windows and macOS too.
 */
import { accessSync, constants, lstatSync, statSync } from "node:fs";
import { chown } from "node:fs/promises";
import { CredentialError } from "../../azure/credentials/credentials.ts";
import { errnoOf, reasonOf } from "../../base/errors.ts";
import { type FileOwner, makePrivateFolder, replaceFile } from "../../base/files/atomic-file.ts";
import { readSmallFile, SmallFileError } from "../../base/files/small-file.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";

/** A certificate chain has a few KiB. */
const maxTextBytes = 64 * 1024;

/** @returns `undefined` when there is no such file. @throws StartupError */
export function readOptional(path: string, limit = maxTextBytes): string | undefined {
  try {
    return readSmallFile(path, { limit });
  } catch (cause) {
    if (!(cause instanceof SmallFileError)) throw cause;
    const code = cause.code === "EACCES" ? exitCodes.permission : exitCodes.storage;
    throw new StartupError(code, `${path} ${cause.problem}.`, "Name a readable file.", { cause });
  }
}

/** @throws StartupError, also when there is no such file */
export function readRequired(path: string, limit = maxTextBytes): string {
  const text = readOptional(path, limit);
  if (text !== undefined) return text;
  throw new StartupError(exitCodes.usage, `${path} does not exist.`, "Check the name of the file.");
}

/** Creates a file; never overwrites an existing one. @throws StartupError */
export async function writeNew(path: string, text: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    const next = "Move it away first, or choose another name.";
    throw new StartupError(exitCodes.storage, `${path} already exists and is not overwritten.`, next);
  }
  await writeWhole(path, text);
}

/** Creates or replaces a file atomically. @throws StartupError */
export async function writeWhole(path: string, text: string, owner?: FileOwner): Promise<void> {
  try {
    await replaceFile(path, text, owner);
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** Creates a folder that only its owner can use. @throws StartupError */
export async function privateFolder(path: string, owner?: FileOwner): Promise<void> {
  try {
    await makePrivateFolder(path);
    // Through a link, its creator could make root write elsewhere.
    if (lstatSync(path).isSymbolicLink()) {
      throw new StartupError(exitCodes.permission, `${path} is a link.`, "Put a folder in its place.");
    }
    if (owner !== undefined) await chown(path, owner.uid, owner.gid);
  } catch (cause) {
    if (cause instanceof StartupError) throw cause;
    throw cannotWrite(path, cause);
  }
}

function cannotWrite(path: string, cause: unknown): StartupError {
  const reason = errnoOf(cause);
  const denied = reason === "EACCES" || reason === "EPERM";
  return new StartupError(
    denied ? exitCodes.permission : exitCodes.storage,
    `${path} cannot be written (${reasonOf(cause)}).`,
    denied
      ? "Run this as the folder's owner, or with sudo."
      : "Choose another folder, or free space on the disk.",
    { cause },
  );
}

/**
 * The owner that files in this data folder must get: for root, the folder's owner; otherwise `undefined`, this
 * user.
 * @throws StartupError (permission) when the folder is another user's and this is not root
 */
export function ownerOf(dataPath: string): FileOwner | undefined {
  const isRoot = process.getuid?.() === 0;
  let found: FileOwner;
  try {
    found = statSync(dataPath);
    accessSync(dataPath, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const reason = errnoOf(cause);
    // openDataFolder creates it, or reports why it cannot.
    if (reason === "ENOENT") return undefined;
    const next = "Run this with sudo, or as the user that runs the firmware.";
    const message = `The data folder ${dataPath} cannot be written by this user (${reason}).`;
    if (reason === "EACCES" || reason === "EPERM")
      throw new StartupError(exitCodes.permission, message, next, { cause });
    return undefined;
  }
  return isRoot && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : undefined;
}

/** Turns a CredentialError, which the user can fix, into a StartupError. */
export async function withStartupErrors<T>(action: () => Promise<T> | T): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (!(cause instanceof CredentialError)) throw cause;
    throw new StartupError(exitCodes.configuration, cause.message, cause.remedy, { cause });
  }
}
