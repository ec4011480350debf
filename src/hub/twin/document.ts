/**
 * One section of a device twin (desired or reported): its properties, their metadata and its version, as IoT
 * Hub keeps them (https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-device-twins).
 *
 * Guarantee: pure. A patch is applied completely or refused completely. Each applied patch increases the version by
 * one, and stamps every value in the patch with version and time, also unchanged ones.
 */
import { isoTime } from "../../base/iso-time.ts";
import { isRecord, type Json, type JsonObject, member, mergePatch } from "../../base/json/value.ts";

export interface TwinSection {
  readonly properties: JsonObject;
  readonly metadata: JsonObject;
  /** `$version`. */
  readonly version: number;
}

/** Limits of IoT Hub ("Device twin size", "Tags and properties format"). */
export const twinLimits = {
  totalBytes: 32_768,
  tagBytes: 8192,
  textBytes: 4096,
  nameBytes: 1024,
  depth: 10,
  minInteger: -(2 ** 52),
  maxInteger: 2 ** 52 - 1,
};

export interface PatchRefused {
  readonly refused: "malformed" | "too-large";
  readonly why: string;
}

export const isRefused = <T extends object>(outcome: T | PatchRefused): outcome is PatchRefused =>
  "refused" in outcome;

export const emptySection = (atMs: number): TwinSection => ({
  properties: {},
  metadata: { $lastUpdated: isoTime(atMs), $lastUpdatedVersion: 1 },
  version: 1,
});

/** Merges a patch: absent names stay, `null` deletes, objects merge, everything else replaces. */
export function patchSection(section: TwinSection, patch: unknown, atMs: number): TwinSection | PatchRefused {
  if (!isRecord(patch)) return { refused: "malformed", why: "a twin patch must be a JSON object" };
  const clean = withoutSystemMembers(patch);
  const fault = findFault(clean, 1, true);
  if (fault !== undefined) return fault;
  const version = section.version + 1;
  const stamp = { $lastUpdated: isoTime(atMs), $lastUpdatedVersion: version };
  const properties = mergePatch(section.properties, clean);
  const size = Buffer.byteLength(JSON.stringify(properties));
  if (size > twinLimits.totalBytes) {
    return { refused: "too-large", why: `${size} bytes, more than ${twinLimits.totalBytes}` };
  }
  return { properties, metadata: stamped(section.metadata, clean, stamp), version };
}

/** The patch that turns `section` into `properties`: a replacement (PUT) as a patch. */
export const replacingPatch = (section: TwinSection, properties: JsonObject): JsonObject =>
  replacing(section.properties, withoutSystemMembers(properties));

/** With `$version`, as devices get it. */
export const forDevice = (section: TwinSection): JsonObject => ({
  ...section.properties,
  $version: section.version,
});

/** With `$metadata` and `$version`, as the service side gets it. */
export const forService = (section: TwinSection): JsonObject => ({
  ...section.properties,
  $metadata: section.metadata,
  $version: section.version,
});

/** Refuses invalid names, depth or size. Tags have no version and no metadata. */
export function patchTags(tags: JsonObject, patch: unknown): { readonly tags: JsonObject } | PatchRefused {
  if (!isRecord(patch)) return { refused: "malformed", why: "tags must be a JSON object" };
  const fault = findFault(patch, 1, true);
  if (fault !== undefined) return fault;
  const merged = mergePatch(tags, patch);
  const size = Buffer.byteLength(JSON.stringify(merged));
  if (size > twinLimits.tagBytes) {
    return { refused: "too-large", why: `${size} bytes, more than ${twinLimits.tagBytes}` };
  }
  return { tags: merged };
}

function replacing(old: JsonObject, value: JsonObject): JsonObject {
  const gone = Object.keys(old).map((name): [string, Json] => [name, null]);
  const patch = new Map(gone);
  for (const [name, item] of Object.entries(value)) {
    const before = member(old, name);
    patch.set(name, isRecord(item) && isRecord(before) ? replacing(before, item) : item);
  }
  return Object.fromEntries(patch);
}

/** Ignores `$version` and `$metadata`, which only the hub sets. */
function withoutSystemMembers(patch: JsonObject): JsonObject {
  const { $version: _version, $metadata: _metadata, ...rest } = patch;
  return rest;
}

/** The metadata after `patch`: stamps all names in it, and their parents. */
function stamped(old: JsonObject, patch: JsonObject, stamp: JsonObject): JsonObject {
  const metadata = new Map(Object.entries({ ...old, ...stamp }));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) metadata.delete(name);
    else if (isRecord(value)) {
      const before = member(old, name);
      metadata.set(name, stamped(isRecord(before) ? before : {}, value, stamp));
    } else metadata.set(name, { ...stamp });
  }
  return Object.fromEntries(metadata);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what IoT Hub forbids in names.
const forbiddenInName = /[\u0000-\u001f\u007f-\u009f.$ ]/;

function findFault(value: Json, depth: number, nullAllowed: boolean): PatchRefused | undefined {
  if (typeof value === "string") {
    return Buffer.byteLength(value) > twinLimits.textBytes
      ? { refused: "too-large", why: `a text is longer than ${twinLimits.textBytes} bytes` }
      : undefined;
  }
  if (typeof value === "number") return findNumberFault(value);
  if (value === null) {
    return nullAllowed ? undefined : { refused: "malformed", why: "null is not allowed in a list" };
  }
  if (typeof value !== "object") return undefined;
  if (depth > twinLimits.depth) {
    return { refused: "malformed", why: `nested deeper than ${twinLimits.depth} levels` };
  }
  if (Array.isArray(value)) return firstFault(value.map((item: Json) => findFault(item, depth + 1, false)));
  return firstFault(
    Object.entries(value).map(([name, item]) => findNameFault(name) ?? findFault(item, depth + 1, true)),
  );
}

/** The limits for integers apply to all numbers: beyond them there are no fractions. */
function findNumberFault(value: number): PatchRefused | undefined {
  const { minInteger: leastInteger, maxInteger } = twinLimits;
  if (value >= leastInteger && value <= maxInteger) return undefined;
  return { refused: "malformed", why: `a number must be from ${leastInteger} to ${maxInteger}` };
}

function findNameFault(name: string): PatchRefused | undefined {
  if (Buffer.byteLength(name) > twinLimits.nameBytes) {
    return { refused: "too-large", why: `a name is longer than ${twinLimits.nameBytes} bytes` };
  }
  if (name === "" || forbiddenInName.test(name)) {
    return {
      refused: "malformed",
      why: `the name ${JSON.stringify(name.slice(0, 64))} contains a forbidden character`,
    };
  }
  return undefined;
}

const firstFault = (faults: readonly (PatchRefused | undefined)[]): PatchRefused | undefined =>
  faults.find((fault) => fault !== undefined);
