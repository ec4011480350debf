/**
 * Finds out when the reported events happened, although the clock may have been wrong then.
 *
 * Guarantee: if the clock was set later in the same boot, the times are what the correct clock would have
 * shown. The correction is stored beside the reports, so that it is known after the next boot too. Unknown
 * times are `undefined`.
 */

import { type Clock, earliestWallTime, isTrustedWallTime } from "../../base/clock.ts";
import { readJson } from "../../base/json/value.ts";
import { read } from "../../base/schema/schema.ts";
import { map } from "../../base/schema/structures.ts";
import { number } from "../../base/schema/values.ts";
import { type Offsets, type Stamp, WallHistory } from "../../base/wall-history.ts";
import { bootOfThisMachine } from "../process/system-clock.ts";
import type { DurableFiles } from "../storage/durable-files.ts";

const storedOffsets = map(number());

export class ReportTimes {
  readonly #file: string;
  readonly #files: DurableFiles;
  readonly #clock: Clock;
  readonly #boot: string;
  readonly #history: WallHistory;
  #stored: Offsets = {};

  constructor(file: string, files: DurableFiles, clock: Clock, boot = bootOfThisMachine(clock)) {
    this.#file = file;
    this.#files = files;
    this.#clock = clock;
    this.#boot = boot.id;
    this.#history = new WallHistory(clock, boot, earliestWallTime);
  }

  /** The wall clock; `undefined` while it is known to be wrong. */
  get now(): number | undefined {
    const now = this.#clock.wallNow();
    return isTrustedWallTime(now) ? now : undefined;
  }

  timeOf(stamp: Stamp): number | undefined {
    return this.#history.timeOf(stamp);
  }

  /** Never rejects: if the file is missing or damaged, the times of earlier boots are unknown. */
  async load(): Promise<void> {
    const text = await this.#files.read(this.#file).catch(() => undefined);
    this.#stored = (text === undefined ? undefined : read(storedOffsets, readJson(text))) ?? {};
    this.#history.restore(this.#stored);
    this.#history.checkClock();
  }

  /** Stores the clock correction of this boot, if a report needs it. Never rejects. */
  async store(reports: readonly Stamp[]): Promise<void> {
    const offset = this.#history.offsets[this.#boot];
    const isNew = offset !== undefined && this.#stored[this.#boot] !== offset;
    const isNeeded = reports.some(
      (stamp) => stamp.boot === this.#boot && this.timeOf(stamp) !== stamp.wallMs,
    );
    if (!isNew || !isNeeded) return;
    await this.#files
      .writeDurably(`${this.#file}.new`, JSON.stringify(this.#history.offsets))
      .then(() => this.#files.rename(`${this.#file}.new`, this.#file))
      .catch(() => undefined);
  }
}
