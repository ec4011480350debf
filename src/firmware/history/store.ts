/**
 * Stores the rows: those of the last 30 days by the minute, those of the two years before by the hour.
 *
 * Guarantee: rows that `append` has counted survive a power cut; files are only appended to and removed as a
 * whole, in the order of recording, so that no clock disturbs them; an unreadable file is left alone, and
 * only its own rows are missing; the number of files and the rows of each are bounded.
 *
 * The oldest file of minutes is converted into hours and then removed. Its hours are valid once it is gone: a
 * power cut between the two leaves both, and then the hours are made again.
 */
import type { FolderDisk } from "../../base/files/folder-disk.ts";
import { type HistoryRow, hourOf, RowJoiner } from "./row.ts";
import {
  encodeRows,
  lastNumber,
  readSegment,
  type Segment,
  type SegmentContent,
  segmentName,
  segmentsOf,
  type Tier,
} from "./segment.ts";

export interface HistoryLimits {
  readonly rowsPerMinuteFile: number;
  readonly minuteFiles: number;
  readonly rowsPerHourFile: number;
  readonly hourFiles: number;
}

/** 30 full days and the present one; 20,480 hours: two years, plus the extra rows of 700 restarts. */
export const historyLimits: HistoryLimits = {
  rowsPerMinuteFile: 1440,
  minuteFiles: 31,
  rowsPerHourFile: 1024,
  hourFiles: 20,
};

/** The position at which the stored minutes end. */
export interface HistoryEnd {
  readonly number: number;
  readonly bytes: number;
}

/** The file of a tier to which rows are appended. */
interface Tail {
  readonly number: number;
  bytes: number;
  rows: number;
  torn: boolean;
  /** Its name may not be on the disk yet. */
  fresh: boolean;
}

export class HistoryStore {
  readonly #disk: FolderDisk;
  readonly #limits: HistoryLimits;
  #opened = false;
  #minutes: Tail = newTail(1);
  #hours: Tail = newTail(1);

  constructor(disk: FolderDisk, limits: HistoryLimits = historyLimits) {
    this.#disk = disk;
    this.#limits = limits;
  }

  /** `undefined` before `open`. */
  get end(): HistoryEnd | undefined {
    const { number, bytes } = this.#minutes;
    return this.#opened ? { number, bytes } : undefined;
  }

  /** Finds the ends of the stored rows. A second call does nothing. @throws the disk's errors */
  async open(): Promise<void> {
    if (this.#opened) return;
    const files = await this.#disk.list();
    const minutes = segmentsOf(files, "minutes");
    const hours = segmentsOf(files, "hours").at(-1);
    const ofHours = await this.#tryRead("hours", hours);
    const kept = ofHours && (await this.#dropHalfMade(hours, ofHours, minutes[0]?.number));
    this.#hours = tailOf(hours, kept, lastNumber(files, "hours"));
    const last = minutes.at(-1);
    const before = Math.max(lastNumber(files, "minutes"), ofHours?.rows.at(-1)?.source ?? 0);
    this.#minutes = tailOf(last, await this.#tryRead("minutes", last), before);
    this.#opened = true;
  }

  /**
   * Stores rows until the file is full. Call `open` before, and call this again with the remaining rows.
   * @returns how many of them are on the disk. @throws the disk's errors, and the capability gate's
   */
  async append(rows: readonly HistoryRow[]): Promise<number> {
    const { rowsPerMinuteFile } = this.#limits;
    if (this.#minutes.rows >= rowsPerMinuteFile) this.#minutes = newTail(this.#minutes.number + 1);
    const some = rows.slice(0, rowsPerMinuteFile - this.#minutes.rows);
    await this.#write("minutes", this.#minutes, encodeRows(some), some.length);
    return some.length;
  }

  /**
   * Converts the oldest minutes into hours, and removes the oldest hours, when there are too many. @throws as
   * `append`
   */
  async bound(): Promise<void> {
    const { minuteFiles, hourFiles } = this.#limits;
    const minutes = segmentsOf(await this.#disk.list(), "minutes");
    for (const oldest of minutes.slice(0, Math.max(0, minutes.length - minuteFiles))) {
      await this.#storeHours(oldest);
      await this.#disk.remove(segmentName("minutes", oldest.number));
      // Otherwise a power cut might restore two of these files, whose hours may be in two files.
      await this.#disk.syncFolder();
    }
    const hours = segmentsOf(await this.#disk.list(), "hours");
    for (const { number } of hours.slice(0, Math.max(0, hours.length - hourFiles)))
      await this.#disk.remove(segmentName("hours", number));
  }

  async #storeHours(minutes: Segment): Promise<void> {
    const content = await this.#tryRead("minutes", minutes);
    const joiner = new RowJoiner(hourOf);
    const hours = (content?.rows ?? []).flatMap(({ row }) => joiner.add(row) ?? []);
    hours.push(...[joiner.end()].flatMap((row) => row ?? []));
    if (hours.length === 0) return;
    if (this.#hours.rows >= this.#limits.rowsPerHourFile) this.#hours = newTail(this.#hours.number + 1);
    await this.#write("hours", this.#hours, encodeRows(hours, minutes.number), hours.length);
  }

  async #write(tier: Tier, tail: Tail, rows: Buffer, count: number): Promise<void> {
    // Ends an incomplete line, so that it is counted as damaged.
    const bytes = tail.torn ? Buffer.concat([Buffer.from("\n"), rows]) : rows;
    const name = segmentName(tier, tail.number);
    await this.#disk.write(name, tail.bytes, bytes);
    await this.#disk.sync(name);
    if (tail.fresh) await this.#disk.syncFolder();
    tail.bytes += bytes.length;
    tail.rows += count;
    tail.torn = false;
    tail.fresh = false;
  }

  /** Cuts off hours whose file of minutes still exists. */
  async #dropHalfMade(
    segment: Segment | undefined,
    content: SegmentContent,
    oldestMinutes = Number.POSITIVE_INFINITY,
  ): Promise<SegmentContent> {
    const from = content.rows.findIndex(({ source }) => source >= oldestMinutes);
    const first = content.rows[from];
    if (segment === undefined || first === undefined) return content;
    await this.#disk.truncate(segmentName("hours", segment.number), first.at);
    return { ...content, rows: content.rows.slice(0, from), lines: from, bytes: first.at, torn: false };
  }

  /** @returns `undefined` for an unreadable file, such as one with a bad sector */
  async #tryRead(tier: Tier, segment: Segment | undefined): Promise<SegmentContent | undefined> {
    if (segment === undefined) return undefined;
    return await readSegment(this.#disk, tier, segment).catch(() => undefined);
  }
}

const newTail = (number: number): Tail => ({ number, bytes: 0, rows: 0, torn: false, fresh: true });

/** Continues the last file; begins a new one if that is unreadable, or a higher number is in use. */
function tailOf(segment: Segment | undefined, content: SegmentContent | undefined, before: number): Tail {
  if (segment === undefined || content === undefined || segment.number < before) return newTail(before + 1);
  return {
    number: segment.number,
    bytes: content.bytes,
    rows: content.lines,
    torn: content.torn,
    fresh: false,
  };
}
