/**
 * The updater of a unit, composed: sources, downloads, slots, and the swap that the loop allows.
 *
 * Guarantees: runs in a process of its own, started by the loop, and may end at any time without harm; connects only to
 * hosts that the app manifest grants; an installed image starts only when the loop allows it.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { hours, minutes } from "../../base/units.ts";
import { checkStorage } from "../../manifest/gate.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { Downloader } from "../../update/download/download.ts";
import { systemDownloadFiles } from "../../update/download/download-files.ts";
import { maxImageBytes } from "../../update/image/image-manifest.ts";
import type { TrustedKey } from "../../update/image/keys.ts";
import { type SlotFiles, systemSlotFiles } from "../../update/slots/slot-files.ts";
import { SlotStore } from "../../update/slots/slot-store.ts";
import { outcomeReported } from "../../update/slots/slots.ts";
import { RecordFile } from "../../update/updater/record-file.ts";
import { Updater } from "../../update/updater/updater.ts";
import { bytesBelow } from "../storage/storage-meter.ts";
import type { MessageToChild } from "../supervision/messages.ts";
import { machineOf, roomFor } from "../update/install-update.ts";
import type { LaunchNote } from "../update/launch-note.ts";
import { UnitDownloads } from "./downloads.ts";
import { reportOf } from "./firmware-report.ts";
import type { LoopToUpdater, UpdaterToLoop } from "./messages.ts";
import type { OwnerFile } from "./owner-file.ts";
import { RemoteSwap } from "./remote-swap.ts";
import { checkReachesSources } from "./source-grants.ts";
import { type SourceOptions, sourcesOf, transportOf, updatesFolder } from "./sources.ts";

export interface UnitUpdaterOptions {
  /** `undefined`: no source is configured, and only what the slots hold is reported. */
  readonly owner: OwnerFile | undefined;
  /** Why the owner's file cannot be used. */
  readonly problem: string | undefined;
  readonly dataPath: string;
  /** From the guardian; `undefined` where no update was ever installed. */
  readonly note: LaunchNote | undefined;
  readonly slotsFolder: string;
  readonly keys: readonly TrustedKey[];
  /** Versions of the guardian's messages that the launcher supports. */
  readonly protocols: readonly number[];
  readonly manifest: Manifest;
  readonly firmware: string;
  readonly board: string;
  /** Identifies this unit in a feed's staged roll-out. */
  readonly unitId: string;
  readonly isSealed: () => boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly send: (message: UpdaterToLoop) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** After this time without an answer from any source, a fault is reported. */
const maxSilence = hours(7 * 24);
const statusInterval = minutes(10);

export class UnitUpdater {
  readonly #options: UnitUpdaterOptions;
  readonly #files: SlotFiles;
  readonly #store: SlotStore;
  readonly #swap: RemoteSwap;
  readonly #updater: Updater | undefined;
  readonly #startedAt: number;
  #reported = "";
  #reportedFailure: { readonly failure: string | undefined } | undefined;
  #cancelRefresh: () => void = () => {};

  constructor(options: UnitUpdaterOptions) {
    this.#options = options;
    const { slotsFolder, send, clock } = options;
    this.#startedAt = clock.now();
    this.#files = systemSlotFiles(clock);
    this.#store = new SlotStore(this.#files, slotsFolder);
    this.#swap = new RemoteSwap(send, () => this.#store.read());
    this.#updater = options.owner && this.#compose(options.owner);
  }

  start(): void {
    this.#updater?.start();
    this.#refresh();
  }

  take(message: Exclude<LoopToUpdater, MessageToChild>): void {
    if (message.kind === "check") void this.#updater?.check().then(() => this.#report());
    if (message.kind === "may-start") this.#swap.decided(message);
    if (message.kind === "update-confirmed") this.#updater?.outcomeChanged();
    this.#report();
  }

  async close(): Promise<void> {
    this.#cancelRefresh();
    await this.#updater?.close();
  }

  #refresh(): void {
    this.#report();
    this.#cancelRefresh = this.#options.clock.setTimer(statusInterval, () => this.#refresh());
  }

  #report(): void {
    const { note, firmware: version, send, owner, unitId } = this.#options;
    const program = note?.program ?? "factory";
    const by = { version, program, feed: owner?.feed, unitId };
    const report = reportOf(by, this.#store.read(), this.#updater?.status);
    const text = JSON.stringify(report);
    if (text !== this.#reported) send({ kind: "firmware", report });
    this.#reported = text;
    const failure = this.#failure();
    if (this.#reportedFailure === undefined || failure !== this.#reportedFailure.failure)
      send({ kind: "health", failure });
    this.#reportedFailure = { failure };
  }

  /** SR-11: a unit that gets no updates must not look like one that does. */
  #failure(): string | undefined {
    const { clock, problem, keys } = this.#options;
    if (problem !== undefined) return problem;
    if (this.#updater !== undefined && keys.length === 0) return "no public key of the owner is installed";
    if (this.#updater === undefined || clock.now() - this.#startedAt < maxSilence) return undefined;
    const states = Object.values(this.#updater.status.sources);
    const hasAnswer = states.some(
      ({ checkedAtMs }) => checkedAtMs !== null && clock.wallNow() - checkedAtMs < maxSilence,
    );
    if (hasAnswer) return undefined;
    return (
      states.find(({ problem }) => problem !== null)?.problem?.reason ?? "no source of updates has answered"
    );
  }

  #compose(owner: OwnerFile): Updater {
    const { dataPath, clock, random, log } = this.#options;
    const folder = updatesFolder(dataPath);
    const downloads = this.#downloads(owner, folder);
    return new Updater({
      sources: sourcesOf(owner, this.#sourceOptions()),
      downloads,
      slots: {
        read: () => this.#store.read(),
        install: (path, assignment, signal) => downloads.install(path, assignment, signal),
        outcomeReported: async () => void (await this.#store.change(outcomeReported)),
      },
      swap: this.#swap,
      record: new RecordFile(this.#files, folder),
      unit: () => this.#unit(owner),
      clock,
      random,
      log,
      onStatus: () => this.#report(),
    });
  }

  /** Identifies what decides whether an image fits: keys, version, seal, group and machine. */
  #unit({ feed }: OwnerFile): string {
    const { dataPath, keys, protocols, firmware, note, board, isSealed } = this.#options;
    const ids = keys.map(({ id }) => id).toSorted();
    const { counterFloor } = this.#store.read();
    const machine = machineOf(dataPath, protocols);
    const all = [ids, firmware, note?.digest, board, isSealed(), feed, counterFloor, machine];
    return createHash("sha256").update(JSON.stringify(all)).digest("hex");
  }

  #sourceOptions(): SourceOptions {
    const { note } = this.#options;
    return { ...this.#options, store: this.#store, files: this.#files, program: note?.program ?? "factory" };
  }

  #downloads(owner: OwnerFile, folder: string): UnitDownloads {
    const { dataPath, keys, protocols, manifest, clock, log } = this.#options;
    const transport = transportOf(owner, this.#options);
    const downloader = (bandwidth: number | undefined): Downloader =>
      new Downloader({
        files: systemDownloadFiles(clock),
        transport,
        clock,
        folder: join(folder, "download"),
        reserve: async (bytes) => {
          const refused = checkStorage(manifest, (await bytesBelow(dataPath)) + bytes);
          if (refused !== undefined) throw refused;
        },
        maxBytes: maxImageBytes,
        bandwidth,
      });
    const { kilobytesPerSecond } = owner;
    const store = this.#store;
    return new UnitDownloads({
      downloader: downloader(kilobytesPerSecond === undefined ? undefined : kilobytesPerSecond * 1000),
      fastDownloader: downloader(undefined),
      store,
      files: this.#files,
      trusted: keys,
      // Read at each use, because the stored state changes.
      get target() {
        return machineOf(dataPath, protocols);
      },
      checks: {
        room: roomFor({ store, dataPath, manifest }),
        program: (program) => checkReachesSources(program, owner),
      },
      deltas: owner.deltas ? "when-possible" : "never",
      note: (event, fields) => log.info(event, fields),
    });
  }
}
