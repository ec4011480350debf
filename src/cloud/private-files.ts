/** Reads the files that hold a device's secrets, and refuses those that others may read too. */
import { readFile, stat } from "node:fs/promises";
import { CredentialError, type PrivateFiles } from "./credentials.ts";

/**
 * Reads a file that only its owner may read.
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
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new CredentialError(
      "unreadable",
      `${path} cannot be read (${reason}).`,
      "Make it readable for the user that runs the firmware.",
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

/** A larger one was not written for us. */
const largestFile = 64 * 1024;

export const systemPrivateFiles: PrivateFiles = {
  async read(path) {
    try {
      const text = await readFile(path, "utf8");
      return text.slice(0, largestFile);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  },
  mode: async (path) => (process.platform === "win32" ? undefined : (await stat(path)).mode),
};
