/**
 * Folder image/: a firmware image: one file that holds a signed manifest and the program's files.
 *
 * An image's manifest: which program, for which machines, and the exact content of every file.
 *
 * Guarantee: a manifest that was read names only files inside the image's own folder, each once, on case-sensitive and
 * case-insensitive file systems alike; its sizes add up. The signature is checked over the exact bytes, before any of
 * them is parsed (image-reader.ts).
 */
import { JsonDocument } from "../../base/schema/document.ts";
import type { Infer } from "../../base/schema/schema.ts";
import { list, strictObject } from "../../base/schema/structures.ts";
import { integer, nullable, oneOf, optional, refine, string } from "../../base/schema/values.ts";
import { compareVersions } from "../../base/version.ts";
import { ImageRefused } from "./refusal.ts";

/** The version of this format. A device refuses any other. */
export const imageFormat = 1;
export const product = "grove-heater";

/** Limits that a device keeps before it has verified anything; generous for a program of 10 MB in 2,000 files. */
export const maxManifestBytes = 4 * 1024 * 1024;
export const maxImageBytes = 512 * 1024 * 1024;
const maxFiles = 20_000;
const maxPathLength = 240;

const sha256Rule = { pattern: /^[0-9a-f]{64}$/, expected: "a SHA-256 in lower-case hexadecimal" };
const versionRule = { pattern: /^\d{1,5}(\.\d{1,5}){2}$/, expected: 'a version such as "1.4.0"' };

const imageFile = strictObject({
  path: refine(string(undefined, maxPathLength), "a relative path inside the image", isSafePath),
  size: integer(0, maxImageBytes),
  sha256: string(sha256Rule),
  executable: optional(oneOf([1])),
});

const manifestSchema = strictObject({
  format: integer(imageFormat, imageFormat),
  product: string(undefined, 64),
  version: string(versionRule),
  /** Rises with every release. A device refuses a lower one than the highest that it has confirmed. */
  counter: integer(1, 2 ** 31 - 1),
  /** Of the commit, not of the build: the same commit gives the same bytes. Seconds since 1970. */
  builtAt: integer(0, 2 ** 40),
  node: strictObject({ min: string(versionRule), below: string(versionRule) }),
  /** Of the native packages; null where there are none, so that every machine can take it. */
  native: nullable(
    strictObject({
      architecture: oneOf(["arm", "arm64", "x64"]),
      platform: oneOf(["linux"]),
      /** `process.versions.modules` of the Node.js that built them; null where they use Node-API alone. */
      abi: nullable(integer(1, 10_000)),
    }),
  ),
  /** Which versions of the stored state it reads, and which it writes. */
  state: strictObject({ reads: integer(1, 10_000), writes: integer(1, 10_000) }),
  /** Version of the messages between its loop and the guardian that starts it; absent: the first one. */
  protocol: optional(integer(1, 1000)),
  /** Of all files together. */
  totalBytes: integer(0, maxImageBytes),
  keyId: string({ pattern: /^[0-9a-f]{16}$/, expected: "a key id of 16 hexadecimal digits" }),
  files: list(imageFile, maxFiles),
});

export type ImageManifest = Infer<typeof manifestSchema>;
export type ImageFile = ImageManifest["files"][number];

/** The bytes that are signed. Deterministic: members in a fixed order, files in the order given. */
export const manifestBytes = (manifest: ImageManifest): Buffer =>
  Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);

/** @throws ImageRefused "invalid-manifest" with every mistake, "newer-format" for a format of a later version */
export function readManifest(bytes: Uint8Array): ImageManifest {
  const text = new TextDecoder("utf-8", { fatal: false }).decode(bytes);
  const document = JsonDocument.parse(text);
  if (!(document instanceof JsonDocument)) throw invalid(`line ${document.line}: ${document.message}`);
  const { format } = Object(document.value) as { format?: unknown };
  if (typeof format === "number" && format > imageFormat) {
    throw new ImageRefused(
      "newer-format",
      `the image has format ${format}; this firmware reads ${imageFormat}`,
    );
  }
  const manifest = document.read(manifestSchema);
  if (manifest === undefined) {
    const [first] = document.problems("the image's manifest");
    throw invalid(first === undefined ? "it is not an object" : `line ${first.line}: ${first.message}`);
  }
  const mistake = inconsistency(manifest);
  if (mistake !== undefined) throw invalid(mistake);
  return manifest;
}

const invalid = (why: string): ImageRefused => new ImageRefused("invalid-manifest", why);

function inconsistency({ files, totalBytes, node }: ImageManifest): string | undefined {
  const sum = files.reduce((total, { size }) => total + size, 0);
  if (sum !== totalBytes) return `totalBytes is ${totalBytes}, but the files have ${sum}`;
  if (compareVersions(node.min, node.below) >= 0) return "node.min must be lower than node.below";
  const seen = new Set<string>();
  for (const { path } of files) {
    const folded = path.toLowerCase();
    if (seen.has(folded)) return `${JSON.stringify(path)} is listed twice`;
    seen.add(folded);
  }
  for (const { path } of files) {
    // A file cannot also be a folder of another.
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const folder = path.slice(0, at);
      if (seen.has(folder.toLowerCase())) return `${JSON.stringify(folder)} is a file and a folder`;
    }
  }
  return undefined;
}

/**
 * Whether a path stays inside the folder that it is joined to, on any system: relative, `/` between its parts, none of
 * them empty, "." or "..", printable ASCII without the characters that a file system or a shell treats specially.
 */
export function isSafePath(path: string): boolean {
  if (path === "" || path.length > maxPathLength) return false;
  return path
    .split("/")
    .every((part) => /^[A-Za-z0-9@#._+~$=, ()[\]-]{1,120}$/.test(part) && !/^\.{1,2}$|[. ]$/.test(part));
}
