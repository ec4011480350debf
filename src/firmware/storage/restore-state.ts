/**
 * The state to start from: the newest or the one before it, whichever is valid for this firmware. Never
 * throws.
 */
import { type DurableState, parseDurable } from "../../control/durable.ts";
import type { StateStore, Unreadable } from "./state-store.ts";

export interface RestoredState {
  /** `undefined`: the defaults. */
  readonly durable: DurableState | undefined;
  /** The newest state, if it could not be used. */
  readonly lost: Unreadable | undefined;
}

export async function restoreState(store: StateStore): Promise<RestoredState> {
  const loaded = await store.load();
  if (loaded.kind === "none") return { durable: undefined, lost: undefined };
  const newest = loaded.kind === "found" ? parseDurable(loaded.document) : undefined;
  if (newest !== undefined) return { durable: newest, lost: undefined };
  const lost =
    loaded.kind === "found" ? await store.keepAside("its content is not a state of this firmware") : loaded;
  return { durable: lost.previous && parseDurable(lost.previous.document), lost };
}
