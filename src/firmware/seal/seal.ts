/**
 * Folder seal/: whether a unit is sealed, for the field, or unsealed, for development.
 *
 * One small file in the data folder says it. Guarantees: it is changed by whoever may write that folder (the user that
 * runs the firmware, or root), and by nothing that comes over a network; a file that is damaged or cannot be read counts
 * as sealed. A unit that nobody decided about has its page open to this machine, as it comes out of the box, but no
 * debugger: a hobbyist's first step must not be a lock, and no lock may be lost by a flipped bit.
 *
 * sealed: the page changes nothing without its password, no debugger opens, images from this machine's disk are refused,
 * updates come by the signed feed alone. unsealed: the reverse.
 */
import { join } from "node:path";
import { readSmallFile } from "../../base/files/small-file.ts";
import { readText } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import { oneOf, string } from "../../base/schema/values.ts";

export type SealState =
  | "sealed"
  | "unsealed"
  /** Nobody sealed or unsealed it yet. */
  | "undecided";

export interface SealChange {
  readonly state: "sealed" | "unsealed";
  /** ISO 8601. */
  readonly at: string;
  /** Name of the user, of the one before sudo where there is one. */
  readonly by: string;
}

export interface Seal {
  readonly state: SealState;
  /** The newest last. */
  readonly changes: readonly SealChange[];
  /** Why it counts as sealed although it says nothing. */
  readonly damage: string | undefined;
}

export const mostChanges = 20;
const largestFile = 16 * 1024;

const stored = object({
  changes: list(object({ state: oneOf(["sealed", "unsealed"]), at: string(), by: string() }), mostChanges),
});

export const sealFile = (dataPath: string): string => join(dataPath, "seal.json");

/** Never throws. */
export function readSeal(dataPath: string): Seal {
  let text: string | undefined;
  try {
    text = readSmallFile(sealFile(dataPath), { limit: largestFile });
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

/** Whether somebody opened this unit for development, by name. */
export const mayDebug = (dataPath: string): boolean => readSeal(dataPath).state === "unsealed";
