/**
 * Folder claim/: whose a unit is. An owner's certificate authority, device certificates and keys, and how a unit gets
 * them; the steps of `azsphere device claim` and of the tenant's certificate, for units that are ordinary computers.
 *
 * Files of claiming. Guarantee: what holds a secret is 0600 in a folder that is 0700; what root writes for a service
 * belongs to the user of the service; nothing that stands is written over unless its caller says so. Failures are
 * StartupErrors with a next step. Works on Windows and macOS too.
 */
import { accessSync, constants, lstatSync, statSync } from "node:fs";
import { chown } from "node:fs/promises";
import { CredentialError } from "../../azure/credentials/credentials.ts";
import { errnoOf, reasonOf } from "../../base/errors.ts";
import { type FileOwner, makePrivateFolder, replaceFile } from "../../base/files/atomic-file.ts";
import { readSmallFile, SmallFileError } from "../../base/files/small-file.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";

/** Bytes. A certificate chain has a few KiB. */
const largestText = 64 * 1024;

/** @returns `undefined` when there is no such file. @throws StartupError */
export function readIfThere(path: string, limit = largestText): string | undefined {
  try {
    return readSmallFile(path, { limit });
  } catch (cause) {
    if (!(cause instanceof SmallFileError)) throw cause;
    const code = cause.code === "EACCES" ? exitCodes.permission : exitCodes.storage;
    throw new StartupError(code, `${path} ${cause.problem}.`, "Name a readable file.", { cause });
  }
}

/** @throws StartupError, also when there is no such file */
export function readNamed(path: string, limit = largestText): string {
  const text = readIfThere(path, limit);
  if (text !== undefined) return text;
  throw new StartupError(exitCodes.usage, `${path} is not there.`, "Check the name of the file.");
}

/** Makes a file with a secret in it, or one to be given away; never writes over another. @throws StartupError */
export async function writeNew(path: string, text: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    const next = "Keep it, or move it away first; or choose another name.";
    throw new StartupError(exitCodes.storage, `${path} is there already, and is not written over.`, next);
  }
  await writeWhole(path, text);
}

/** Replaces a file at once. @throws StartupError */
export async function writeWhole(path: string, text: string, owner?: FileOwner): Promise<void> {
  try {
    await replaceFile(path, text, owner);
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** Makes a folder that its owner alone may look into. @throws StartupError */
export async function privateFolder(path: string, owner?: FileOwner): Promise<void> {
  try {
    await makePrivateFolder(path);
    // A link would make root write elsewhere, for whoever made the link.
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
      : "Choose another place, or make room on the disk.",
    { cause },
  );
}

/**
 * Whose the files of this data folder are to be: as root, those of the folder's owner; else our own.
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
    // openDataFolder makes it, or says why not.
    if (reason === "ENOENT") return undefined;
    const next = "Run this with sudo, or as the user that runs the firmware.";
    const message = `The data folder ${dataPath} cannot be written by this user (${reason}).`;
    if (reason === "EACCES" || reason === "EPERM")
      throw new StartupError(exitCodes.permission, message, next, { cause });
    return undefined;
  }
  return isRoot && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : undefined;
}

/** Credentials that cannot be used are the reader's to fix. */
export async function explained<T>(action: () => Promise<T> | T): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (!(cause instanceof CredentialError)) throw cause;
    throw new StartupError(exitCodes.configuration, cause.message, cause.remedy, { cause });
  }
}
