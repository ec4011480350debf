/**
 * A person's request by `update apply`, `update check` or `update revert`: a file beside the slots, which a
 * running loop or the next start reads.
 *
 * Guarantee: a request names its image, so that one which is read twice, after a power cut, is carried out once.
 */
import { rm } from "node:fs/promises";
import { type FileOwner, replaceFile } from "../../base/files/atomic-file.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import { type Infer, readText } from "../../base/schema/schema.ts";
import { byKind, object } from "../../base/schema/structures.ts";
import { boolean, oneOf, string } from "../../base/schema/values.ts";
import { onTrial, revertedByUser, type SlotsState } from "../../update/slots/slots.ts";

const digest = string(undefined, 64);
const request = byKind("kind", {
  /** Try the image in this slot. */
  start: object({ slot: oneOf(["a", "b"]), digest, now: boolean }),
  /** Ask the sources of updates now. */
  check: object({}),
  /** Revert this image. */
  revert: object({ digest }),
});
export type UpdateRequest = Infer<typeof request>;

const largestRequest = 4096;

/** `undefined` without a valid request. Never throws. */
export function readRequest(file: string): UpdateRequest | undefined {
  try {
    return readText(request, readSmallFile(file, { limit: largestRequest }) ?? "");
  } catch {
    return undefined;
  }
}

/** @throws the system's error */
export const writeRequest = (file: string, requested: UpdateRequest, owner?: FileOwner): Promise<void> =>
  replaceFile(file, `${JSON.stringify(requested)}\n`, owner);

export const removeRequest = (file: string): Promise<void> => rm(file, { recursive: true, force: true });

/** The state of the slots after the request; unchanged if the request is about another image. */
export function afterRequest(state: SlotsState, requested: UpdateRequest): SlotsState {
  if (requested.kind === "check") return state;
  if (requested.kind === "start") return putOnTrial(state, requested);
  const running = state.trial?.slot ?? state.active;
  const image = running && state.slots[running];
  return image && image.digest === requested.digest ? revertedByUser(state, "a person asked for it") : state;
}

/**
 * Puts this image on trial at the next start, if the slot holds it, no trial is under way and it has not failed before.
 */
export function putOnTrial(
  state: SlotsState,
  { slot, digest }: { readonly slot: "a" | "b"; readonly digest: string },
): SlotsState {
  const isInSlot = state.slots[slot]?.digest === digest;
  const isAllowed =
    isInSlot && state.trial === null && state.active !== slot && !state.failed.includes(digest);
  return isAllowed ? onTrial(state, slot) : state;
}
