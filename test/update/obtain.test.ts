/** From a published feed into a unit's free slot, by a delta or as a whole: all parts together. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seconds } from "../../src/base/units.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import { canUseDictionary } from "../../src/update/delta/zstd.ts";
import { Downloader } from "../../src/update/download/download.ts";
import { systemDownloadFiles } from "../../src/update/download/download-files.ts";
import { FeedSource } from "../../src/update/feed/feed-source.ts";
import { publish } from "../../src/update/feed/publish.ts";
import { fetchAssigned, installFetched, type ObtainOptions } from "../../src/update/obtain.ts";
import { systemSlotFiles } from "../../src/update/slots/slot-files.ts";
import { SlotStore } from "../../src/update/slots/slot-store.ts";
import { confirmed, onTrial } from "../../src/update/slots/slots.ts";
import { never, noise, pausing, transport } from "./download/rig.ts";
import { imageOf, imageOfFiles, signing, thisDevice, trusted } from "./fixtures.ts";

const can = await canUseDictionary();
const big = noise(300_000);
const images = [1, 2].map((counter) =>
  imageOfFiles(counter, { "dist/loop.js": Buffer.concat([Buffer.from(`release ${counter}`), big]) }),
);

const files = systemSlotFiles(systemClock);

let root: string;
const at = (...names: string[]): string => join(root, ...names);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "obtain-"));
  for (const [index, image] of images.entries()) writeFileSync(at(`${index + 1}.image`), image);
});
afterEach(() => rmSync(root, { recursive: true }));

class Unit {
  readonly store = new SlotStore(files, at("unit", "slots"));
  readonly notes: [string, object][] = [];
  readonly clock = pausing(1);
  readonly options: ObtainOptions;
  readonly source: FeedSource;

  constructor(deltas: ObtainOptions["deltas"] = "when-possible") {
    const note = (event: string, fields: object): void => void this.notes.push([event, fields]);
    const downloader = new Downloader({
      files: systemDownloadFiles(systemClock),
      transport,
      clock: this.clock,
      folder: at("unit", "download"),
      reserve: async () => {},
      maxBytes: 1e9,
      minimumRate: { bytes: 1, within: seconds(600) },
    });
    this.options = {
      downloader,
      store: this.store,
      files,
      trusted,
      target: thisDevice,
      deltas,
      note,
    };
    this.source = new FeedSource({
      url: pathToFileURL(at("feed")).href,
      channel: "default",
      group: "home",
      unitId: "unit-1",
      trusted,
      known: () => {
        const { active, slots, counterFloor, failed } = this.store.read();
        return { running: active === null ? undefined : slots[active]?.digest, counterFloor, failed };
      },
      transport,
      clock: this.clock,
      files,
      folder: at("unit"),
      rate: { bytes: 1, within: seconds(600) },
      note,
    });
  }

  async update(): Promise<string | undefined> {
    const { assignment } = await this.source.check(never);
    if (assignment === null) return undefined;
    const fetched = await fetchAssigned(assignment, this.options, { signal: never });
    const { slot, image } = await installFetched(fetched, assignment, this.options, { signal: never });
    await this.store.change((state) => confirmed(onTrial(state, slot)));
    return image.version;
  }
}

const published = (counter: number, from: readonly string[] = []) =>
  publish(
    {
      folder: at("feed"),
      key: signing,
      group: "home",
      image: at(`${counter}.image`),
      expiresInDays: 30,
      from,
    },
    { files, wallMs: Date.UTC(2026, 10, 28), print: () => {} },
  );

describe("a unit and its feed on a USB stick", () => {
  it("goes from release to release, and its download folder is empty after each", async () => {
    const unit = new Unit();
    await published(1);
    expect(await unit.update()).toBe("0.1.0");
    expect(await unit.update()).toBeUndefined();
    await published(2);
    expect(await unit.update()).toBe("0.2.0");
    expect(
      readFileSync(join(unit.store.programIn("b"), "dist/loop.js"))
        .subarray(0, 9)
        .toString(),
    ).toBe("release 2");
    expect(readdirSync(at("unit", "download"))).toEqual([]);
    expect((await unit.store.verify("b", trusted)).version).toBe("0.2.0");
  });

  it.skipIf(!can)("takes the delta where it can, and the image is the same to the byte", async () => {
    const unit = new Unit();
    await published(1);
    await unit.update();
    const channel = await published(2, [at("1.image")]);
    // The whole image is not even there.
    rmSync(at("feed", channel.groups["home"]?.image.file ?? ""));
    expect(await unit.update()).toBe("0.2.0");
    expect((await unit.store.verify("b", trusted)).version).toBe("0.2.0");
    expect(unit.notes).toEqual([]);
  });

  it.skipIf(!can)(
    "takes the whole image when the delta is wrong, missing, or its base is damaged, and says so",
    async () => {
      for (const spoil of [
        (file: string) => writeFileSync(file, "nothing"),
        (file: string) => rmSync(file),
        () => writeFileSync(join(at("unit"), "slots", "a", "dist/loop.js"), big),
        () => writeFileSync(join(at("unit"), "slots", "a.image"), "damaged"),
        () => rmSync(join(at("unit"), "slots", "a.image")),
      ]) {
        rmSync(at("unit"), { recursive: true, force: true });
        rmSync(at("feed"), { recursive: true, force: true });
        const unit = new Unit();
        await published(1);
        await unit.update();
        const channel = await published(2, [at("1.image")]);
        spoil(at("feed", channel.groups["home"]?.image.deltas[0]?.file ?? ""));
        expect(await unit.update()).toBe("0.2.0");
        expect(unit.notes.map(([event]) => event)).toEqual(["delta-not-used"]);
      }
    },
  );

  it.skipIf(!can)("takes the whole image when its settings say so", async () => {
    const unit = new Unit("never");
    await published(1);
    await unit.update();
    await published(2, [at("1.image")]);
    expect(await unit.update()).toBe("0.2.0");
    expect(unit.notes).toEqual([["delta-not-used", { why: "the settings forbid it" }]]);
  });

  it("without dictionaries in its Node.js takes the whole image, and says so", async () => {
    const unit = new Unit();
    await published(1);
    await unit.update();
    await published(2);
    const { assignment } = await unit.source.check(never);
    if (assignment === null) throw new Error("no assignment");
    const { active, slots } = unit.store.read();
    const from = active === null ? "" : (slots[active]?.digest ?? "");
    const delta = {
      from,
      to: assignment.id,
      file: { url: "file:///nowhere", headers: {}, size: 1, sha256: "0".repeat(64) },
    };
    const fetched = await fetchAssigned({ ...assignment, delta }, unit.options, { signal: never });
    expect(fetched.delta).toBeUndefined();
    expect(JSON.stringify(unit.notes)).toMatch(can ? /gone/ : /cannot unpack/);
  });

  it("refuses another image in its place, and nothing is installed: mix and match", async () => {
    const unit = new Unit();
    const channel = await published(1);
    writeFileSync(at("feed", channel.groups["home"]?.image.file ?? ""), imageOf(2));
    await expect(unit.update()).rejects.toMatchObject({ code: "wrong-length" });
    const same = Buffer.from(images[0] ?? "");
    same[same.length - 1] = (same.at(-1) ?? 0) ^ 1;
    writeFileSync(at("feed", channel.groups["home"]?.image.file ?? ""), same);
    await expect(unit.update()).rejects.toMatchObject({ code: "wrong-content" });
    expect(unit.store.read().slots).toEqual({ a: null, b: null });
  });

  it("refuses an image that does not fit, and leaves no download behind; during a trial it keeps it", async () => {
    writeFileSync(at("1.image"), imageOf(1, { node: { min: "30.0.0", below: "31.0.0" } }));
    await published(1);
    const unit = new Unit();
    await expect(unit.update()).rejects.toMatchObject({ code: "wrong-node" });
    expect(readdirSync(at("unit", "download"))).toEqual([]);
    await published(2);
    const { assignment } = await unit.source.check(never);
    if (assignment === null) throw new Error("no assignment");
    const fetched = await fetchAssigned(assignment, unit.options, { signal: never });
    const other = await unit.store.install(files.chunks(at("2.image")), trusted, thisDevice);
    await unit.store.change((state) => onTrial(state, other.slot));
    const work = installFetched(fetched, assignment, unit.options, { signal: never });
    await expect(work).rejects.toMatchObject({ code: "on-trial" });
    expect(readdirSync(at("unit", "download"))).toContain("download");
  });
});
