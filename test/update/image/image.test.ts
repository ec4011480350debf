/** Images on a real file system: built, signed, read back, and every way to spoil them. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  describeFolder,
  type ImageFacts,
  nodeRange,
  writeImage,
} from "../../../src/update/image/build-image.ts";
import { headerLine } from "../../../src/update/image/image-header.ts";
import { type ImageManifest, manifestBytes } from "../../../src/update/image/image-manifest.ts";
import { type ImageSink, readImage, verifyOnly } from "../../../src/update/image/image-reader.ts";
import {
  newKeyPair,
  readPublicKey,
  readSigningKey,
  type TrustedKey,
} from "../../../src/update/image/keys.ts";
import { ImageRefused } from "../../../src/update/image/refusal.ts";
import { signImage } from "../../../src/update/image/sign-image.ts";

const facts: ImageFacts = {
  product: "grove-heater",
  version: "0.2.0",
  counter: 7,
  builtAt: 1_790_000_000,
  node: { min: "20.19.0", below: "25.0.0" },
  native: null,
  state: { reads: 1, writes: 1 },
};
const owner = newKeyPair();
const signing = readSigningKey(owner.privatePem);
const trusted: readonly TrustedKey[] = [readPublicKey(owner.publicPem)];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "image-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (...names: string[]): string => join(folder, ...names);

/** A program of three files, written in the order given. */
function program(name: string, order: readonly string[]): string {
  const contents: Record<string, string> = {
    "dist/main.js": "console.log('heat');\n",
    "dist/empty.js": "",
    "node_modules/@scope/b/index.js": "module.exports = 1;\n",
  };
  for (const path of order) {
    mkdirSync(join(at(name), path, ".."), { recursive: true });
    writeFileSync(join(at(name), path), contents[path] ?? "");
  }
  chmodSync(join(at(name), "dist/main.js"), 0o755);
  return at(name);
}

const paths = ["dist/main.js", "dist/empty.js", "node_modules/@scope/b/index.js"];

async function built(name = "image", from = program("program", paths)): Promise<string> {
  const manifest = await describeFolder(from, facts, signing.id);
  await writeImage(from, manifest, at(name));
  return at(name);
}

let count = 0;
async function signed(to = `signed-${count++}`): Promise<Buffer> {
  await signImage(await built(`image-${count++}`), at(to), signing);
  return readFileSync(at(to));
}

async function* chunks(bytes: Uint8Array, size = bytes.length || 1): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

const reading = (bytes: Uint8Array, keys: readonly TrustedKey[] | "any" = trusted, sink = verifyOnly) =>
  readImage({ source: chunks(bytes), trusted: keys, sink });

async function refusal(bytes: Uint8Array, keys?: readonly TrustedKey[] | "any"): Promise<string> {
  const error = await reading(bytes, keys).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ImageRefused) return error.code;
  throw new Error(`not refused: ${String(error)}`);
}

/** An image with this manifest and payload, signed as it is. */
async function withManifest(change: (text: string) => string): Promise<Buffer> {
  const { sign } = await import("node:crypto");
  const image = await signed();
  const { head, manifest } = await reading(image);
  const bytes = Buffer.from(change(manifestBytes(manifest).toString()));
  const signature = { keyId: signing.id, bytes: sign(null, bytes, signing.privateKey) };
  const header = headerLine({ manifestLength: bytes.length, signature });
  return Buffer.concat([Buffer.from(header), bytes, image.subarray(head.length)]);
}

describe("an image", () => {
  it("gives back every file that went into it, with what may be executed", async () => {
    const found = new Map<string, string>();
    const executable: string[] = [];
    const sink: ImageSink = {
      manifest(manifest, digest) {
        expect(manifest).toMatchObject({ version: "0.2.0", counter: 7, keyId: signing.id });
        expect(digest).toBe(createHash("sha256").update(manifestBytes(manifest)).digest("hex"));
      },
      async file({ path, executable: bit }, content) {
        const parts: Uint8Array[] = [];
        for await (const part of content) parts.push(part);
        found.set(path, Buffer.concat(parts).toString());
        if (bit === 1) executable.push(path);
      },
    };
    await readImage({ source: chunks(await signed(), 7), trusted, sink });
    expect([...found.keys()]).toEqual(["dist/empty.js", "dist/main.js", "node_modules/@scope/b/index.js"]);
    expect(found.get("dist/main.js")).toBe("console.log('heat');\n");
    expect(executable).toEqual(["dist/main.js"]);
  });

  it("is the same to the byte, whatever the order, the times and the place of the files", async () => {
    const first = await built("first");
    const other = program("elsewhere", [...paths].reverse());
    utimesSync(join(other, "dist/main.js"), 1, 1);
    const second = await built("second", other);
    expect(readFileSync(first).equals(readFileSync(second))).toBe(true);
  });

  it("is never written over another file", async () => {
    writeFileSync(at("signed"), "precious");
    await expect(signed("signed")).rejects.toMatchObject({ code: "EEXIST" });
    expect(readFileSync(at("signed"), "utf8")).toBe("precious");
  });

  it.each([
    ["a link", (from: string) => symlinkSync("/etc/passwd", join(from, "link"))],
    ["a name with a line feed", (from: string) => writeFileSync(join(from, "a\nb"), "")],
    ["a name that ends in a dot", (from: string) => writeFileSync(join(from, "con."), "")],
  ])("is not made of a folder with %s", async (_, spoil) => {
    const from = program("program", paths);
    spoil(from);
    await expect(describeFolder(from, facts, signing.id)).rejects.toMatchObject({ code: "invalid-manifest" });
  });
});

it("is for the Node.js that built it, whichever that is, and for those that releases are tested on", () => {
  expect(nodeRange("20.19.0")).toEqual({ min: "20.19.0", below: "25.0.0" });
  expect(nodeRange("24.9.1")).toEqual({ min: "20.19.0", below: "25.0.0" });
  expect(nodeRange("26.1.0")).toEqual({ min: "20.19.0", below: "27.0.0" });
});

describe("a device that trusts one key", () => {
  it("refuses an image that is not signed, or by a key that it does not know", async () => {
    const stranger = readSigningKey(newKeyPair().privatePem);
    const unsigned = await built("unsigned");
    expect(await refusal(readFileSync(unsigned))).toBe("unsigned");
    await signImage(unsigned, at("strange"), stranger);
    expect(await refusal(readFileSync(at("strange")))).toBe("unknown-key");
    expect(await refusal(readFileSync(at("strange")), [])).toBe("unknown-key");
    await expect(reading(readFileSync(at("strange")), "any")).resolves.toMatchObject({ manifest: facts });
  });

  it("refuses a good signature of another image", async () => {
    const image = await signed();
    const line = image.subarray(0, image.indexOf(0x0a) + 1);
    const changed = await withManifest((text) => text.replace('"counter": 7', '"counter": 8'));
    const rest = changed.subarray(changed.indexOf(0x0a) + 1);
    expect(await refusal(Buffer.concat([line, rest]))).toBe("bad-signature");
  });

  it("refuses an image with any byte of its header or manifest flipped", async () => {
    const image = await signed();
    const payloadAt = (await reading(image)).head.length;
    for (let index = 0; index < payloadAt; index++) {
      const spoilt = Buffer.from(image);
      spoilt[index] = (spoilt[index] ?? 0) ^ 0x01;
      const code = await refusal(spoilt);
      expect(
        ["not-an-image", "newer-format", "unknown-key", "bad-signature", "wrong-length"],
        `byte ${index}`,
      ).toContain(code);
    }
  });

  it("refuses an image with any byte of a file changed, cut off or added", async () => {
    const image = await signed();
    const payloadAt = (await reading(image)).head.length;
    for (let index = payloadAt; index < image.length; index++) {
      const spoilt = Buffer.from(image);
      spoilt[index] = (spoilt[index] ?? 0) ^ 0x80;
      expect(await refusal(spoilt), `byte ${index}`).toBe("wrong-content");
      expect(await refusal(image.subarray(0, index)), `cut at ${index}`).toBe("wrong-length");
    }
    expect(await refusal(Buffer.concat([image, Buffer.of(0)]))).toBe("wrong-length");
  });

  it("refuses an image that is cut off anywhere before its files", async () => {
    const image = await signed();
    const payloadAt = (await reading(image)).head.length;
    const headerAt = image.indexOf("\n");
    for (let length = 0; length < payloadAt; length += 13) {
      const code = length <= headerAt ? "not-an-image" : "wrong-length";
      expect(await refusal(image.subarray(0, length)), `cut at ${length}`).toBe(code);
    }
    expect(await refusal(Buffer.from("<!doctype html><p>Please log in"))).toBe("not-an-image");
  });

  it("never reads on in a stream without an end", async () => {
    let given = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        given += 1024;
        yield Buffer.alloc(1024, "a");
      }
    };
    await expect(readImage({ source: endless(), trusted, sink: verifyOnly })).rejects.toMatchObject({
      code: "not-an-image",
    });
    expect(given).toBeLessThan(10_000);
  });

  it("refuses a manifest that claims more than a device will hold, before it reads it", async () => {
    const claim = `grove-heater-image 1 99999999 ${signing.id} ${"A".repeat(86)}==\n`;
    expect(await refusal(Buffer.from(claim))).toBe("too-large");
    expect(await refusal(Buffer.from(claim.replace("image 1", "image 2")))).toBe("newer-format");
  });
});

describe("a signed manifest", () => {
  const main = '"path": "dist/main.js"';
  it.each([
    ["a path out of the image", (text: string) => text.replace(main, '"path": "../../etc/passwd"')],
    ["an absolute path", (text: string) => text.replace(main, '"path": "/etc/passwd"')],
    ["a path with a NUL", (text: string) => text.replace(main, '"path": "dist/\\u0000.js"')],
    ["an empty part", (text: string) => text.replace(main, '"path": "dist//main.js"')],
    ["a backslash", (text: string) => text.replace(main, '"path": "dist\\\\..\\\\main.js"')],
    [
      "two names that a case-insensitive system takes for one",
      (text: string) => text.replace(main, '"path": "dist/EMPTY.js"'),
    ],
    ["a file in the place of a folder", (text: string) => text.replace(main, '"path": "node_modules"')],
    ["sizes that do not add up", (text: string) => text.replace('"totalBytes": 41', '"totalBytes": 42')],
    ["a name twice", (text: string) => text.replace('"counter": 7', '"counter": 7, "counter": 7')],
    ["an unknown member", (text: string) => text.replace('"counter": 7', '"counter": 7, "run": "rm"')],
    ["another key than its signature", (text: string) => text.replace(signing.id, "0123456789abcdef")],
    ["a counter of zero", (text: string) => text.replace('"counter": 7', '"counter": 0')],
    [
      "a range of Node.js without a version",
      (text: string) => text.replace('"below": "25.0.0"', '"below": "20.19.0"'),
    ],
    ["no JSON", () => "heat"],
    ["a list", () => "[]"],
  ])("is refused with %s", async (_, change) => {
    const image = await withManifest(change);
    expect(await refusal(image)).toBe("invalid-manifest");
  });

  it("of a later format is refused as one", async () => {
    expect(await refusal(await withManifest((text) => text.replace('"format": 1', '"format": 2')))).toBe(
      "newer-format",
    );
  });

  it("is refused or read, whatever it is, and never anything else", async () => {
    const image = await signed();
    const { manifest } = await reading(image);
    const text = manifestBytes(manifest).toString();
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.string({ maxLength: 12 }), async (offset, piece) => {
        const changed = text.slice(0, offset) + piece + text.slice(offset + piece.length);
        const outcome = await withManifest(() => changed)
          .then(reading)
          .then(
            (read): ImageManifest | undefined => read.manifest,
            (error: unknown) => {
              expect(error).toBeInstanceOf(ImageRefused);
              return undefined;
            },
          );
        expect(outcome === undefined || outcome.files.length <= 3).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
