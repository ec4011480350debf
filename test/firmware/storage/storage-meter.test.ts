/** What the data folder holds, against what the manifest grants. */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { minutes, seconds } from "../../../src/base/units.ts";
import { durableSystemFiles } from "../../../src/firmware/storage/durable-files.ts";
import { gatedFiles } from "../../../src/firmware/storage/gated-files.ts";
import { SlotSizes } from "../../../src/firmware/storage/slot-sizes.ts";
import { bytesBelow, StorageMeter } from "../../../src/firmware/storage/storage-meter.ts";
import type { Manifest } from "../../../src/manifest/manifest.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

const refused = { code: "EPERM", capability: "MutableStorage" };
const grant = (storageKb: number) => ({ storageKb }) as Manifest;

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "meter-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe("the storage gate", () => {
  it("counts everything below the data folder, follows no link, and waits for nothing", async () => {
    const folder = await temporary();
    await mkdir(join(folder, "hub", "deeper"), { recursive: true });
    await writeFile(join(folder, "a"), "x".repeat(100));
    await writeFile(join(folder, "hub", "deeper", "b"), "x".repeat(1000));
    await symlink("/", join(folder, "root"));
    execFileSync("mkfifo", [join(folder, "fifo")]);
    expect(await bytesBelow(folder)).toBe(1100);
    expect(await bytesBelow(join(folder, "none"))).toBe(0);
  });

  it("refuses a write because of what lies in a folder below, and takes it once there is room", async () => {
    const folder = await temporary();
    await mkdir(join(folder, "hub"));
    const big = join(folder, "hub", "big");
    await writeFile(big, "x".repeat(4000));
    const files = gatedFiles(durableSystemFiles, folder, grant(4));
    const path = join(folder, "state.json");
    await expect(files.writeDurably(path, "x".repeat(97))).rejects.toMatchObject(refused);
    await files.writeDurably(path, "x".repeat(96));
    await rm(big);
    await files.writeDurably(path, "x".repeat(4000));
  });

  it("counts once a minute, not at each write, and before each refusal", async () => {
    const clock = new VirtualClock();
    let counts = 0;
    let bytes = 0;
    const count = async () => {
      counts += 1;
      return bytes;
    };
    const meter = new StorageMeter({ folder: "", manifest: grant(1), clock, count });
    for (let n = 0; n < 10; n += 1) await meter.reserve(100);
    expect(counts).toBe(1);
    // By its own sum it would be too much: the folder says that files were replaced.
    bytes = 100;
    await meter.reserve(100);
    expect(counts).toBe(2);
    bytes = 1000;
    await clock.advance(seconds(59));
    await meter.reserve(100);
    expect(counts).toBe(2);
    // Another process has filled it meanwhile.
    await clock.advance(minutes(1));
    await expect(meter.reserve(100)).rejects.toMatchObject(refused);
    expect(counts).toBeGreaterThan(2);
  });

  it("counts an installed image once, again after each installation, and at once while one runs", async () => {
    const folder = await temporary();
    const slots = new SlotSizes(folder);
    const [program, head] = [join(folder, "slots", "a"), join(folder, "slots", "a.image")];
    const write = (name: string, size: number) => writeFile(join(program, name), "x".repeat(size));
    await mkdir(join(program, "dist"), { recursive: true });
    await write("dist/loop.js", 1000);
    expect(await bytesBelow(folder, slots), "without its header it is being written").toBe(1000);
    await write("more", 100);
    expect(await bytesBelow(folder, slots)).toBe(1100);
    await writeFile(head, "x".repeat(7));
    expect(await bytesBelow(folder, slots)).toBe(1107);
    // Nothing but an installation writes there; this one shows that the slot is not read again.
    await write("unseen", 5000);
    expect(await bytesBelow(folder, slots)).toBe(1107);
    expect(await bytesBelow(folder), "where nothing is remembered").toBe(6107);
    await rm(head);
    expect(await bytesBelow(folder, slots)).toBe(6100);
    await writeFile(head, "y".repeat(7));
    expect(await bytesBelow(folder, slots)).toBe(6107);
  });

  it("remembers no size of a slot into which an installation began during the count", async () => {
    const folder = await temporary();
    const program = join(folder, "slots", "b");
    await mkdir(program, { recursive: true });
    await writeFile(`${program}.image`, "x");
    const slots = new SlotSizes(folder);
    const during = async () => {
      await rm(`${program}.image`);
      await writeFile(`${program}.image`, "y");
      return 1;
    };
    expect(await slots.of(program, during)).toBe(1);
    expect(await slots.of(program, async () => 2)).toBe(2);
    expect(await slots.of(program, async () => 3)).toBe(2);
    expect(await slots.of(join(folder, "hub"), async () => 4)).toBeUndefined();
  });

  it("refuses a write beyond the grant with an installed image in it", async () => {
    const folder = await temporary();
    await mkdir(join(folder, "slots", "a"), { recursive: true });
    await writeFile(join(folder, "slots", "a", "big"), "x".repeat(4000));
    await writeFile(join(folder, "slots", "a.image"), "");
    const files = gatedFiles(durableSystemFiles, folder, grant(4));
    for (let n = 0; n < 2; n++)
      await expect(files.writeDurably(join(folder, "state.json"), "x".repeat(97))).rejects.toMatchObject(
        refused,
      );
    await files.writeDurably(join(folder, "state.json"), "x".repeat(96));
  });

  it("counts once for many that ask at the same time", async () => {
    let counts = 0;
    const count = async () => {
      counts += 1;
      return 0;
    };
    const meter = new StorageMeter({ folder: "", manifest: grant(1), clock: new VirtualClock(), count });
    await Promise.all(Array.from({ length: 5 }, () => meter.reserve(10)));
    expect(counts).toBe(1);
  });
});
