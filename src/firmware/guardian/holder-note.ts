/**
 * Who holds a lock, as a note in a file beside it: so that a refusal names a process and a folder, not a file.
 *
 * Guarantee: a note decides nothing while the lock itself can be asked; none is believed that another start of the
 * machine left, or whose process number another process has by now. It may have been written by anybody: it is read
 * within a bound, never waited for, and what is printed of it is plain text.
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
  /** Its number means nothing here: it is in another pid namespace, such as a container's. */
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
 * Leaves a note where that is possible; what is no file, or not ours to write, stays as it is.
 * @param create the file, where there is none. Not in a folder of all users, where the kernel then refuses a file that
 * is there and another user's: proc_sys_fs(5), protected_regular
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

/** For a file that stays, because others lock it. */
export const emptyNote = (path: string): void => changeNote(path, "", 0);

/** For a file that is nothing but a note. */
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
    // A refusal will name less: the lock holds without.
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** @returns who left the note, unless that is certainly over */
export function readNote(path: string): Holder | undefined {
  const note = parseNote(path);
  if (note === undefined || note.boot !== bootId()) return undefined;
  const elsewhere = note.pidNamespace !== pidNamespace();
  if (!elsewhere && !isAlive(note)) return undefined;
  return { pid: note.pid, user: printable(note.user), dataFolder: printable(note.dataFolder), elsewhere };
}

/** @returns who left the note, only when that very process is seen to live; for where the lock cannot be asked */
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

/** The very process, not one that was given its number since. Which one it is may be hidden from this user. */
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

/** Neither control characters nor text without end reach a terminal. */
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
