/** Publishing, as the owner does it: what comes out, what is refused, and power that is cut at every operation. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canUseDictionary } from "../../../src/update/delta/zstd.ts";
import { type Channel, maxChannelBytes, readChannel } from "../../../src/update/feed/channel.ts";
import { type PublishRequest, publish } from "../../../src/update/feed/publish.ts";
import { newKeyPair, readPublicKey, readSigningKey } from "../../../src/update/image/keys.ts";
import { downloadFilesOf, failing } from "../download/cut-downloads.ts";
import { sha256 } from "../download/rig.ts";
import { imageOf, signing, trusted } from "../fixtures.ts";
import { CutDisk, type CutMode, PowerCut } from "../slots/cut-disk.ts";
import { day, today } from "./unit.ts";

const canMakeDeltas = await canUseDictionary();
let inputs: string;
beforeAll(() => {
  inputs = mkdtempSync(join(tmpdir(), "publish-"));
  for (const counter of [1, 2, 3]) writeFileSync(join(inputs, `${counter}.image`), imageOf(counter));
  writeFileSync(join(inputs, "other-2.image"), imageOf(2, { version: "9.9.9" }));
});
afterAll(() => rmSync(inputs, { recursive: true }));
const input = (name: string): string => join(inputs, `${name}.image`);

const feed = "/srv/feed";
const request = (changes: Partial<PublishRequest> = {}): PublishRequest => ({
  folder: feed,
  key: signing,
  group: "home",
  image: input("1"),
  expiresInDays: 90,
  from: [],
  ...changes,
});

async function published(
  disk: CutDisk,
  changes: Partial<PublishRequest> = {},
  wallMs = today * 1000,
): Promise<Channel> {
  return publish(request(changes), { files: disk.files, wallMs, print: () => {} });
}

function shown(disk: CutDisk): Channel | undefined {
  const bytes = disk.files.read(`${feed}/channel`, maxChannelBytes);
  return bytes && readChannel(bytes, trusted).channel;
}

/** What a unit would find missing or wrong of what the channel names. */
function wrongFiles(disk: CutDisk): string[] {
  const images = Object.values(shown(disk)?.groups ?? {}).map(({ image }) => image);
  return images
    .flatMap((image) => [image, ...image.deltas])
    .filter(
      ({ file, sha256: wanted }) =>
        sha256(disk.files.read(`${feed}/${file}`, 1e9) ?? Buffer.alloc(0)) !== wanted,
    )
    .map(({ file }) => file);
}

describe("publishing", () => {
  it("gives a channel that units take, and the image beside it", async () => {
    const disk = new CutDisk();
    await published(disk, { percent: 10 });
    expect(shown(disk)).toMatchObject({
      channel: "default",
      version: 1,
      signedAt: today,
      expiresAt: today + 90 * day,
      groups: { home: { percent: 10, image: { version: "0.1.0", counter: 1, size: imageOf(1).length } } },
    });
    expect(wrongFiles(disk)).toEqual([]);
  });

  it("carries the threshold at which a hub stops, until another one is given", async () => {
    const disk = new CutDisk();
    await published(disk);
    expect(shown(disk)?.groups["home"]).not.toHaveProperty("stopAt");
    await published(disk, { stopAt: 10 });
    await published(disk, { image: undefined, percent: 50 });
    await published(disk, { image: input("2") });
    expect(shown(disk)?.groups["home"]).toMatchObject({ stopAt: 10, image: { counter: 2 } });
    await published(disk, { image: undefined, stopAt: 30 });
    expect(shown(disk)?.groups["home"]).toMatchObject({ stopAt: 30, percent: 100 });
  });

  it("changes one group and leaves the others; raises the percentage; renews the expiry alone", async () => {
    const disk = new CutDisk();
    await published(disk, { percent: 10 });
    await published(disk, { group: "office", image: input("2") });
    await published(disk, { image: undefined, percent: 50 });
    const renewed = await published(disk, { group: undefined, image: undefined, expiresInDays: 5 });
    expect(renewed).toMatchObject({
      version: 4,
      expiresAt: today + 5 * day,
      groups: {
        home: { percent: 50, image: { counter: 1 } },
        office: { percent: 100, image: { counter: 2 } },
      },
    });
    // A new image begins with all units, unless it is said; the same one keeps its share.
    expect((await published(disk, { image: input("1") })).groups["home"]?.percent).toBe(50);
    expect((await published(disk, { image: input("3") })).groups["home"]?.percent).toBe(100);
    expect(wrongFiles(disk)).toEqual([]);
  });

  it.skipIf(!canMakeDeltas)("makes deltas from the images that units run", async () => {
    const disk = new CutDisk();
    const channel = await published(disk, { image: input("3"), from: [input("1"), input("2")] });
    expect(channel.groups["home"]?.image.deltas).toHaveLength(2);
    expect(wrongFiles(disk)).toEqual([]);
    expect((await published(disk, { image: input("3") })).groups["home"]?.image.deltas).toHaveLength(2);
  });

  it.skipIf(canMakeDeltas)("says when this Node.js can make no delta, and publishes the image", async () => {
    const said: string[] = [];
    const ports = {
      files: new CutDisk().files,
      wallMs: today * 1000,
      print: (text: string) => said.push(text),
    };
    const channel = await publish(request({ image: input("2"), from: [input("1")] }), ports);
    expect(channel.groups["home"]?.image.deltas).toEqual([]);
    expect(said).toEqual([expect.stringContaining("cannot make one")]);
  });

  it.each<[string, Partial<PublishRequest>, number, RegExp]>([
    [
      "an image behind the one of before",
      { image: input0("1") },
      today,
      /its counter is 1, and the group has 2/,
    ],
    [
      "another image with the same counter",
      { image: input0("other-2") },
      today,
      /its counter is 2, and the group has 2/,
    ],
    ["a group without an image", { group: "new", image: undefined }, today, /no group "new"/],
    ["another channel in the same folder", { channel: "beta" }, today, /holds the channel "default"/],
    ["with a clock of 1970", {}, 0, /clock shows 1970/],
    ["with a clock of 2099", {}, 4_070_908_800, /clock shows 2099/],
    ["with a clock behind the last signature", {}, today - 1, /clock is behind/],
  ])("refuses %s, and changes nothing", async (_, changes, wallSeconds, message) => {
    const disk = new CutDisk();
    await published(disk, { image: input("2") });
    const before = disk.names;
    const images = changes.image === undefined ? {} : { image: join(inputs, changes.image) };
    await expect(
      published(disk, { image: input("2"), ...changes, ...images }, wallSeconds * 1000),
    ).rejects.toThrow(message);
    expect(shown(disk)?.version).toBe(1);
    expect(disk.names).toEqual(before);
  });

  it("refuses an image that the units would refuse", async () => {
    const disk = new CutDisk();
    for (const [name, bytes, code] of [
      ["noise", Buffer.from("MZ".repeat(500)), "not-an-image"],
      ["short", imageOf(1).subarray(0, -1), "wrong-length"],
      ["empty", Buffer.alloc(0), "not-an-image"],
    ] as const) {
      writeFileSync(join(inputs, name), bytes);
      await expect(published(disk, { image: join(inputs, name) })).rejects.toMatchObject({ code });
    }
    const stranger = readSigningKey(newKeyPair().privatePem);
    await expect(published(disk, { key: stranger })).rejects.toMatchObject({ code: "unknown-key" });
    expect(disk.names).toEqual([]);
  });

  it("passes from one key to the next, with the key of before", async () => {
    const disk = new CutDisk();
    await published(disk);
    const next = newKeyPair();
    const changes = { key: readSigningKey(next.privatePem), group: undefined, image: undefined };
    await expect(published(disk, changes)).rejects.toMatchObject({ code: "unknown-key" });
    await published(disk, { ...changes, oldKey: trusted[0] });
    const bytes = disk.files.read(`${feed}/channel`, maxChannelBytes) ?? Buffer.alloc(0);
    expect(readChannel(bytes, [readPublicKey(next.publicPem)]).channel.version).toBe(2);
  });
});

/** Of `inputs`, which is not there yet when the table is made. */
function input0(name: string): string {
  return `${name}.image`;
}

describe("the power is cut while an image is published", () => {
  it.each<CutMode>(["names-lost", "names-kept"])(
    "at every operation (%s): the channel of before or the new one, whole",
    async (mode) => {
      const change = { image: input("2"), from: [input("1")] };
      const whole = new CutDisk();
      await published(whole);
      const begin = whole.operations;
      await published(whole, change);
      expect(whole.operations - begin).toBeGreaterThan(10);
      for (let cutAt = begin; cutAt <= whole.operations; cutAt++) {
        const disk = new CutDisk();
        await published(disk);
        disk.cutAt = cutAt;
        const cut = await published(disk, change).catch((error: unknown) => error);
        if (cutAt < whole.operations) expect(cut).toBeInstanceOf(PowerCut);
        const later = disk.afterCut(mode);
        expect([1, 2]).toContain(shown(later)?.version);
        expect(wrongFiles(later), `cut at ${cutAt}`).toEqual([]);
        // And the owner publishes it again.
        await published(later, change);
        expect(shown(later)?.groups["home"]?.image.counter).toBe(2);
        expect(wrongFiles(later)).toEqual([]);
        expect(later.names.filter((name) => name.endsWith(".new"))).toEqual([]);
      }
    },
  );

  it.each(["ENOSPC", "EIO"])(
    "or its disk fails with %s at each write: the channel of before stays",
    async (code) => {
      const change = request({ image: input("2"), from: [input("1")] });
      const ports = { wallMs: today * 1000, print: () => {} };
      const count = failing(downloadFilesOf(new CutDisk()), code, Number.POSITIVE_INFINITY);
      await publish(change, { ...ports, files: count.files });
      for (let at = 0; at < count.count(); at++) {
        const disk = new CutDisk();
        await published(disk);
        const { files } = failing(downloadFilesOf(disk), code, at);
        await expect(publish(change, { ...ports, files })).rejects.toMatchObject({ code });
        expect([1, 2]).toContain(shown(disk)?.version);
        expect(wrongFiles(disk)).toEqual([]);
      }
    },
  );
});
