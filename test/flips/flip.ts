/**
 * Damages stored files as worn memory cards and power cuts do: one flipped bit, a sector of zeros, a tail that is gone.
 *
 * Guarantee: a seed and a number decide one damage wholly, so that any of them can be played again alone.
 */
import { cpSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { uniform } from "../../src/simulation/noise.ts";

const kinds = [
  "bit",
  "bit",
  "bit",
  "byte",
  "zeroed",
  "truncated",
  "emptied",
  "nul-filled",
  "repeated",
] as const;
export type FlipKind = (typeof kinds)[number];

export interface Flip {
  /** Relative to the folder. */
  readonly file: string;
  readonly kind: FlipKind;
  /** Of the file before. */
  readonly bytes: number;
  /** Of the first byte that changed. */
  readonly offset: number;
}

/** Everything stored below a folder, relative to it, in the same order each time. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/**
 * Damages one of the files.
 * @param files relative to `folder`; an empty one stays as it is
 * @param next uniform numbers in [0, 1)
 */
export function flipOne(folder: string, files: readonly string[], next: () => number): Flip {
  const below = (limit: number): number => Math.floor(next() * limit);
  const file = files[below(files.length)];
  if (file === undefined) throw new Error(`${folder} holds no file to damage`);
  const kind = kinds[below(kinds.length)] ?? "bit";
  const path = join(folder, file);
  const before = readFileSync(path);
  const offset = below(before.length);
  writeFileSync(path, damaged(before, kind, offset, below(8)));
  return { file, kind, bytes: before.length, offset };
}

function damaged(before: Buffer, kind: FlipKind, offset: number, bit: number): Buffer {
  if (before.length === 0) return before;
  const after = Buffer.from(before);
  switch (kind) {
    case "bit":
      after.writeUInt8(after.readUInt8(offset) ^ (1 << bit), offset);
      return after;
    case "byte":
      after.writeUInt8((after.readUInt8(offset) + 1 + bit) & 0xff, offset);
      return after;
    case "zeroed":
      return after.fill(0, offset, Math.min(offset + 512, after.length));
    case "truncated":
      return after.subarray(0, offset);
    case "emptied":
      return Buffer.alloc(0);
    case "nul-filled":
      return after.fill(0);
    case "repeated":
      return Buffer.concat([after, after.subarray(offset)]);
  }
}

export const flipText = ({ file, kind, bytes, offset }: Flip): string =>
  `${kind} at ${offset} of ${bytes} in ${file}`;

/** A socket that a process left behind cannot be copied. */
function isFileOrFolder(path: string): boolean {
  const found = lstatSync(path);
  return found.isFile() || found.isDirectory();
}

/** `FLIPS`, or what is fit for a run that nobody asked more of. */
export const flipCount = (otherwise: number): number => Number(process.env["FLIPS"] ?? otherwise);

export interface FlipRun {
  /** A folder as a healthy run left it; it is not touched. */
  readonly pristine: string;
  /** Where the damaged copy stands while it is looked at: the same place each time. */
  readonly work: string;
  readonly flips: number;
  /** Which files may be damaged; all when absent. */
  readonly isTarget?: (file: string) => boolean;
  /** Starts what reads the folder, and rejects when it does not work again in time. Must have ended it either way. */
  readonly startAndCheck: (folder: string, flip: Flip) => Promise<void>;
}

/**
 * Plays the damages one by one, each on a fresh copy. `SEED` for the same ones, `FIRST` for the number to begin at.
 * @throws at the first that is not survived, with what plays it again
 */
export async function playFlips({ pristine, work, flips, isTarget, startAndCheck }: FlipRun): Promise<void> {
  const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
  const first = Number(process.env["FIRST"] ?? 0);
  const files = filesBelow(pristine).filter((file) => isTarget?.(file) ?? true);
  console.log(`SEED=${seed}: ${flips} flips over ${files.length} files from number ${first}`);
  for (let number = first; number < first + flips; number += 1) {
    rmSync(work, { recursive: true, force: true });
    cpSync(pristine, work, { recursive: true, filter: isFileOrFolder });
    // Far apart for neighbours: a generator of its own for each, so that one can be played without the others.
    const flip = flipOne(work, files, uniform(seed + Math.imul(number, 0x9e3779b1)));
    try {
      await startAndCheck(work, flip);
    } catch (cause) {
      const again = `SEED=${seed} FIRST=${number} FLIPS=1`;
      throw new Error(`${flipText(flip)} was not survived (${again}): ${(cause as Error).message}`, {
        cause,
      });
    }
  }
}
