/**
 * JSON values: types, members, comparison and merge patches.
 *
 * Guarantee: nothing here throws for any parsed JSON, and no name such as `__proto__` reaches an object's prototype.
 */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };
/** An object to be serialized, or one whose members are not validated yet. */
export type JsonRecord = { readonly [name: string]: unknown };

/** Recursion limit; above the depth of any document here (IoT Hub allows ten). */
export const maxDepth = 16;

/** Whether a JSON value is an object, not an array. */
export const isRecord = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An own member, never one of the prototype. */
export function member(value: unknown, name: string): Json | undefined {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function textMember(value: unknown, name: string): string | undefined {
  const found = member(value, name);
  return typeof found === "string" ? found : undefined;
}

/** A string as it is, anything else as JSON. `String()` would call a `toString` that the object brings along. */
export const textOfJson = (value: Json): string =>
  typeof value === "string" ? value : JSON.stringify(value);

/** `undefined` when the text is not JSON. */
export function readJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

type Members = readonly (readonly [name: string, value: unknown])[];

/** @param membersOf which members of an object count; all of them when not given */
export function equalJson(
  a: unknown,
  b: unknown,
  membersOf: (value: JsonRecord) => Members = Object.entries,
  depth = 0,
): boolean {
  if (a === b) return true;
  if (depth > maxDepth) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, at) => equalJson(item, b[at], membersOf, depth + 1));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  const left = membersOf(a);
  const right = new Map(membersOf(b));
  const isSame = ([name, value]: Members[number]): boolean =>
    right.has(name) && equalJson(value, right.get(name), membersOf, depth + 1);
  return left.length === right.size && left.every(isSame);
}

/** `base` after a merge patch (RFC 7396): absent names stay, `null` deletes, objects merge, everything else replaces. */
export function mergePatch(base: JsonObject, patch: JsonObject, depth?: number): JsonObject;
export function mergePatch(base: JsonRecord, patch: JsonRecord, depth?: number): JsonRecord;
export function mergePatch(base: JsonRecord, patch: JsonRecord, depth = 0): JsonRecord {
  const result = new Map(Object.entries(base));
  for (const [name, value] of Object.entries(patch)) {
    const before = result.get(name);
    if (value === null || value === undefined) result.delete(name);
    else if (!isRecord(value) || depth > maxDepth) result.set(name, value);
    else result.set(name, mergePatch(isRecord(before) ? before : {}, value, depth + 1));
  }
  return Object.fromEntries(result);
}
