/**
 * The power is cut after each operation on the disk of everything that is to outlive a cut, with the real file code:
 * nothing that was acknowledged is lost, and the next start can read what it finds.
 */
import { describe, expect, it, vi } from "vitest";
import { CloudNotes } from "../../src/azure/link/notes.ts";
import { segmentStore } from "../../src/azure/outbox/segments/store.ts";
import { replaceFile } from "../../src/base/files/atomic-file.ts";
import { folderDisk } from "../../src/base/files/folder-disk.ts";
import { readSmallFile } from "../../src/base/files/small-file.ts";
import { wallMillis } from "../../src/base/units.ts";
import { HistoryStore } from "../../src/firmware/history/store.ts";
import type { ErrorReport } from "../../src/firmware/reports/error-report.ts";
import { ReportStore, reportsFolder } from "../../src/firmware/reports/report-store.ts";
import { durableSystemFiles } from "../../src/firmware/storage/durable-files.ts";
import { StateStore } from "../../src/firmware/storage/state-store.ts";
import { openDocuments } from "../../src/hub/storage/documents.ts";
import { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";
import { readAll, rowAt } from "../firmware/history/rig.ts";
import { inUse } from "./mocked-fs.ts";
import { DiskModel, diskRoot, type Luck } from "./model.ts";

vi.mock("node:fs", async (original) => (await import("./mocked-fs.ts")).mockedFs(await original()));
vi.mock("node:fs/promises", async (original) =>
  (await import("./mocked-fs.ts")).mockedPromises(await original()),
);

/** One that keeps something: changes it again and again, and says what it has promised. */
interface Keeper {
  readonly name: string;
  /** Calls `promise` with the number of each change once it was acknowledged; ends when a change fails. */
  readonly change: (promise: (number: number) => void) => Promise<void>;
  /** @returns the number of the newest change that is there; 0 for none. @throws when what is there cannot be read */
  readonly start: () => Promise<number>;
}

const file = `${diskRoot}/data/state.json`;
const way = { kind: "hub", host: "a", deviceId: "d" } as const;
const wallNow = () => wallMillis(1_780_000_000_000);
const changes = 6;

async function stateStore(): Promise<{ readonly store: StateStore; readonly found: unknown }> {
  const store = new StateStore(file, durableSystemFiles, new VirtualClock());
  const found = await store.load();
  if (found.kind === "unreadable") throw new Error(`the state cannot be read: ${found.reason}`);
  return { store, found: found.kind === "found" ? found.document : undefined };
}

const documentAt = (number: number) => ({ number, filler: "x".repeat(100 * number) });
const numberIn = (document: unknown): number =>
  document === undefined ? 0 : (document as { readonly number: number }).number;

const reports = () =>
  new ReportStore(reportsFolder(`${diskRoot}/data`), durableSystemFiles, new VirtualClock());
const reportAt = (uptimeSeconds: number): ErrorReport => ({
  ...{ kind: "crash", code: "crash", detail: "x", firmware: "0.1.0", uptimeSeconds },
  ...{ boot: "b", upMs: 1, wallMs: 1_780_000_000_000, heldBack: 0, events: [] },
});

/** Each row in a file of its own: half of them become hours. */
const historyLimits = { rowsPerMinuteFile: 1, minuteFiles: 3, rowsPerHourFile: 2, hourFiles: 9 };
const historyDisk = () => folderDisk(`${diskRoot}/data/history`);
const hourRow = (number: number) => rowAt(number * 60, { setPoint: number });

async function historyNumbers(): Promise<number> {
  const { rows, unreadable } = await readAll(historyDisk());
  const numbers = rows.map(({ setPoint }) => setPoint);
  if (unreadable > 0 || numbers.some((number, at) => number !== at + 1))
    throw new Error(`rows ${JSON.stringify(numbers)}, ${unreadable} files unreadable`);
  return numbers.length;
}

const keepers: readonly Keeper[] = [
  {
    name: "the history",
    async change(promise) {
      const store = new HistoryStore(historyDisk(), historyLimits);
      await store.open();
      for (let number = 1; number <= changes; number += 1) {
        await store.append([hourRow(number)]);
        promise(number);
        await store.bound();
      }
    },
    async start() {
      const found = await historyNumbers();
      // The next start goes on with what it finds, and reads the same.
      const store = new HistoryStore(historyDisk(), historyLimits);
      await store.open();
      await store.append([hourRow(found + 1)]);
      await store.bound();
      const then = await historyNumbers();
      if (then !== found + 1) throw new Error(`${found} rows, and then ${then}`);
      return found;
    },
  },
  {
    name: "the durable state",
    async change(promise) {
      const { store } = await stateStore();
      for (let number = 1; number <= changes; number += 1) {
        store.offer(documentAt(number));
        await store.flush();
        if (store.failure !== undefined) return;
        promise(number);
      }
    },
    start: async () => numberIn((await stateStore()).found),
  },
  {
    name: "a file that is replaced",
    async change(promise) {
      for (let number = 1; number <= changes; number += 1) {
        await replaceFile(file, JSON.stringify(documentAt(number)));
        promise(number);
      }
    },
    start: async () => numberIn(JSON.parse(readSmallFile(file, { limit: 4096 }) ?? '{"number":0}')),
  },
  {
    name: "a document of the hub",
    async change(promise) {
      const documents = await openDocuments(`${diskRoot}/data/hub`);
      for (let number = 1; number <= changes; number += 1) {
        await documents.write("device", documentAt(number));
        promise(number);
      }
    },
    async start() {
      const onDamaged = (damaged: object) => {
        if (!("recovered" in damaged) || damaged.recovered !== true)
          throw new Error(`a document is lost: ${JSON.stringify(damaged)}`);
      };
      const documents = await openDocuments(`${diskRoot}/data/hub`, { onDamaged });
      return numberIn(await documents.read("device", (document) => document));
    },
  },
  {
    name: "the outbox",
    async change(promise) {
      const { store } = await segmentStore(`${diskRoot}/data/outbox`, wallNow)("none");
      for (let number = 1; number <= changes; number += 1) {
        await store.write(
          { put: [{ key: number, text: `text ${"x".repeat(100)}` }], note: `${number}` },
          { durable: true },
        );
        promise(number);
      }
    },
    async start() {
      const { store, repaired } = await segmentStore(`${diskRoot}/data/outbox`, wallNow)("none");
      // A write that was torn may cost what nobody was promised, and no more.
      const keys = (await store.read(0, 100)).map(({ key }) => key);
      if (keys.some((key, at) => key !== at + 1))
        throw new Error(`${JSON.stringify(keys)}, ${JSON.stringify(repaired)}`);
      return keys.length;
    },
  },
  {
    name: "the notes of the cloud process",
    async change(promise) {
      const notes = await CloudNotes.open(`${diskRoot}/data`, durableSystemFiles, way);
      for (let number = 1; number <= changes; number += 1) {
        await notes.isRepeated(`message ${number}`);
        promise(number);
      }
    },
    async start() {
      const text = readSmallFile(`${diskRoot}/data/cloud.json`, { limit: 65_536 });
      if (text === undefined) return 0;
      return (JSON.parse(text) as { messageIds: readonly string[] }).messageIds.length;
    },
  },
  {
    name: "the error reports",
    async change(promise) {
      for (let number = 1; number <= changes; number += 1) {
        await reports().add(reportAt(number));
        promise(number);
      }
    },
    async start() {
      const found = (await reports().list()).map(({ report }) => report.uptimeSeconds);
      if (found.some((each, at) => each !== at + 1)) throw new Error(`reports ${JSON.stringify(found)}`);
      return found.length;
    },
  },
];

const lucks: readonly Luck[] = ([0, 0.5, 1] as const).flatMap((names) =>
  ([0, 0.5, 1] as const).map((bytes) => ({ names, bytes })),
);

async function playedOn(disk: DiskModel, keeper: Keeper): Promise<number> {
  inUse.disk = disk;
  let promised = 0;
  await keeper
    .change((number) => {
      // Whoever says so after the power is gone says it to nobody.
      if (disk.left > 0) promised = number;
    })
    .catch(() => undefined);
  return promised;
}

/** The folder of the data is there before anything else: see data-folder.ts. */
function prepared(): DiskModel {
  const disk = new DiskModel();
  disk.makeFolder(`${diskRoot}/data`, true);
  return disk;
}

describe.each(keepers)("a cut after each operation: $name", (keeper) => {
  it("loses nothing acknowledged, and leaves nothing unreadable", async () => {
    const whole = prepared();
    expect(await playedOn(whole, keeper)).toBe(changes);
    const operations = whole.changes;
    expect(operations).toBeGreaterThan(changes * 3);
    for (let cut = 1; cut <= operations; cut += 1) {
      const disk = prepared();
      disk.left = cut;
      const promised = await playedOn(disk, keeper);
      for (const luck of lucks) {
        inUse.disk = disk.afterCut(luck);
        const where = `cut after ${cut} of ${operations}, ${JSON.stringify(luck)}`;
        const found = await keeper.start().catch((error: unknown) => {
          throw new Error(`${where}: ${error}`, { cause: error });
        });
        expect(found, where).toBeGreaterThanOrEqual(promised);
        expect(found, where).toBeLessThanOrEqual(promised + 1);
      }
    }
    console.log(`${keeper.name}: ${operations} cuts, ${operations * lucks.length} starts`);
  });
});
