/**
 * The files of the history: one line with a checksum for each row, in the order of recording.
 *
 *     minutes-00000042.log   rows of a minute each
 *     hours-00000003.log     rows of an hour each, with the number of the file of minutes that they were made from
 *
 * Lines of JSON and not a binary format: a flipped bit damages one row only, faults keep their names when the
 * firmware is updated, a person can read it, and the outbox uses the same lines. A row has 75 bytes, the
 * whole history 4 MB.
 */
import { join } from "node:path";
import { checkedLine, checkedLines } from "../../base/files/checked-lines.ts";
import type { FileFound, FolderDisk } from "../../base/files/folder-disk.ts";
import { decodeRow, encodeRow, type HistoryRow } from "./row.ts";

export const historyFolder = (dataPath: string): string => join(dataPath, "history");

export type Tier = "minutes" | "hours";

export interface StoredRow {
  readonly row: HistoryRow;
  /** In bytes. */
  readonly at: number;
  /** For an hour, the number of the file of minutes that it was made from; 0 for a minute. */
  readonly source: number;
}

export interface SegmentContent {
  readonly rows: readonly StoredRow[];
  /** Number of unreadable lines. */
  readonly damaged: number;
  /** Number of all lines. */
  readonly lines: number;
  readonly bytes: number;
  /** The last line has no end: its write was interrupted. */
  readonly torn: boolean;
}

/** Several times a full file whose rows have the maximum number of faults. A larger file is not ours. */
const largestSegment = 4 << 20;
const namePattern = /^(minutes|hours)-(\d{8})\.log$/;

export const segmentName = (tier: Tier, number: number): string =>
  `${tier}-${String(number).padStart(8, "0")}.log`;

export interface Segment {
  readonly number: number;
  readonly bytes: number;
}

/** The files of a tier, in order: only regular files of a plausible size. */
export const segmentsOf = (files: readonly FileFound[], tier: Tier): Segment[] =>
  files
    .flatMap(({ name, size }): Segment[] => {
      const number = numberOf(name, tier);
      return number === undefined || size === undefined || size > largestSegment
        ? []
        : [{ number, bytes: size }];
    })
    .sort((a, b) => a.number - b.number);

/** The highest number in a name, whatever kind of file has it; 0 for none. */
export const lastNumber = (files: readonly FileFound[], tier: Tier): number =>
  Math.max(0, ...files.map(({ name }) => numberOf(name, tier) ?? 0));

function numberOf(name: string, tier: Tier): number | undefined {
  const [, found, number] = namePattern.exec(name) ?? [];
  return found === tier ? Number(number) : undefined;
}

/** @param source see `StoredRow` */
export const encodeRows = (rows: readonly HistoryRow[], source = 0): Buffer =>
  Buffer.from(
    rows.map((row) => checkedLine(source === 0 ? encodeRow(row) : `${source} ${encodeRow(row)}`)).join(""),
  );

/** @throws the disk's errors */
export async function readSegment(disk: FolderDisk, tier: Tier, segment: Segment): Promise<SegmentContent> {
  return decodeSegment(await disk.read(segmentName(tier, segment.number), 0, segment.bytes));
}

export function decodeSegment(bytes: Buffer): SegmentContent {
  const lines = checkedLines(bytes);
  const rows = lines.flatMap(({ content, at }): StoredRow[] => {
    const [, source, text] = /^(?:(\d+) )?(\[.*)$/.exec(content ?? "") ?? [];
    const row = text === undefined ? undefined : decodeRow(text);
    return row === undefined ? [] : [{ row, at, source: Number(source ?? 0) }];
  });
  const torn = bytes.length > 0 && bytes.at(-1) !== 0x0a;
  return { rows, damaged: lines.length - rows.length, lines: lines.length, bytes: bytes.length, torn };
}
