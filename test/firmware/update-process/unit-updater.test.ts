import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { hours, wallMillis } from "../../../src/base/units.ts";
import { bytesBelow } from "../../../src/firmware/storage/storage-meter.ts";
import type { UpdaterToLoop } from "../../../src/firmware/update-process/messages.ts";
import type { OwnerFile } from "../../../src/firmware/update-process/owner-file.ts";
import { UnitUpdater, type UnitUpdaterOptions } from "../../../src/firmware/update-process/unit-updater.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { publish } from "../../../src/update/feed/publish.ts";
import { systemSlotFiles } from "../../../src/update/slots/slot-files.ts";
import { imageOf, imageOfFiles, signing, trusted } from "../../update/fixtures.ts";

let folder: string;
let clock: VirtualClock;
const updaters: UnitUpdater[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "unit-updater-"));
  clock = new VirtualClock({ wallStart: wallMillis(Date.UTC(2026, 11, 1)) });
});
afterEach(async () => {
  await Promise.all(updaters.splice(0).map((updater) => updater.close()));
  rmSync(folder, { recursive: true });
});

const owner = (feed: string): OwnerFile => ({
  feed: { url: `${pathToFileURL(join(folder, feed)).href}/`, channel: "default", group: "home" },
  hawkbit: undefined,
  caPem: undefined,
  kilobytesPerSecond: undefined,
  deltas: true,
});

function start(changes: Partial<UnitUpdaterOptions> = {}) {
  const sent: UpdaterToLoop[] = [];
  const updater = new UnitUpdater({
    owner: undefined,
    problem: undefined,
    dataPath: folder,
    note: undefined,
    slotsFolder: join(folder, "slots"),
    keys: trusted,
    protocols: [1],
    manifest: { connections: [], storageKb: 100_000 } as unknown as UnitUpdaterOptions["manifest"],
    firmware: "0.1.0",
    board: "virtual",
    unitId: "unit-1",
    isSealed: () => true,
    env: {},
    send: (message) => void sent.push(message),
    clock,
    random: () => 0.5,
    log: silentLog,
    ...changes,
  });
  updaters.push(updater);
  updater.start();
  const of = <K extends UpdaterToLoop["kind"]>(kind: K) =>
    sent.filter((message): message is Extract<UpdaterToLoop, { kind: K }> => message.kind === kind);
  return { updater, of };
}

/** Virtual hours; what the disk answers takes real turns of the event loop. */
async function pass(count: number): Promise<void> {
  for (let hour = 0; hour < count; hour += 1) {
    await clock.advance(hours(1));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function publishRelease(counter: number, content = imageOf(counter)): Promise<void> {
  const image = join(folder, `${counter}.image`);
  writeFileSync(image, content);
  await publish(
    { folder: join(folder, "feed"), key: signing, group: "home", image, expiresInDays: 300, from: [] },
    { files: systemSlotFiles(clock), wallMs: clock.wallNow(), print() {} },
  );
}

describe("the updater of a unit", () => {
  it("without a source says what the slots hold, and that it works", () => {
    const { of } = start();
    expect(of("firmware")).toMatchObject([
      { report: { installed: "0.1.0", program: "factory", state: "idle" } },
    ]);
    expect(of("health")).toEqual([{ kind: "health", failure: undefined }]);
  });

  it("with an owner's file that cannot be used, or without a key, says so at once", () => {
    expect(start({ problem: "updates.json:1:1: unexpected end" }).of("health")).toMatchObject([
      { failure: "updates.json:1:1: unexpected end" },
    ]);
    expect(start({ owner: owner("feed"), keys: [] }).of("health")).toMatchObject([
      { failure: expect.stringContaining("public key") },
    ]);
  });

  it("whose sources have not answered for a week is a fault, with the cause; one that answers again is none", async () => {
    const { updater, of } = start({ owner: owner("feed") });
    await pass(6 * 24);
    expect(of("health")).toHaveLength(1);
    await pass(26);
    // In virtual hours a disk may count as too slow: the cause is any of the transport's.
    expect(of("health").at(-1)?.failure).toMatch(/the channel was not fetched|feed/);
    await publishRelease(1);
    updater.take({ kind: "check" });
    // The disk answers in real time, and the clock stands.
    while (of("health").at(-1)?.failure !== undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(of("health").at(-1)).toEqual({ kind: "health", failure: undefined });
  });

  it("refuses an image after which it could not reach its sources any more, and says which host is missing", async () => {
    const program = (...hosts: string[]) => ({
      "dist/loop.js": Buffer.from("heat();"),
      "manifest/app_manifest.json": Buffer.from(
        JSON.stringify({ Capabilities: { AllowedConnections: hosts } }),
      ),
    });
    const hawkbit = { base: new URL("https://updates.example/a") } as unknown as OwnerFile["hawkbit"];
    await publishRelease(2, imageOfFiles(2, program("localhost")));
    const { updater, of } = start({ owner: { ...owner("feed"), hawkbit } });
    const report = async (version: string) => {
      updater.take({ kind: "check" });
      for (;;) {
        const last = of("firmware").at(-1)?.report;
        if (last?.lastVersion === version || last?.slotA === version) return last;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    expect(await report("0.2.0")).toMatchObject({
      lastResult: "refused",
      lastReason: expect.stringMatching(/^source-not-granted: .*does not grant updates\.example/),
      slotA: "",
    });
    await publishRelease(3, imageOfFiles(3, program("*.EXAMPLE")));
    expect(await report("0.3.0")).toMatchObject({ slotA: "0.3.0" });
  });

  it("takes an image only where the storage grant has room for it beside what the data folder holds", async () => {
    await publishRelease(1);
    writeFileSync(join(folder, "history"), "");
    truncateSync(join(folder, "history"), 90_000_000);
    const heldKb = Math.ceil((await bytesBelow(folder)) / 1024);
    const resultWith = async (storageKb: number) => {
      const manifest = { connections: [], storageKb } as unknown as UnitUpdaterOptions["manifest"];
      const { updater, of } = start({ owner: owner("feed"), manifest });
      updater.take({ kind: "check" });
      const result = () =>
        of("firmware")
          .map(({ report: { state, reason } }) => `${state} ${reason}`)
          .find((each) => /^(waiting|deferred)/.test(each));
      return await vi.waitUntil(result, { timeout: 20_000, interval: 5 });
    };
    expect(await resultWith(heldKb + 1)).toMatch(/^waiting no-space: EPERM.*MutableStorage/);
    expect(await resultWith(2 * heldKb)).toBe("deferred the control loop decides when");
  });
});
