/**
 * Reads what is stored, for a command or the page, beside a device that goes on recording, or without one.
 *
 * Guarantee: rows come in the order of recording, each once; one file is in memory at a time, and the oldest. What cannot
 * be read is counted and skipped.
 */
import { lstatSync } from "node:fs";
import { type FolderDisk, folderDisk } from "../../base/files/folder-disk.ts";
import type { HistoryRow } from "./row.ts";
import { readSegment, type Segment, type SegmentContent, segmentsOf, type Tier } from "./segment.ts";
import type { HistoryEnd } from "./store.ts";

export interface HistoryPart {
  readonly rows: readonly HistoryRow[];
  /** Number of rows that cannot be read. */
  readonly damaged: number;
  /** A file that cannot be read at all. */
  readonly unreadable: boolean;
}

/** @param end as the device says where it is; what is stored after it is left out. @throws the system's error: EACCES */
export async function* readHistory(folder: string, end?: HistoryEnd): AsyncGenerator<HistoryPart> {
  // The disk would make the folder, and reading must leave no trace.
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found !== undefined) yield* readHistoryOn(folderDisk(folder), end);
}

export async function* readHistoryOn(disk: FolderDisk, end?: HistoryEnd): AsyncGenerator<HistoryPart> {
  const files = await disk.list();
  const [oldest, ...minutes] = segmentsOf(files, "minutes").flatMap((each) => until(each, end));
  // Before the hours: the device may make it into hours meanwhile.
  const first = oldest && (await read(disk, "minutes", oldest));
  const made = (first === undefined ? minutes[0] : oldest)?.number ?? Number.POSITIVE_INFINITY;
  for (const hours of segmentsOf(files, "hours")) {
    const content = await read(disk, "hours", hours);
    yield partOf(content, made);
  }
  if (oldest !== undefined) yield partOf(first);
  for (const each of minutes) yield partOf(await read(disk, "minutes", each));
}

/** What of a file of minutes is before the end. */
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
