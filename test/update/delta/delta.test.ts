/** Deltas between small signed images. With a Node.js that has no dictionaries, what a unit does then. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFile } from "../../../src/base/files/atomic-file.ts";
import { imageInFile } from "../../../src/update/delta/base-image.ts";
import {
  type BaseImage,
  DeltaError,
  planBytes,
  planLength,
  readPlan,
} from "../../../src/update/delta/delta-format.ts";
import { checkDelta, makeDelta } from "../../../src/update/delta/make-delta.ts";
import { rebuild } from "../../../src/update/delta/rebuild.ts";
import { canUseDictionary, pack, unpack } from "../../../src/update/delta/zstd.ts";
import { readImage, verifyOnly } from "../../../src/update/image/image-reader.ts";
import { ImageRefused } from "../../../src/update/image/refusal.ts";
import { noise, sha256 } from "../download/rig.ts";
import { imageOfFiles, stream, trusted } from "../fixtures.ts";

const can = await canUseDictionary();
const shared = noise(300_000);
const old = imageOfFiles(1, {
  "dist/chunk-AAAA.js": Buffer.concat([Buffer.from("one"), noise(40_000)]),
  "dist/loop.js": Buffer.concat([Buffer.from("old"), shared]),
  "lib/same.js": Buffer.from("same"),
  "lib/gone.js": Buffer.from("gone"),
});
const fresh = imageOfFiles(2, {
  "dist/chunk-BBBB.js": Buffer.concat([Buffer.from("two"), noise(40_000)]),
  "dist/empty.js": Buffer.alloc(0),
  "dist/loop.js": Buffer.concat([shared.subarray(0, 100_000), Buffer.from("new"), shared.subarray(100_000)]),
  "lib/moved.js": Buffer.from("same"),
  "lib/noise.bin": noise(2000).reverse(),
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "delta-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function base(name: string, bytes: Buffer): Promise<BaseImage> {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return imageInFile(path, await readImage({ source: stream(bytes, 65_536), trusted, sink: verifyOnly }));
}

let number = 0;
async function delta(): Promise<{ bytes: Buffer; from: BaseImage; to: BaseImage }> {
  const [from, to] = [await base("old", old), await base("new", fresh)];
  const path = join(folder, `delta-${number++}`);
  const file = await createFile(path, 0o600);
  const made = await makeDelta(from, to, file);
  await file.close();
  const bytes = readFileSync(path);
  expect(made).toEqual({ size: bytes.length, sha256: sha256(bytes) });
  return { bytes, from, to };
}

async function applied(bytes: Uint8Array, from: BaseImage, to: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of rebuild(stream(bytes, 1000), from, to)) parts.push(part);
  return Buffer.concat(parts);
}

describe.skipIf(!can)("a delta", () => {
  it("gives the new image to the byte, and is a small part of it", async () => {
    const { bytes, from, to } = await delta();
    expect((await applied(bytes, from, to.digest)).equals(fresh)).toBe(true);
    // The noise of 2 kB is new; all the rest is known.
    expect(bytes.length).toBeLessThan(4500);
    await checkDelta(stream(bytes), from, to, sha256(fresh));
    await expect(checkDelta(stream(bytes), from, to, "0".repeat(64))).rejects.toThrow(DeltaError);
  });

  it("is the same each time", async () => {
    expect((await delta()).bytes.equals((await delta()).bytes)).toBe(true);
  });

  it("is refused for another base, or for another result than the assigned one", async () => {
    const { bytes, from, to } = await delta();
    await expect(applied(bytes, to, to.digest)).rejects.toThrow("it is for a different image");
    await expect(applied(bytes, from, from.digest)).rejects.toThrow("it makes a different image");
  });

  it("never gives another image, whatever byte of it is flipped and wherever it is cut off", async () => {
    const { bytes, from, to } = await delta();
    for (let at = 0; at < bytes.length; at += 7) {
      const spoilt = Buffer.from(bytes);
      spoilt[at] = (spoilt[at] ?? 0) ^ 0x10;
      for (const wrong of [spoilt, bytes.subarray(0, at)]) {
        const result = await applied(wrong, from, to.digest).catch((error: unknown) => error);
        const isExpected = result instanceof DeltaError || result instanceof ImageRefused;
        if (!isExpected && !(Buffer.isBuffer(result) && result.equals(fresh))) {
          // Bytes that are not packed are judged by the image's reader.
          const reading = readImage({ source: stream(result as Buffer), trusted, sink: verifyOnly });
          await expect(reading, `byte ${at}`).rejects.toBeInstanceOf(ImageRefused);
        }
      }
    }
  });

  it("takes no file of the base that is damaged for a dictionary", async () => {
    const { bytes, from, to } = await delta();
    const damaged: BaseImage = {
      ...from,
      async *content(path) {
        for await (const chunk of from.content(path)) {
          const copy = Buffer.from(chunk);
          copy[0] = (copy[0] ?? 0) ^ 1;
          yield copy;
        }
      },
    };
    await expect(applied(bytes, damaged, to.digest)).rejects.toThrow(/the installed dist\/.* is damaged/);
  });

  it("unpacks no more than was announced", async () => {
    const bomb = await pack(Buffer.alloc(50_000_000), undefined);
    await expect(unpack(bomb, undefined, 1000)).rejects.toThrow();
    await expect(unpack(await pack(Buffer.from("ab"), undefined), undefined, 3)).rejects.toThrow(
      "2 bytes came out",
    );
  });
});

describe("a unit", () => {
  it("knows by a frame whether its Node.js unpacks with a dictionary", async () => {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    if (major < 22) expect(can).toBe(false);
    if (major >= 24 || (major === 22 && minor >= 23)) expect(can).toBe(true);
  });

  it.skipIf(can)("without that gets a clear error, and no half of an image", async () => {
    await expect(unpack(Buffer.alloc(10), undefined, 5)).rejects.toThrow("has no Zstandard");
  });

  it("reads no plan that is none, or that claims too much", () => {
    const plan = {
      from: "a",
      head: { length: 1, size: 1 },
      files: [{ path: "a", base: null, length: 1, packed: true }],
    };
    const bytes = planBytes(plan);
    const end = bytes.indexOf(0x0a);
    expect(planLength(bytes.subarray(0, end).toString())).toBe(bytes.length - end - 1);
    expect(readPlan(bytes.subarray(end + 1))).toEqual(plan);
    for (const line of [
      "",
      "grove-heater-delta 2 10",
      "grove-heater-delta 1 9999999",
      "grove-heater-image 1 10",
      "grove-heater-delta 1 -1",
    ])
      expect(() => planLength(line), line).toThrow(DeltaError);
    for (const text of [
      "",
      "{}",
      "null",
      JSON.stringify({ ...plan, head: { length: 1e9, size: 1 } }),
      JSON.stringify({ ...plan, x: 1 }),
    ])
      expect(() => readPlan(Buffer.from(text)), text).toThrow(DeltaError);
  });
});

it("the fixture's images have the digests of their manifests", async () => {
  const { digest, head } = await base("old", old);
  expect(
    createHash("sha256")
      .update(head.subarray(head.indexOf(0x0a) + 1))
      .digest("hex"),
  ).toBe(digest);
});
