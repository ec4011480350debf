/**
 * Decides when to connect again. Pure.
 *
 * Guarantees: those of `reconnectPause`.
 */
import { type Attempts, countAttempt, isContested, reconnectPause } from "../../base/reconnect/pause.ts";
import type { Millis } from "../../base/units.ts";
import { type BrokerCause, cause, needsPerson, type Peer } from "./cause.ts";
import type { BrokerTuning } from "./tuning.ts";

export interface Ending {
  readonly cause: BrokerCause;
  readonly peer: Peer;
  /** How long it was online; `undefined` when it never was. */
  readonly onlineMs: Millis | undefined;
}

export interface Plan {
  readonly attempts: Attempts;
  readonly waitMs: Millis;
  /** The cause of the end, or "duplicate-id" after repeated evictions. */
  readonly cause: BrokerCause;
}

/** @param random uniform in 0…1 */
export function planNext(before: Attempts, ending: Ending, tuning: BrokerTuning, random: number): Plan {
  const { onlineMs, peer } = ending;
  const attempts = countAttempt(
    before,
    { onlineMs, closedByPeer: ending.cause.closedByPeer === true },
    tuning,
  );
  const why = isContested(attempts) ? cause("duplicate-id", peer, ending.cause.detail) : ending.cause;
  // Not slow for a duplicate id: while two devices evict each other, each is online during the other's pause.
  const isSlow = (needsPerson(why) && why.code !== "duplicate-id") || why.code === "oversized";
  return { attempts, waitMs: reconnectPause(attempts, isSlow, tuning, random), cause: why };
}
