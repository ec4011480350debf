/**
 * A note that names the holder of a lock, so that an error message can name a process and a data folder.
 *
 * Guarantee: a note decides nothing while the lock itself can be tested. Notes of an earlier boot, or whose process id
 * belongs to another process by now, are ignored. Anybody may have written it: its size is bounded, reading never blocks,
 * and only printable characters of it are shown.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readlinkSync,
  rmSync,
  writeSync,
} from "node:fs";
import { userInfo } from "node:os";
import { bootId, startOfProcess } from "../../base/files/process-identity.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import { readText, type Schema } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { integer, number, string } from "../../base/schema/values.ts";

export interface Holder {
  readonly pid: number;
  readonly user: string;
  readonly dataFolder: string;
  /** Its pid is not valid here: it is in another pid namespace, such as a container's. */
  readonly elsewhere: boolean;
}

interface Note extends Omit<Holder, "elsewhere"> {
  readonly pidNamespace: string;
  readonly boot: string;
  /** When the process started, in ticks since the start of the machine: with `pid` it is one process and no other. */
  readonly startTicks: number;
}

const storedNote: Schema<Note> = object({
  pid: integer(1),
  user: string(),
  dataFolder: string(),
  pidNamespace: string(),
  boot: string(),
  startTicks: number(),
});
const largestNote = 4096;

/**
 * Writes a note if possible; anything that is not a regular file, or not writable, stays unchanged.
 * @param create creates a missing file. Not for a world-writable folder, where the kernel then refuses to open another
 * user's existing file: proc_sys_fs(5), protected_regular
 */
export function writeNote(path: string, dataFolder: string, create: boolean): void {
  const note: Note = {
    pid: process.pid,
    user: userName(),
    dataFolder,
    pidNamespace: pidNamespace(),
    boot: bootId(),
    startTicks: ownStart(),
  };
  changeNote(path, JSON.stringify(note), create ? constants.O_CREAT : 0);
}

/** For a lock file, which other processes may have open: empties it. */
export const emptyNote = (path: string): void => changeNote(path, "", 0);

/** For a file that holds only the note: removes it. */
export function removeNote(path: string): void {
  try {
    rmSync(path);
  } catch {
    // Not there, a folder, a disk that went read-only: a note of a dead process harms nobody.
  }
}

function changeNote(path: string, text: string, create: number): void {
  let file: number | undefined;
  try {
    // O_NONBLOCK: a FIFO in its place would wait for a reader.
    file = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | create, 0o644);
    if (!fstatSync(file).isFile()) return;
    ftruncateSync(file);
    writeSync(file, text);
  } catch {
    // The lock works without it; error messages then name less.
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** @returns the writer of the note, unless that process has certainly ended */
export function readNote(path: string): Holder | undefined {
  const note = parseNote(path);
  if (note === undefined || note.boot !== bootId()) return undefined;
  const elsewhere = note.pidNamespace !== pidNamespace();
  if (!elsewhere && !isAlive(note)) return undefined;
  return { pid: note.pid, user: printable(note.user), dataFolder: printable(note.dataFolder), elsewhere };
}

/** @returns the writer of the note, only if that process is known to run; for use where the lock cannot be tested */
export function readLivingNote(path: string): Holder | undefined {
  const holder = readNote(path);
  return holder === undefined || holder.elsewhere || holder.pid === process.pid ? undefined : holder;
}

/** `process 123 of pi, data folder /home/pi/…`, for a message. */
export function describeHolder(holder: Holder | undefined): string {
  if (holder === undefined) return "which one is unknown";
  const { pid, user, dataFolder, elsewhere } = holder;
  return `process ${pid}${elsewhere ? " of another pid namespace" : ""}, user ${user}, data folder ${dataFolder}`;
}

/** Whether that process still runs, and not a later one with its pid. /proc may hide other users' processes. */
function isAlive({ pid, startTicks }: Note): boolean {
  const found = startOfProcess(pid);
  return found === "hidden" || found === startTicks;
}

function parseNote(path: string): Note | undefined {
  try {
    return readText(storedNote, readSmallFile(path, { limit: largestNote }) ?? "");
  } catch {
    return undefined;
  }
}

/** Keeps control characters and endless text off the terminal. */
const printable = (text: string): string => text.replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, "?").slice(0, 200);

function ownStart(): number {
  const start = startOfProcess(process.pid);
  return typeof start === "number" ? start : 0;
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry in /etc/passwd, as in containers.
    return String(process.getuid?.() ?? "unknown");
  }
}
