/**
 * Stores error reports on the disk: one small file each, in a folder of the data folder.
 *
 * Guarantee: a written report survives a power cut; at most 1,000 are kept, for at most 14 days (by a
 * plausible clock), of at most 4 KB each; a damaged one is skipped and does not affect others. Several
 * processes may write, because no file is written twice. The name of a sent report is changed, so that a
 * report that the hub has acknowledged is not sent again.
 */
import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { makePrivateFolder } from "../../base/files/atomic-file.ts";
import { readChecked, withChecksum } from "../../base/files/checked-text.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import { readJson } from "../../base/json/value.ts";
import { hours } from "../../base/units.ts";
import type { Boot as OutboxBoot } from "../../base/wall-history.ts";
import type { DurableFiles } from "../storage/durable-files.ts";
import { decodeReport, type ErrorReport, encodeReport } from "./error-report.ts";
import { ReportTimes } from "./report-times.ts";

export interface ReportLimits {
  readonly maxCount: number;
  readonly maxAgeMs: number;
}

export const reportLimits: ReportLimits = { maxCount: 1000, maxAgeMs: hours(14 * 24) };

export interface ReportStoreOptions {
  readonly limits?: Partial<ReportLimits>;
  /** The default is this machine's present boot. */
  readonly boot?: OutboxBoot;
}

export interface KeptReport {
  /** Counts up; `report NUMBER` shows it. */
  readonly number: number;
  /** Name of its file. */
  readonly name: string;
  readonly sent: boolean;
  readonly report: ErrorReport;
  /**
   * When it happened, corrected by what is known now; `undefined` when the clock was not set during that
   * boot.
   */
  readonly atMs: number | undefined;
}

export const reportsFolder = (dataPath: string): string => join(dataPath, "reports");

const nameOf = /^(\d{8})-[0-9a-f]{8}(\.sent)?\.json$/;
const maxFileBytes = 8192;

export class ReportStore {
  readonly #folder: string;
  readonly #files: DurableFiles;
  readonly #limits: ReportLimits;
  readonly #times: ReportTimes;
  #made = false;

  constructor(folder: string, files: DurableFiles, clock: Clock, { limits, boot }: ReportStoreOptions = {}) {
    this.#folder = folder;
    this.#files = files;
    this.#limits = { ...reportLimits, ...limits };
    this.#times = new ReportTimes(join(folder, "clock.json"), files, clock, boot);
  }

  /** @throws the disk's errors, and the capability gate's */
  async add(report: ErrorReport): Promise<void> {
    if (!this.#made) await makePrivateFolder(this.#folder);
    this.#made = true;
    const names = await this.#names();
    const number = Number(names.at(-1)?.slice(0, 8) ?? 0) + 1;
    const path = join(
      this.#folder,
      `${String(number).padStart(8, "0")}-${randomBytes(4).toString("hex")}.json`,
    );
    await this.#files.writeDurably(`${path}.new`, withChecksum(encodeReport(report)));
    await this.#files.rename(`${path}.new`, path);
    await this.#files.syncFolder(this.#folder);
    await this.#remove(names.slice(0, Math.max(0, names.length + 1 - this.#limits.maxCount)));
  }

  /** All readable reports, oldest first. Never rejects. */
  async list(): Promise<KeptReport[]> {
    await this.#times.load();
    const names = await this.#names();
    return names.flatMap((name) => this.#read(name) ?? []);
  }

  /** Removes reports that are too old, and stores clock corrections for the others. Never rejects. */
  async cleanUp(): Promise<void> {
    const kept = await this.list();
    await this.#times.store(kept.map(({ report }) => report));
    const now = this.#times.now;
    if (now === undefined) return;
    const tooOld = kept.filter(({ atMs }) => atMs !== undefined && now - atMs > this.#limits.maxAgeMs);
    await this.#remove(tooOld.map(({ name }) => name));
  }

  /** The hub has acknowledged it. @throws the disk's errors */
  async markSent({ name }: KeptReport): Promise<void> {
    const path = join(this.#folder, name);
    await this.#files.rename(path, path.replace(/\.json$/, ".sent.json"));
    await this.#files.syncFolder(this.#folder);
  }

  async #names(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => []);
    return names.filter((name) => nameOf.test(name)).sort();
  }

  #read(name: string): KeptReport | undefined {
    const [, number, sent] = nameOf.exec(name) ?? [];
    try {
      const text = readSmallFile(join(this.#folder, name), { limit: maxFileBytes }) ?? "";
      const checked = readChecked(text);
      const report = checked?.checked ? decodeReport(readJson(checked.text)) : undefined;
      if (report === undefined) return undefined;
      return {
        number: Number(number),
        name,
        sent: sent !== undefined,
        report,
        atMs: this.#times.timeOf(report),
      };
    } catch {
      return undefined;
    }
  }

  async #remove(names: readonly string[]): Promise<void> {
    for (const name of names)
      await rm(join(this.#folder, name), { force: true, recursive: true }).catch(() => undefined);
  }
}
