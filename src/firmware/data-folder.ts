/**
 * The data folder: settings, state and the lock of the one instance that may drive a hat.
 *
 * Guarantee: the folder exists when `openDataFolder` returns; the lock is held by at most one living process. A disk
 * that has become read-only or full, as SD cards do, is no reason to leave a room unheated (SR-11): then there is no
 * lock, and the state store reports the disk.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { exitCodes, StartupError } from "./exit-codes.ts";

export interface DataFolder {
  readonly path: string;
  readonly settingsFile: string;
  readonly stateFile: string;
  /** Settings and board definition that served last. */
  readonly lastGoodFile: string;
}

/** `--data`, else systemd's `$STATE_DIRECTORY`, else the XDG state folder. */
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

/** Not by Node's own recursion, which never comes back where a folder cannot be made, as in /proc. */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  mkdirSync(path, { mode: 0o700 });
}

/** @throws StartupError when the folder cannot be made or written */
export function openDataFolder(path: string): DataFolder {
  try {
    makeFolder(path);
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    if (isSickDisk(cause) && existsSync(path)) return describeDataFolder(path);
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

/**
 * Takes the lock of a data folder.
 * @returns a function that gives it back
 * @throws StartupError when a living process holds it
 */
export function lockDataFolder(folder: DataFolder): () => void {
  const file = join(folder.path, "lock");
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      return () => rmSync(file, { force: true });
    } catch (cause) {
      if (isSickDisk(cause)) return () => {};
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
      const holder = holderOf(file);
      if (holder !== undefined) {
        throw new StartupError(
          exitCodes.running,
          `Another grove-heater (process ${holder}) uses ${folder.path}.`,
          "Stop it first, or give this one a folder of its own with --data FOLDER.",
        );
      }
      rmSync(file, { force: true });
    }
  }
  throw new StartupError(exitCodes.running, `The lock ${file} keeps coming back.`, "Remove it by hand.");
}

/** The living process that drives the hat of this data folder; undefined when there is none, or it is this one. */
export const lockHolder = ({ path }: DataFolder): number | undefined => holderOf(join(path, "lock"));

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

const isSickDisk = (error: unknown): boolean =>
  ["EROFS", "ENOSPC", "EDQUOT", "EIO"].includes((error as NodeJS.ErrnoException).code ?? "");

/** The living process named in a lock file; a number that was given to another program does not count. */
function holderOf(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined;
    process.kill(pid, 0);
    if (process.platform !== "linux") return pid;
    return /node|grove-heater/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8")) ? pid : undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? Number(readFileSync(file, "utf8")) : undefined;
  }
}
