/** Reads the files of signing keys for the verbs. */
import { statSync } from "node:fs";
import { readSmallFile } from "../../base/files/small-file.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";

const maxKeyFile = 16 * 1024;

/** @throws StartupError, SmallFileError */
export function readKeyFile(path: string): string {
  const pem = readSmallFile(path, { limit: maxKeyFile });
  if (pem !== undefined) return pem;
  throw new StartupError(exitCodes.configuration, `There is no ${path}.`, "Give a key file.");
}

/** As `readKeyFile`; warns of a key that others may read. */
export function readPrivateKeyFile(path: string): string {
  const pem = readKeyFile(path);
  if ((statSync(path).mode & 0o077) !== 0) {
    process.stderr.write(`${path} can be read by others: chmod 600 ${path}\n`);
  }
  return pem;
}
