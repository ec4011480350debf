/**
 * A unit as its updater sees it: slots and record on a disk that may lose its power, the launcher's decisions at each
 * start, and images that prove their health or do not. On virtual time; only real requests hold it.
 */
import { createHash } from "node:crypto";
import { messageOf } from "../../../src/base/errors.ts";
import { silentLog } from "../../../src/base/log.ts";
import { seconds } from "../../../src/base/units.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { SlotStore } from "../../../src/update/slots/slot-store.ts";
import {
  confirmed,
  nextStart,
  onTrial,
  outcomeReported,
  reverted,
  type SlotImage,
  type SlotsState,
  type StartTarget,
} from "../../../src/update/slots/slots.ts";
import type { Assignment, UpdateSource } from "../../../src/update/source.ts";
import type {
  DownloadResult,
  Downloads,
  Slots,
  Swap,
  UpdaterStatus,
} from "../../../src/update/updater/ports.ts";
import { RecordFile } from "../../../src/update/updater/record-file.ts";
import { Updater } from "../../../src/update/updater/updater.ts";
import { stream, thisDevice, trusted } from "../fixtures.ts";
import { CutDisk, type CutMode } from "../slots/cut-disk.ts";

const folder = "/var/firmware";
const healthAfter = seconds(30);

/** Fetches nothing: what a test gives. */
export class ScriptedDownloads implements Downloads {
  readonly asked: string[] = [];
  /** By address; a function may wait, fail or look at the signal. */
  readonly images = new Map<string, Buffer>();
  answer: ((url: string, signal: AbortSignal) => Promise<DownloadResult> | undefined) | undefined;
  discarded = 0;

  async download(
    { image }: Assignment,
    _options: { readonly urgent: boolean },
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<DownloadResult> {
    this.asked.push(image.url);
    const own = await this.answer?.(image.url, signal);
    if (own !== undefined) return own;
    for (const percent of [10, 55, 100]) onProgress(percent);
    return { kind: "done", path: image.url };
  }

  read(path: string): Buffer {
    const image = this.images.get(path);
    if (image === undefined) throw new Error(`nothing at ${path}`);
    return image;
  }

  async discard(): Promise<void> {
    this.discarded += 1;
  }
}

/** What becomes of a trial, by the image's version. */
export type Health = (version: string) => "good" | "silent" | { readonly revertedFor: string };

export interface UnitOptions {
  readonly sources: (unit: Unit) => readonly UpdateSource[];
  readonly downloads: Downloads & { read(path: string): Buffer };
  readonly health?: Health;
  readonly disk?: CutDisk;
  readonly clock?: VirtualClock;
  readonly random?: () => number;
}

export class Unit {
  readonly options: UnitOptions;
  readonly clock: VirtualClock;
  readonly disk: CutDisk;
  readonly store: SlotStore;
  readonly statuses: UpdaterStatus[] = [];
  /** Why a start has to wait. */
  blocked: { readonly reason: string; readonly retryAfterMs: number } | undefined;
  /** What an installation waits for, or fails with. */
  beforeInstall: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** What the start waits for once it is asked for. */
  beforeStart: (() => Promise<void>) | undefined;
  starts = 0;
  #updater: Updater | undefined;
  /** Its keys, version, seal and group, for the updater. */
  identity = "as delivered";
  #stopped = false;
  #cancelHealth: () => void = () => undefined;

  constructor(options: UnitOptions) {
    this.options = options;
    this.clock = options.clock ?? new VirtualClock();
    this.disk = options.disk ?? new CutDisk();
    this.store = new SlotStore(this.disk.files, folder);
  }

  get updater(): Updater {
    if (this.#updater === undefined) throw new Error("the unit is off");
    return this.#updater;
  }

  get slots(): SlotsState {
    return this.store.read();
  }

  /** The version that runs, once confirmed. */
  get runs(): string {
    const { active, slots } = this.slots;
    return active === null ? "factory" : (slots[active]?.version ?? "nothing");
  }

  /** The launcher's part, then the firmware's. Rejects when the power is cut. */
  async boot(): Promise<void> {
    const problemOf = (slot: "a" | "b") => this.store.verify(slot, trusted).then(() => undefined, messageOf);
    let target = "factory" as StartTarget;
    const state = await this.store.change(async (before) => {
      const next = await nextStart(before, { problemOf, isFactoryNewer: () => false });
      target = next.target;
      return next.state;
    });
    this.starts += 1;
    this.#updater = new Updater({
      sources: this.options.sources(this),
      downloads: this.options.downloads,
      slots: this.#slotsPort(),
      swap: this.#swapPort(),
      record: new RecordFile(this.disk.files, "/var/updater"),
      unit: () => this.identity,
      clock: this.clock,
      random: this.options.random ?? (() => 0.5),
      log: silentLog,
      onStatus: (status) => this.statuses.push(status),
    });
    this.#updater.start();
    if (state.trial !== null && target === state.trial.slot) {
      const image = state.slots[target];
      if (image === null) throw new Error("an empty slot is on trial");
      this.#cancelHealth = this.clock.setTimer(
        healthAfter,
        () => void this.#judge(image).catch(() => undefined),
      );
    }
  }

  async #judge({ version, digest }: SlotImage): Promise<void> {
    const health = this.options.health?.(version) ?? "good";
    if (health === "silent") return this.#restart();
    if (health !== "good") {
      await this.store.change((state) => reverted(state, health.revertedFor));
      return this.#restart();
    }
    await this.store.change((state) => confirmed(state, digest));
    this.#updater?.outcomeChanged();
  }

  async #restart(): Promise<void> {
    if (this.#stopped) return;
    await this.#updater?.close();
    if (!this.#stopped) await this.boot();
  }

  /** The process ends; nothing of it goes on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelHealth();
    await this.#updater?.close();
  }

  /** The same unit with the power back. */
  async afterCut(mode: CutMode): Promise<Unit> {
    await this.stop();
    return new Unit({ ...this.options, clock: this.clock, disk: this.disk.afterCut(mode) });
  }

  #slotsPort(): Slots {
    return {
      read: () => this.store.read(),
      install: async (path, _, signal) => {
        await this.beforeInstall?.(signal);
        signal.throwIfAborted();
        const bytes = this.options.downloads.read(path);
        return (await this.store.install(stream(bytes, 512), trusted, thisDevice)).image;
      },
      outcomeReported: async () => void (await this.store.change(outcomeReported)),
    };
  }

  #swapPort(): Swap {
    return {
      blockedBy: () => this.blocked,
      start: async ({ digest }) => {
        await this.beforeStart?.();
        await this.store.change((state) => onTrial(state, state.slots.a?.digest === digest ? "a" : "b"));
        this.clock.setTimer(seconds(1), () => void this.#restart().catch(() => undefined));
      },
    };
  }
}

export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
