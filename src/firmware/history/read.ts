/**
 * Reads the stored history, for a command or the page, whether or not a device is recording meanwhile.
 *
 * Guarantee: rows come in the order of recording, each once; at most one file, and the oldest one, are in
 * memory at a time. Unreadable rows are counted and skipped.
 */
import { lstatSync } from "node:fs";
import { type FolderDisk, folderDisk } from "../../base/files/folder-disk.ts";
import type { HistoryRow } from "./row.ts";
import { readSegment, type Segment, type SegmentContent, segmentsOf, type Tier } from "./segment.ts";
import type { HistoryEnd } from "./store.ts";

export interface HistoryPart {
  readonly rows: readonly HistoryRow[];
  /** Number of unreadable rows. */
  readonly damaged: number;
  /** A file that cannot be read at all. */
  readonly unreadable: boolean;
}

export interface ReadOptions {
  /** The end that the running device reports: rows stored after it are left out. */
  readonly end?: HistoryEnd | undefined;
  /** Wall time: files whose rows began before it may be left out. */
  readonly sinceMs?: number | undefined;
}

/** @throws the system's error: EACCES */
export async function* readHistory(folder: string, options: ReadOptions = {}): AsyncGenerator<HistoryPart> {
  // `folderDisk` would create the folder, but reading must not change anything.
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found !== undefined) yield* readHistoryOn(folderDisk(folder), options);
}

export async function* readHistoryOn(
  disk: FolderDisk,
  { end, sinceMs }: ReadOptions = {},
): AsyncGenerator<HistoryPart> {
  const files = await disk.list();
  const all = segmentsOf(files, "minutes").flatMap((each) => until(each, end));
  const from = sinceMs === undefined ? -1 : await lastBefore(disk, all, sinceMs);
  if (from >= 0) {
    for (const each of all.slice(from)) yield partOf(await read(disk, "minutes", each));
    return;
  }
  const [oldest, ...minutes] = all;
  // Read before the files of hours: the device may convert this file into hours meanwhile.
  const first = oldest && (await read(disk, "minutes", oldest));
  const made = (first === undefined ? minutes[0] : oldest)?.number ?? Number.POSITIVE_INFINITY;
  for (const hours of segmentsOf(files, "hours")) {
    const content = await read(disk, "hours", hours);
    yield partOf(content, made);
  }
  if (oldest !== undefined) yield partOf(first);
  for (const each of minutes) yield partOf(await read(disk, "minutes", each));
}

/** Several times the longest row. */
const firstRowBytes = 1024;

/** @returns the index of the newest file that begins before a wall time, in minutes; −1 for none */
async function lastBefore(disk: FolderDisk, minutes: readonly Segment[], wallMs: number): Promise<number> {
  for (const [index, segment] of [...minutes.entries()].reverse()) {
    const begin = { ...segment, bytes: Math.min(segment.bytes, firstRowBytes) };
    const first = (await read(disk, "minutes", begin))?.rows[0]?.row;
    if (first?.clockTrusted === true && first.atMs <= wallMs) return index;
  }
  return -1;
}

/** The part of a file of minutes that is before `end`. */
function until(segment: Segment, end: HistoryEnd | undefined): readonly Segment[] {
  if (end === undefined || segment.number < end.number) return [segment];
  return segment.number > end.number ? [] : [{ ...segment, bytes: Math.min(segment.bytes, end.bytes) }];
}

const partOf = (content: SegmentContent | undefined, before = Number.POSITIVE_INFINITY): HistoryPart => ({
  rows: (content?.rows ?? []).filter(({ source }) => source < before).map(({ row }) => row),
  damaged: content?.damaged ?? 0,
  unreadable: content === undefined,
});

async function read(disk: FolderDisk, tier: Tier, segment: Segment): Promise<SegmentContent | undefined> {
  return await readSegment(disk, tier, segment).catch(() => undefined);
}
