/** Reads the files that hold a device's secrets. Rejects files that other users can read. */
import { stat } from "node:fs/promises";
import { errnoOf } from "../../base/errors.ts";
import { readSmallFile, SmallFileError } from "../../base/files/small-file.ts";
import { CredentialError, type PrivateFiles } from "./credentials.ts";

/**
 * Reads a file, provided that only its owner can access it.
 * @returns `undefined` when there is none
 * @throws CredentialError
 */
export async function readPrivate(files: PrivateFiles, path: string): Promise<string | undefined> {
  let mode: number | undefined;
  let text: string | undefined;
  try {
    text = await files.read(path);
    if (text === undefined) return undefined;
    mode = await files.mode(path);
  } catch (cause) {
    throw new CredentialError(
      "unreadable",
      `${path} ${problemOf(cause)}.`,
      "Make it a file that the user that runs the firmware can read.",
      { cause },
    );
  }
  if (mode !== undefined && (mode & 0o077) !== 0) {
    throw new CredentialError(
      "not-private",
      `${path} can be read by others (mode ${(mode & 0o777).toString(8).padStart(4, "0")}).`,
      `Run: chmod 600 ${path}`,
    );
  }
  return text;
}

/** Why a file could not be read. The text continues a sentence that starts with the file name. */
export function problemOf(error: unknown): string {
  if (error instanceof SmallFileError) return error.problem;
  return `cannot be read (${errnoOf(error) ?? "unknown"})`;
}

/** Maximum size in bytes. A larger file cannot be a credential. */
const largestFile = 64 * 1024;

export const systemPrivateFiles: PrivateFiles = {
  read: async (path) => readSmallFile(path, { limit: largestFile }),
  mode: async (path) => (process.platform === "win32" ? undefined : (await stat(path)).mode),
};
