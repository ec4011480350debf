/**
 * Inputs for a parser: valid samples with damage in their bytes, in their words or in their structure, and bytes
 * without any grammar. The same seed gives the same input.
 */
import { uniform } from "../../src/simulation/noise.ts";

type Random = () => number;
const below = (random: Random, limit: number): number => Math.floor(random() * limit);
const pick = <T>(random: Random, from: readonly T[]): T => from[below(random, from.length)] as T;

/** Values that code forgets about. */
const strange: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  0.1,
  1e308,
  -1e308,
  5e-324,
  2 ** 31,
  2 ** 53,
  -(2 ** 53),
  8.64e15,
  8.64e15 + 1,
  "",
  " ",
  "0",
  "-1",
  "NaN",
  "null",
  "\u0000",
  "\ud800",
  "\u202e",
  "__proto__",
  "constructor",
  "2026-02-30T99:99:99Z",
  "x".repeat(5000),
  [],
  {},
  [[]],
  [null],
  { "": "" },
];
const names = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "then",
  "length",
  "$version",
  "$metadata",
  "",
];
const tokens = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  "\n",
  "\0",
  "/",
  "?",
  "&",
  "=",
  "%",
  "%00",
  "%ff",
  "..",
  "\ufeff",
];

/** One input, as the seed decides. */
export function mutated(seed: number, samples: readonly string[]): Buffer {
  const random = uniform(seed);
  const kind = random();
  if (kind < 0.08) return Buffer.from(Array.from({ length: below(random, 200) }, () => below(random, 256)));
  if (kind < 0.14) return Buffer.from(nested(random));
  const sample = pick(random, samples);
  if (kind < 0.6) {
    const changed = withStructure(random, sample, samples);
    if (changed !== undefined) return Buffer.from(changed);
  }
  return withBytes(random, Buffer.from(sample), samples);
}

function nested(random: Random): string {
  const depth = pick(random, [3, 9, 17, 33, 65, 2000, 20_000]);
  const [open, close, inside] = pick(random, [
    ["[", "]", "1"],
    ['{"a":', "}", "1"],
    ['{"desired":', "}", '{"$version":1}'],
  ] as const);
  return open.repeat(depth) + inside + close.repeat(below(random, 4) === 0 ? depth - 1 : depth);
}

/** Damage that a disk, a network or an editor does. */
function withBytes(random: Random, sample: Buffer, samples: readonly string[]): Buffer {
  let bytes: Buffer = Buffer.from(sample);
  for (let changes = 1 + below(random, 4); changes > 0; changes -= 1) {
    const at = below(random, bytes.length + 1);
    const end = Math.min(bytes.length, at + below(random, 20));
    const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
    const put = pick(random, [
      () => Buffer.alloc(0),
      () => Buffer.concat([middle, middle]),
      () => Buffer.from(pick(random, tokens)),
      () => Buffer.from(String(pick(random, strange))),
      () => Buffer.from([below(random, 256)]),
      () => Buffer.from(middle.map((byte) => byte ^ (1 << below(random, 8)))),
      () => Buffer.from(pick(random, samples)).subarray(0, below(random, 200)),
    ]);
    bytes = Buffer.concat([before, put(), after]);
  }
  return below(random, 6) === 0 ? bytes.subarray(0, below(random, bytes.length + 1)) : bytes;
}

/** A JSON text with some of its values, names or branches exchanged; `undefined` for what is no JSON. */
function withStructure(random: Random, sample: string, samples: readonly string[]): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(sample);
  } catch {
    return undefined;
  }
  for (let changes = 1 + below(random, 3); changes > 0; changes -= 1)
    value = changed(random, value, samples, 0);
  return JSON.stringify(value);
}

function changed(random: Random, value: unknown, samples: readonly string[], depth: number): unknown {
  const goesOn = typeof value === "object" && value !== null && Object.keys(value).length > 0;
  if (!goesOn || (depth > 0 && random() < 0.25)) return replacement(random, value, samples);
  const entries: [string, unknown][] = Object.entries(value);
  const at = below(random, entries.length);
  const [name, inner] = entries[at] as [string, unknown];
  const kind = random();
  if (kind < 0.1) entries.splice(at, 1);
  else if (kind < 0.2) entries.push([pick(random, names), replacement(random, inner, samples)]);
  else if (kind < 0.25) entries[at] = [pick(random, names), inner];
  else if (kind < 0.3)
    entries.push(
      ...Array.from({ length: below(random, 80) }, (_, n) => [`${name}${n}`, inner] as [string, unknown]),
    );
  else entries[at] = [name, changed(random, inner, samples, depth + 1)];
  if (Array.isArray(value)) return entries.map(([, each]) => each);
  // Not Object.fromEntries alone: a name such as __proto__ has to become a member in the text.
  const object = Object.create(null) as Record<string, unknown>;
  for (const [each, content] of entries)
    Object.defineProperty(object, each, { value: content, enumerable: true, configurable: true });
  return object;
}

function replacement(random: Random, value: unknown, samples: readonly string[]): unknown {
  const kind = random();
  if (kind < 0.1 && typeof value === "number") return value + pick(random, [-1, 1, 0.5, 1e-9, 1e6]);
  if (kind < 0.2 && typeof value === "string") return value + pick(random, tokens);
  if (kind < 0.3) return { value };
  if (kind < 0.4) return [value, value];
  if (kind < 0.5) {
    try {
      return JSON.parse(pick(random, samples));
    } catch {
      return null;
    }
  }
  return pick(random, strange);
}
