/**
 * One waiting message, in memory and as the store holds it.
 *
 * Guarantee: what `decodeEntry` returns is what `encodeEntry` was given; a text that was damaged on the disk gives
 * `undefined`, by its checksum.
 */
import { crc32 } from "node:zlib";
import { readJson } from "../../base/json/value.ts";
import { read, type Schema } from "../../base/schema/schema.ts";
import { map, object, tuple } from "../../base/schema/structures.ts";
import { integer, lenient, number, string } from "../../base/schema/values.ts";
import type { Offsets, Stamp } from "./time.ts";

export interface Entry {
  /** The same at every attempt, and never used again. */
  readonly id: string;
  readonly stamp: Stamp;
  /** JSON text. */
  readonly body: string;
  /** In the store. */
  key?: number;
  /** Acknowledged; matters while a write of it is still under way. */
  sent?: boolean;
  /** To be on the disk soon after it was not acknowledged. */
  readonly urgent?: boolean;
  /** Monotonic, in ms. */
  addedAt?: number;
}

/** Id; start of the machine, and the two times of the stamp; body. */
const storedEntry = tuple([string(), string(), number(), number(), string()]);

export function encodeEntry({ id, stamp, body }: Entry): string {
  return sealed(JSON.stringify([id, stamp.boot, stamp.upMs, stamp.wallMs, body]));
}

export function decodeEntry(key: number, text: string): Entry | undefined {
  const parts = read(storedEntry, opened(text));
  if (parts === undefined) return undefined;
  const [id, boot, upMs, wallMs, body] = parts;
  return { id, stamp: { boot, upMs, wallMs }, body, key };
}

/** What the entries alone do not tell. */
export interface Note {
  /** Messages lost to a full outbox or a damaged disk, ever. */
  readonly dropped: number;
  readonly offsets: Offsets;
}

export const encodeNote = ({ dropped, offsets }: Note): string =>
  sealed(JSON.stringify({ dropped, offsets }));

/** Total: a note that cannot be read is an empty one; only the count of old losses goes with it. */
export function decodeNote(text: string | undefined): Note {
  const note = text === undefined ? undefined : read(storedNote, opened(text));
  return note ?? { dropped: 0, offsets: {} };
}

const storedNote: Schema<Note> = object({
  dropped: lenient(integer(), () => 0),
  offsets: lenient(map(number()), () => ({})),
});

const checksum = (text: string) => crc32(text).toString(16).padStart(8, "0");
const sealed = (text: string) => checksum(text) + text;

function opened(text: string): unknown {
  const content = text.slice(8);
  if (checksum(content) !== text.slice(0, 8)) return undefined;
  return readJson(content);
}
