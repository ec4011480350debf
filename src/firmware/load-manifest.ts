/** Reads the app manifest of this installation: what its processes may use. */
import { join } from "node:path";
import { readSmallFile, SmallFileError } from "../base/files/small-file.ts";
import {
  type Manifest,
  ManifestError,
  parseManifest,
  parseManifestWithoutHat,
} from "../manifest/manifest.ts";
import type { BoardChoice } from "./choose-board.ts";
import { exitCodes, StartupError } from "./process/exit-codes.ts";
import { packageRoot } from "./process/package-root.ts";

export const manifestFile = join(packageRoot, "manifest", "app_manifest.json");

/** @throws StartupError (configuration) with every problem named */
export const loadManifest = ({ board }: BoardChoice, file = manifestFile): Manifest =>
  load(file, (text) => parseManifest(text, (name) => board.resolveName(name)));

/** For a process without a hat: no line and no bus is granted. @throws StartupError as above */
export const loadManifestWithoutHat = (file = manifestFile): Manifest => load(file, parseManifestWithoutHat);

function load(file: string, parse: (text: string | undefined) => Manifest): Manifest {
  try {
    return parse(readText(file));
  } catch (cause) {
    if (!(cause instanceof ManifestError)) throw cause;
    throw new StartupError(
      exitCodes.configuration,
      `The manifest ${file} cannot be used:\n${cause.message}`,
      "Fix it, then check it with: grove-heater manifest check",
      { cause },
    );
  }
}

/** Many times the size of the largest manifest. */
const largestManifest = 256 * 1024;

/** @returns `undefined` when there is no such file. @throws StartupError when it cannot be read */
function readText(file: string): string | undefined {
  try {
    return readSmallFile(file, { limit: largestManifest });
  } catch (cause) {
    if (!(cause instanceof SmallFileError)) throw cause;
    throw new StartupError(
      exitCodes.configuration,
      `The manifest ${file} ${cause.problem}.`,
      "Without it nothing may be used: make it a file that this user can read.",
      { cause },
    );
  }
}
