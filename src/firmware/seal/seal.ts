/**
 * Folder seal/: whether a unit is sealed, for the field, or unsealed, for development.
 *
 * One small file in the data folder stores it. Guarantees: only users who can write that folder (the user
 * that runs the firmware, and root) can change it, nothing over a network can; a file that is damaged or
 * cannot be read counts as
 * sealed. A unit that was never sealed or unsealed serves its page to this machine, but opens no debugger: a
 * hobbyist must not start with a locked unit, and a flipped bit must not unlock one.
 *
 * sealed: the page changes nothing without its password, no debugger opens, images from this machine's disk are refused,
 * and only updates from the signed feed are installed. unsealed: the opposite.
 */
import { join } from "node:path";
import { readSmallFile } from "../../base/files/small-file.ts";
import { readText } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import { oneOf, string } from "../../base/schema/values.ts";

export type SealState =
  | "sealed"
  | "unsealed"
  /** It was never sealed or unsealed. */
  | "undecided";

export interface SealChange {
  readonly state: "sealed" | "unsealed";
  /** ISO 8601. */
  readonly at: string;
  /** The user's name; with sudo, of the user who called it. */
  readonly by: string;
}

export interface Seal {
  readonly state: SealState;
  /** The newest last. */
  readonly changes: readonly SealChange[];
  /** Why the file could not be used; it then counts as sealed. */
  readonly damage: string | undefined;
}

export const maxChanges = 20;
const maxFileBytes = 16 * 1024;

const stored = object({
  changes: list(object({ state: oneOf(["sealed", "unsealed"]), at: string(), by: string() }), maxChanges),
});

export const sealFile = (dataPath: string): string => join(dataPath, "seal.json");

/** Never throws. */
export function readSeal(dataPath: string): Seal {
  let text: string | undefined;
  try {
    text = readSmallFile(sealFile(dataPath), { limit: maxFileBytes });
  } catch {
    return { state: "sealed", changes: [], damage: "it cannot be read" };
  }
  if (text === undefined) return { state: "undecided", changes: [], damage: undefined };
  const changes = readText(stored, text)?.changes ?? [];
  const last = changes.at(-1);
  if (last === undefined) return { state: "sealed", changes: [], damage: "it is damaged" };
  return { state: last.state, changes, damage: undefined };
}

export const isSealed = (dataPath: string): boolean => readSeal(dataPath).state === "sealed";

/** Whether this unit was explicitly unsealed for development. */
export const mayDebug = (dataPath: string): boolean => readSeal(dataPath).state === "unsealed";
