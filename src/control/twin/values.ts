/**
 * JSON values as twins treat them: compared, told apart by fingerprint, and the patch that makes one of another.
 *
 * Guarantees: nothing here throws for parsed JSON, however deep, long or oddly named; names never reach a prototype.
 */
import { deepest, equalJson, isRecord, type JsonRecord } from "../../base/json/value.ts";

/** Longest fingerprint that is the value itself. */
const maxPlainLength = 64;
/** Characters looked at: more than the 32 KiB that IoT Hub lets a document have. */
const maxReadLength = 65_536;

/** The members that have a value, in the order of their names; `$` names are the hub's own. */
export function membersOf(value: unknown): readonly (readonly [name: string, value: unknown])[] {
  if (!isRecord(value)) return [];
  return Object.entries(value)
    .filter(([name, member]) => !name.startsWith("$") && member !== null && member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Equal for equal values, whatever the order of names; short, whatever the value. */
export function fingerprint(value: unknown): string {
  const text = canonical(value, { left: maxReadLength }, 0);
  if (text.length <= maxPlainLength) return text;
  return `#${text.length}.${hash(text, 0x811c9dc5)}.${hash(text, 0x01234567)}`;
}

/** FNV-1a, 32 bits: tells two honest values apart, and a dishonest one gains nothing. */
function hash(text: string, start: number): string {
  let sum = start;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  return (sum >>> 0).toString(16);
}

function canonical(value: unknown, budget: { left: number }, depth: number): string {
  if (budget.left <= 0 || depth > deepest) return "…";
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

/** Whether a hub that holds `a` holds `b`: members without a value do not count. */
export const sameInHub = (a: unknown, b: unknown): boolean => equalJson(a, b, membersOf);

/**
 * The patch that makes `to` of `from`: a member that differs goes whole, so that what belongs together (value and
 * version of an acknowledgement) arrives together.
 * @param to a name that is there and `undefined` stays as it is
 * @returns `undefined` when there is nothing to do
 */
export function patchTowards(from: JsonRecord, to: JsonRecord): JsonRecord | undefined {
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

/** `value`, with a `null` for every member that must go. */
function whole(before: unknown, value: unknown, depth: number): unknown {
  if (!isRecord(value) || depth > deepest) return value;
  const old = isRecord(before) ? before : {};
  const kept = membersOf(value).map(([name, member]): [string, unknown] => {
    return [name, whole(Object.hasOwn(old, name) ? old[name] : undefined, member, depth + 1)];
  });
  const names = new Set(kept.map(([name]) => name));
  const gone = membersOf(old).filter(([name]) => !names.has(name));
  return Object.fromEntries([...kept, ...gone.map(([name]): [string, unknown] => [name, null])]);
}
