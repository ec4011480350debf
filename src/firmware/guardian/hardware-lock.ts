/**
 * The lock of a piece of hardware: one hat, one master (SR-12).
 *
 * Guarantee: at most one living process and its children hold the lock of a relay line, whatever their user,
 * data folder or pid namespace; the lock ends with the last of these processes, and with the machine. Taking
 * it touches no line.
 *
 * What is locked:
 * - The virtual hat's line is in the data folder: that folder itself, which works on a read-only disk too.
 * - A real line: a file in /run/lock, named by the chip's label and the line; and the chip's own file, shared: in sysfs,
 *   or where there is none its character device.
 *   Where /run/lock cannot be used (systemd from 258 on reserves it for root; Debian keeps it open to all) the
 *   chip's file alone is locked, exclusively: then a chip has one holder, which excludes all others. This is
 *   the second choice because each network namespace has its own sysfs, and because two hats on one chip are
 *   allowed.
 * - Where neither can be locked (no native call and no flock program, or no memory to start it), no other
 *   process can lock them either. Refusing to run would then leave the house cold for a lock that is most
 *   likely free; so the controller runs, logs a warning, and is refused only if the note of another holder
 *   names a process that is known to run.
 * A local user can hold the lock for no reason, and so keep the heater off; such a user can also do worse.
 */
import { closeSync, constants, fchmodSync, fstatSync, openSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { reasonOf } from "../../base/errors.ts";
import { type LockMode, type LockOutcome, lockOpenFile } from "../../base/files/file-lock.ts";
import type { CharChip } from "../../board/kernel/chardev/chip.ts";
import { type GpioChip, gpioClass } from "../../board/kernel/gpio-chip.ts";
import { kernelFlock } from "../../board/kernel/kernel-calls.ts";
import { kernelCallsFile } from "../process/package-root.ts";
import { emptyNote, type Holder, readLivingNote, readNote, removeNote, writeNote } from "./holder-note.ts";

/** What is to be locked. */
export type Lockable =
  | {
      readonly kind: "line";
      readonly chip: GpioChip | CharChip;
      readonly line: number;
      readonly sysRoot: string;
    }
  | { readonly kind: "folder"; readonly path: string };

export interface HardwareLock {
  readonly kind: "held";
  /** To be inherited by every process that may touch the hardware: the lock lasts as long as one of them. */
  readonly descriptors: readonly number[];
  /** How many parts there are to lock, and which could not be, with the cause: to be logged. */
  readonly parts: number;
  readonly missing: readonly string[];
  release(): void;
}

export interface Refusal {
  readonly kind: "refused";
  readonly holder: Holder | undefined;
}

export const systemLockFolder = "/run/lock";

interface Part {
  readonly what: string;
  readonly file: number | { readonly failed: string };
  readonly mode: LockMode;
}

/** Tries once, without waiting. @param dataFolder is shown to processes that are refused from now on */
export function takeLock(
  lockable: Lockable,
  dataFolder: string,
  folder = systemLockFolder,
): HardwareLock | Refusal {
  const note = noteOf(lockable, folder);
  const parts = partsOf(lockable, folder);
  const close = (): void => {
    for (const { file } of parts) if (typeof file === "number") closeSync(file);
  };
  const missing: string[] = [];
  let locked = 0;
  for (const { what, file, mode } of parts) {
    const outcome = typeof file === "number" ? lockOpenFile(file, mode, kernelFlock(kernelCallsFile)) : file;
    if (outcome === "busy") {
      close();
      return { kind: "refused", holder: readNote(note) };
    }
    if (outcome === "locked") locked += 1;
    else missing.push(`${what}: ${outcome.failed}`);
  }
  const other = locked === 0 ? readLivingNote(note) : undefined;
  if (other !== undefined) {
    close();
    return { kind: "refused", holder: other };
  }
  writeNote(note, dataFolder, lockable.kind === "folder");
  return {
    kind: "held",
    descriptors: parts.flatMap(({ file }) => (typeof file === "number" ? [file] : [])),
    parts: parts.length,
    missing,
    release() {
      // Before the locks are released: afterwards it may be the next holder's note.
      if (lockable.kind === "folder") removeNote(note);
      else emptyNote(note);
      close();
    },
  };
}

/** Tests whether a process holds the lock; creates no file, and takes the lock only during the test. */
export function probeLock(
  lockable: Lockable,
  folder = systemLockFolder,
): Refusal | { readonly kind: "free" } | { readonly kind: "unknown"; readonly why: string } {
  const outcomes =
    lockable.kind === "folder"
      ? [probe(openExisting(lockable.path, "follow"))]
      : [lineFile(lockable, folder), chipFile(lockable)].map((path) => probe(openExisting(path)));
  if (outcomes.includes("busy")) {
    const holder = [noteOf(lockable, folder), ...notesOfChip(lockable, folder)].map(readNote);
    return { kind: "refused", holder: holder.find((found) => found !== undefined) };
  }
  if (outcomes.includes("locked")) return { kind: "free" };
  const [why] = outcomes.filter((outcome) => typeof outcome === "object");
  return why === undefined ? { kind: "free" } : { kind: "unknown", why: why.failed };
}

/**
 * Tests whether a process holds the lock of any line: for users without access to the chips, who cannot name a line.
 * @returns `undefined` if no holder was found
 */
export function probeEveryLine(folder = systemLockFolder): Refusal | undefined {
  for (const path of lockFiles(folder, namePrefix)) {
    if (probe(openExisting(path)) === "busy") return { kind: "refused", holder: readNote(path) };
  }
  return undefined;
}

function probe(file: ReturnType<typeof openExisting>): LockOutcome | undefined {
  if (typeof file !== "number") return file;
  try {
    return lockOpenFile(file, "exclusive", kernelFlock(kernelCallsFile));
  } finally {
    closeSync(file);
  }
}

function partsOf(lockable: Lockable, folder: string): readonly Part[] {
  const absent = { failed: "it does not exist" };
  if (lockable.kind === "folder") {
    return [
      { what: lockable.path, file: openExisting(lockable.path, "follow") ?? absent, mode: "exclusive" },
    ];
  }
  const path = lineFile(lockable, folder);
  const line = openOrCreate(path);
  const chip = chipFile(lockable);
  return [
    { what: path, file: line, mode: "exclusive" },
    {
      what: chip,
      file: openExisting(chip) ?? absent,
      mode: typeof line === "number" ? "shared" : "exclusive",
    },
  ];
}

type Line = Extract<Lockable, { kind: "line" }>;

const namePrefix = "grove-heater.";
const nameOf = (label: string): string => `${namePrefix}${label.replaceAll(/[^A-Za-z0-9_-]/g, "_")}`;
/** Name of the file in the lock folder; scripts use the same lock. */
export const lineLockName = (label: string, line: number): string => `${nameOf(label)}.${line}.lock`;
const lineFile = ({ chip, line }: Line, folder: string): string =>
  join(folder, lineLockName(chip.label, line));
const chipFile = ({ chip, sysRoot }: Line): string =>
  "base" in chip ? `${gpioClass(sysRoot)}/gpiochip${chip.base}/label` : chip.path;
const noteOf = (lockable: Lockable, folder: string): string =>
  lockable.kind === "folder" ? join(lockable.path, "lock") : lineFile(lockable, folder);

/** Notes of the holders of other lines of the chip. */
function notesOfChip(lockable: Lockable, folder: string): string[] {
  return lockable.kind === "folder" ? [] : lockFiles(folder, `${nameOf(lockable.chip.label)}.`);
}

function lockFiles(folder: string, prefix: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith(prefix))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** A regular file, a folder or a chip's device, for reading: that is enough to lock it. `undefined`: there is none. */
function openExisting(
  path: string,
  links: "follow" | "refuse" = "refuse",
): number | { readonly failed: string } | undefined {
  try {
    const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
    const file = openSync(path, O_RDONLY | O_NONBLOCK | (links === "refuse" ? O_NOFOLLOW : 0));
    const stats = fstatSync(file);
    if (stats.isFile() || stats.isDirectory() || stats.isCharacterDevice()) return file;
    closeSync(file);
    return { failed: "it is not a file" };
  } catch (error) {
    const code = reasonOf(error);
    return code === "ENOENT" ? undefined : { failed: `it cannot be opened (${code})` };
  }
}

/**
 * First without O_CREAT: in a world-writable folder the kernel refuses O_CREAT on another user's file (proc_sys_fs(5),
 * protected_regular). The file is never removed: a process that has it open would then hold another lock.
 */
function openOrCreate(path: string): number | { readonly failed: string } {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const file = openExisting(path) ?? create(path);
    if (typeof file !== "number") {
      if (file === undefined) continue;
      return file;
    }
    if (isAt(file, path)) return file;
    closeSync(file);
  }
  return { failed: "it keeps changing" };
}

/** `undefined`: another process created it meanwhile. */
function create(path: string): number | { readonly failed: string } | undefined {
  try {
    const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const file = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW);
    // Independent of the umask: the next holder may be another user, who writes a note too.
    fchmodSync(file, 0o666);
    return file;
  } catch (error) {
    const code = reasonOf(error);
    return code === "EEXIST" ? undefined : { failed: `it cannot be created (${code})` };
  }
}

/** Whether the open file is still the one at `path`. */
function isAt(file: number, path: string): boolean {
  try {
    const [open, there] = [fstatSync(file), statSync(path)];
    return open.isFile() && open.ino === there.ino && open.dev === there.dev;
  } catch {
    return false;
  }
}
