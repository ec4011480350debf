/**
 * What a person asks of the slots by `update apply` or `update revert`: a file beside them, which the next start hears, and a
 * running loop before that.
 *
 * Guarantee: a request names the image that it is about, so that one which is heard twice, after a power cut, is done once.
 */
import { rm } from "node:fs/promises";
import { type FileOwner, replaceFile } from "../../base/files/atomic-file.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import { type Infer, readText } from "../../base/schema/schema.ts";
import { byKind, object } from "../../base/schema/structures.ts";
import { boolean, oneOf, string } from "../../base/schema/values.ts";
import { givenUp, onTrial, type SlotsState } from "../../update/slots/slots.ts";

const digest = string(undefined, 64);
const request = byKind("kind", {
  /** Try the image in this slot. */
  start: object({ slot: oneOf(["a", "b"]), digest, now: boolean }),
  /** Ask the sources of updates now. */
  check: object({}),
  /** Go back from this image. */
  revert: object({ digest }),
});
export type UpdateRequest = Infer<typeof request>;

const largestRequest = 4096;

/** `undefined` when there is none, or none that can be read. Never throws. */
export function readRequest(file: string): UpdateRequest | undefined {
  try {
    return readText(request, readSmallFile(file, { limit: largestRequest }) ?? "");
  } catch {
    return undefined;
  }
}

/** @throws the system's error */
export const writeRequest = (file: string, asked: UpdateRequest, owner?: FileOwner): Promise<void> =>
  replaceFile(file, `${JSON.stringify(asked)}\n`, owner);

export const removeRequest = (file: string): Promise<void> => rm(file, { recursive: true, force: true });

/** The record once it was heard; the same one where the request is about something else than the record. */
export function heard(state: SlotsState, asked: UpdateRequest): SlotsState {
  if (asked.kind === "check") return state;
  if (asked.kind === "start") return tried(state, asked);
  const running = state.trial?.slot ?? state.active;
  const image = running && state.slots[running];
  return image && image.digest === asked.digest ? givenUp(state, "a person asked for it") : state;
}

/** The next start tries this image, if that is what the slot holds and nothing speaks against it. */
export function tried(
  state: SlotsState,
  { slot, digest }: { readonly slot: "a" | "b"; readonly digest: string },
): SlotsState {
  const holds = state.slots[slot]?.digest === digest;
  const may = holds && state.trial === null && state.active !== slot && !state.failed.includes(digest);
  return may ? onTrial(state, slot) : state;
}
