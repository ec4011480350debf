/** Downloads onto a disk that loses its power, is full or fails, at every operation. */
import { describe, expect, it } from "vitest";
import type { Opened, Transport } from "../../../src/update/transport/open.ts";
import { CutDisk, type CutMode, PowerCut } from "../slots/cut-disk.ts";
import { downloadFilesOf, failing } from "./cut-downloads.ts";
import { codeOf, folder, locationOf, never, noise, rig } from "./rig.ts";

const image = noise(2_500_000);
const location = locationOf("http://127.0.0.1/image", image);
const control = { signal: never };

/** Serves `bytes` from where it is asked. */
const memory = (bytes: Buffer, asked: number[] = []): Transport => ({
  async open({ from }): Promise<Opened> {
    asked.push(from);
    return {
      from,
      size: bytes.length,
      etag: '"one"',
      close() {},
      chunks: (async function* () {
        for (let at = from; at < bytes.length; at += 250_000) yield bytes.subarray(at, at + 250_000);
      })(),
    };
  },
});

const options = { transport: memory(image) };

async function operations(): Promise<number> {
  const { downloader, disk } = rig(options);
  await downloader.fetch(location, control);
  return disk.operations;
}

describe("the power is cut", () => {
  it.each<CutMode>(["names-lost", "names-kept"])(
    "at every operation of a download (%s): the next one gives the image",
    async (mode) => {
      const last = await operations();
      expect(last).toBeGreaterThan(15);
      let resumed = 0;
      for (let cutAt = 0; cutAt <= last; cutAt++) {
        const first = rig(options);
        first.disk.cutAt = cutAt;
        const cut = await first.downloader.fetch(location, control).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (cut !== undefined) expect(cut, `cut at ${cutAt}`).toBeInstanceOf(PowerCut);
        const asked: number[] = [];
        const second = rig({ transport: memory(image, asked) }, first.disk.afterCut(mode));
        const got = await second.downloader.fetch(location, control);
        expect(got.sha256).toBe(location.sha256);
        expect(image.equals((await second.content()) ?? Buffer.alloc(0)), `cut at ${cutAt}`).toBe(true);
        if ((asked[0] ?? 1) > 0) resumed += 1;
      }
      // What was synchronized is not fetched again.
      expect(resumed).toBeGreaterThan(0);
    },
  );

  it("and what the card holds was never on the line: all of it comes again", async () => {
    const first = rig(options);
    await first.downloader.fetch(location, control);
    first.disk.spoil(`${folder}/download`);
    const asked: number[] = [];
    const second = rig({ transport: memory(image, asked) }, first.disk);
    expect((await second.downloader.fetch(location, control)).sha256).toBe(location.sha256);
    expect(asked).toEqual([0]);
  });

  it("and the record is damaged: the download begins anew", async () => {
    const first = rig(options);
    await first.downloader.fetch(location, control);
    first.disk.spoil(`${folder}/download.json`);
    const asked: number[] = [];
    await rig({ transport: memory(image, asked) }, first.disk).downloader.fetch(location, control);
    expect(asked).toEqual([0]);
  });
});

describe("the disk", () => {
  it.each([
    ["ENOSPC", "no-space"],
    ["EIO", "disk"],
  ])(
    "fails with %s at each write: the download ends, its room is free, and later it goes well",
    async (code, expected) => {
      const whole = failing(downloadFilesOf(new CutDisk()), code, Number.POSITIVE_INFINITY);
      await rig({ ...options, files: whole.files }).downloader.fetch(location, control);
      expect(whole.count()).toBeGreaterThan(10);
      for (let at = 0; at < whole.count(); at++) {
        const disk = new CutDisk();
        const { files } = failing(downloadFilesOf(disk), code, at);
        expect(
          await codeOf(rig({ ...options, files }).downloader.fetch(location, control)),
          `operation ${at}`,
        ).toBe(expected);
        expect(disk.names, `operation ${at}`).toEqual([]);
        expect((await rig(options, disk).downloader.fetch(location, control)).size).toBe(image.length);
      }
    },
  );

  it("is asked for room before anything is fetched", async () => {
    const asked: number[] = [];
    const files = downloadFilesOf(new CutDisk(), () => image.length + 16 * 1024 * 1024 - 1);
    const { downloader } = rig({ transport: memory(image, asked), files });
    expect(await codeOf(downloader.fetch(location, control))).toBe("no-space");
    expect(asked).toEqual([]);
  });

  it("has room by itself, but the manifest does not grant it", async () => {
    const asked: number[] = [];
    const wanted: number[] = [];
    const reserve = async (bytes: number): Promise<void> => {
      wanted.push(bytes);
      throw new Error("set MutableStorage to more");
    };
    const { downloader } = rig({ transport: memory(image, asked), reserve });
    await expect(downloader.fetch(location, { ...control, room: 1000 })).rejects.toMatchObject({
      code: "no-space",
      message: "set MutableStorage to more",
    });
    expect(wanted).toEqual([image.length + 1000]);
    expect(asked).toEqual([]);
  });

  it("holds one download: another image takes its place", async () => {
    const { downloader, disk, content } = rig(options);
    await downloader.fetch(location, control);
    const other = noise(1000).reverse();
    await rig({ transport: memory(other) }, disk).downloader.fetch(
      locationOf("http://127.0.0.1/2", other),
      control,
    );
    expect((await content())?.equals(other)).toBe(true);
    expect(disk.names).toEqual([`${folder}/download`, `${folder}/download.json`]);
  });
});
