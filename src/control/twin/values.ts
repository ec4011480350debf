/**
 * Operations on twin values: comparison, fingerprints, patches.
 *
 * Guarantees: nothing here throws for any parsed JSON, and no name reaches a prototype.
 */
import { equalJson, isRecord, type JsonRecord, maxDepth } from "../../base/json/value.ts";

/** Up to this length the fingerprint is the value itself. */
const maxPlainLength = 64;
/** Maximum characters read: above IoT Hub's limit of 32 KiB per document. */
const maxReadLength = 65_536;

/** The members with a value, sorted by name, without the hub's `$` names. */
export function membersOf(value: unknown): readonly (readonly [name: string, value: unknown])[] {
  if (!isRecord(value)) return [];
  return Object.entries(value)
    .filter(([name, member]) => !name.startsWith("$") && member !== null && member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Equal for equal values in any order of names; short for every value. */
export function fingerprint(value: unknown): string {
  const text = canonical(value, { left: maxReadLength }, 0);
  if (text.length <= maxPlainLength) return text;
  return `#${text.length}.${hash(text, 0x811c9dc5)}.${hash(text, 0x01234567)}`;
}

/** FNV-1a, 32 bits. Not collision-resistant, but a deliberate collision gains nothing. */
function hash(text: string, start: number): string {
  let sum = start;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  return (sum >>> 0).toString(16);
}

function canonical(value: unknown, budget: { left: number }, depth: number): string {
  if (budget.left <= 0 || depth > maxDepth) return "…";
  if (Array.isArray(value)) {
    const items: string[] = [];
    for (const item of value) {
      if (budget.left <= 0) break;
      items.push(canonical(item, budget, depth + 1));
    }
    return `[${items.join(",")}]`;
  }
  if (isRecord(value)) {
    const members: string[] = [];
    for (const [name, member] of membersOf(value)) {
      if (budget.left <= 0) break;
      members.push(`${scalar(name, budget)}:${canonical(member, budget, depth + 1)}`);
    }
    return `{${members.join(",")}}`;
  }
  return scalar(value, budget);
}

function scalar(value: unknown, budget: { left: number }): string {
  const text = typeof value === "string" ? JSON.stringify(value.slice(0, budget.left)) : String(value);
  budget.left -= text.length + 1;
  return text;
}

/** Whether `a` and `b` are equal in the hub: members without a value do not count. */
export const sameInHub = (a: unknown, b: unknown): boolean => equalJson(a, b, membersOf);

/**
 * The patch from `from` to `to`. A member that differs is sent whole, so that value and version of an acknowledgement
 * arrive together.
 * @param to members with the value `undefined` stay unchanged
 * @returns `undefined` for no difference
 */
export function mergePatchBetween(from: JsonRecord, to: JsonRecord): JsonRecord | undefined {
  const patch: [string, unknown][] = [];
  for (const [name, value] of membersOf(to)) {
    const before = Object.hasOwn(from, name) ? from[name] : undefined;
    if (!sameInHub(before, value)) patch.push([name, whole(before, value, 0)]);
  }
  for (const [name] of membersOf(from)) {
    if (!Object.hasOwn(to, name) || to[name] === null) patch.push([name, null]);
  }
  return patch.length === 0 ? undefined : Object.fromEntries(patch);
}

/** `value`, with `null` for every member to delete. */
function whole(before: unknown, value: unknown, depth: number): unknown {
  if (!isRecord(value) || depth > maxDepth) return value;
  const old = isRecord(before) ? before : {};
  const kept = membersOf(value).map(([name, member]): [string, unknown] => {
    return [name, whole(Object.hasOwn(old, name) ? old[name] : undefined, member, depth + 1)];
  });
  const names = new Set(kept.map(([name]) => name));
  const gone = membersOf(old).filter(([name]) => !names.has(name));
  return Object.fromEntries([...kept, ...gone.map(([name]): [string, unknown] => [name, null])]);
}
