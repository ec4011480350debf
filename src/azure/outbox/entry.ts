/**
 * A waiting message, in memory and in its stored form.
 *
 * Guarantee: `decodeEntry` reverses `encodeEntry`, and returns `undefined` for a damaged text, by its checksum.
 */
import { crc32 } from "node:zlib";
import { readJson } from "../../base/json/value.ts";
import { read, type Schema } from "../../base/schema/schema.ts";
import { map, object, tuple } from "../../base/schema/structures.ts";
import { integer, lenient, number, string } from "../../base/schema/values.ts";
import type { Offsets, Stamp } from "../../base/wall-history.ts";

export interface Entry {
  /** The same at every attempt, and never used again. */
  readonly id: string;
  readonly stamp: Stamp;
  /** JSON text. */
  readonly body: string;
  /** Its key in the store. */
  key?: number;
  /** Acknowledged; needed while its write is in progress. */
  sent?: boolean;
  /** To be written soon if it is not acknowledged. */
  readonly urgent?: boolean;
  /** Monotonic, in ms. */
  addedAt?: number;
}

/** Id, boot id, time since boot, wall time, body. */
const storedEntry = tuple([string(), string(), number(), number(), string()]);

export function encodeEntry({ id, stamp, body }: Entry): string {
  return withChecksum(JSON.stringify([id, stamp.boot, stamp.upMs, stamp.wallMs, body]));
}

export function decodeEntry(key: number, text: string): Entry | undefined {
  const parts = read(storedEntry, parseChecked(text));
  if (parts === undefined) return undefined;
  const [id, boot, upMs, wallMs, body] = parts;
  return { id, stamp: { boot, upMs, wallMs }, body, key };
}

/** State of the outbox besides the entries. */
export interface Note {
  /** Total of messages lost to a full outbox or a damaged disk. */
  readonly dropped: number;
  readonly offsets: Offsets;
}

export const encodeNote = ({ dropped, offsets }: Note): string =>
  withChecksum(JSON.stringify({ dropped, offsets }));

/** Never fails: an unreadable note counts as empty, which loses only the count of old losses. */
export function decodeNote(text: string | undefined): Note {
  const note = text === undefined ? undefined : read(storedNote, parseChecked(text));
  return note ?? { dropped: 0, offsets: {} };
}

const storedNote: Schema<Note> = object({
  dropped: lenient(integer(), () => 0),
  offsets: lenient(map(number()), () => ({})),
});

const checksum = (text: string) => crc32(text).toString(16).padStart(8, "0");
const withChecksum = (text: string) => checksum(text) + text;

function parseChecked(text: string): unknown {
  const content = text.slice(8);
  if (checksum(content) !== text.slice(0, 8)) return undefined;
  return readJson(content);
}
