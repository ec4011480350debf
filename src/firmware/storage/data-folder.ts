/**
 * The data folder: settings and state.
 *
 * Guarantee: the folder exists when `openDataFolder` returns. A disk that has become read-only or full, as SD cards do,
 * must not stop the heating (SR-11): the state store reports the disk.
 */
import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { errnoOf, reasonOf } from "../../base/errors.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";

export interface DataFolder {
  readonly path: string;
  readonly settingsFile: string;
  readonly stateFile: string;
  /** The last settings and board definition that worked. */
  readonly lastGoodFile: string;
}

/** `--data`, otherwise systemd's `$STATE_DIRECTORY`, otherwise the XDG state folder. */
export function dataFolderPath(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  if (flag !== undefined) return resolve(flag);
  const fromSystemd = env["STATE_DIRECTORY"]?.split(":")[0];
  if (fromSystemd) return fromSystemd;
  const xdg = env["XDG_STATE_HOME"];
  return join(xdg?.startsWith("/") ? xdg : join(homedir(), ".local", "state"), "grove-heater");
}

export function describeDataFolder(path: string): DataFolder {
  return {
    path,
    settingsFile: join(path, "settings.json"),
    stateFile: join(path, "state.json"),
    lastGoodFile: join(path, "last-good.json"),
  };
}

/** Does not use Node's `recursive` option, which never returns where a folder cannot be made, as in /proc. */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  mkdirSync(path, { mode: 0o700 });
}

/** @throws StartupError when the folder cannot be made or written */
export function openDataFolder(path: string): DataFolder {
  try {
    makeFolder(path);
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const reason = reasonOf(cause);
    if (isDiskFailure(cause) && existsSync(path)) return describeDataFolder(path);
    if (isFile(path)) {
      throw new StartupError(
        exitCodes.storage,
        `The data folder ${path} is a file.`,
        "Remove it, or name a folder with --data FOLDER.",
        { cause },
      );
    }
    throw new StartupError(
      exitCodes.storage,
      `The data folder ${path} cannot be used (${reason}).`,
      "Name another with --data FOLDER, or make it writable for this user.",
      { cause },
    );
  }
  return describeDataFolder(path);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The disk cannot be written, and may not be readable either. */
export const isDiskFailure = (error: unknown): boolean =>
  ["EROFS", "ENOSPC", "EDQUOT", "EIO"].includes(errnoOf(error) ?? "");
