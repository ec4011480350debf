/**
 * The public keys whose images this device accepts: files NAME.pub in the folder keys/ beside the installed program. At
 * most two, so that the owner can change from one key to the next.
 *
 * Guarantee: file sizes are bounded; an invalid key is reported and ignored, and the other one is still used. More than
 * two files make all of them invalid, since it is unclear which were meant.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, messageOf } from "../../base/errors.ts";
import { readSmallFile, SmallFileError } from "../../base/files/small-file.ts";
import { KeyError, readPublicKey, type TrustedKey } from "../../update/image/keys.ts";

const maxKeys = 2;
const maxKeyFile = 16 * 1024;

export interface TrustedKeys {
  readonly keys: readonly TrustedKey[];
  /** Sentences, each with the file's name; empty when all is well. */
  readonly problems: readonly string[];
}

/** Never throws. No folder: no keys, and no problem. */
export function readTrustedKeys(folder: string): TrustedKeys {
  let names: string[];
  try {
    names = readdirSync(folder)
      .filter((name) => name.endsWith(".pub"))
      .toSorted();
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return { keys: [], problems: [] };
    return { keys: [], problems: [`${folder} cannot be read (${messageOf(error)}).`] };
  }
  if (names.length > maxKeys) {
    const problem = `${folder} holds ${names.length} keys; at most ${maxKeys} are allowed: remove the others.`;
    return { keys: [], problems: [problem] };
  }
  const keys: TrustedKey[] = [];
  const problems: string[] = [];
  for (const name of names) {
    const found = readKey(join(folder, name));
    if (typeof found === "string") problems.push(found);
    else keys.push(found);
  }
  return { keys, problems };
}

/** @returns the key, or a sentence with the file's name that says why it is invalid. Never throws */
export function readKey(path: string): TrustedKey | string {
  try {
    const pem = readSmallFile(path, { limit: maxKeyFile });
    if (pem === undefined) return `There is no ${path}.`;
    return readPublicKey(pem);
  } catch (error) {
    if (error instanceof KeyError) return `${path} ${error.message}.`;
    if (error instanceof SmallFileError) return `${error.message}.`;
    throw error;
  }
}
