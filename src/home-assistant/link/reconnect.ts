/**
 * Decides when to connect again. Pure.
 *
 * Guarantees: at least `floorMs` after every lost connection, since two devices with one id would otherwise evict each
 * other without end; the pause grows with each failure up to a cap, and is drawn, so that a house full of devices does not
 * connect at once after a power cut.
 */
import { drawnPause } from "../../base/backoff.ts";
import { type Millis, millis } from "../../base/units.ts";
import { type BrokerCause, cause, needsPerson, type Peer } from "./cause.ts";
import type { BrokerTuning } from "./tuning.ts";

export interface History {
  /** Attempts in a row without a connection that lasted. */
  readonly failures: number;
  /** Connections in a row that the broker ended soon after they were opened. */
  readonly evictions: number;
}

export const noHistory: History = { failures: 0, evictions: 0 };

export interface Ending {
  readonly cause: BrokerCause;
  readonly peer: Peer;
  /** How long it was online; `undefined` when it never was. */
  readonly onlineMs: Millis | undefined;
}

export interface Plan {
  readonly history: History;
  readonly waitMs: Millis;
  /** The ending's, or "duplicate-id" after repeated evictions. */
  readonly cause: BrokerCause;
}

/** Evictions in a row that indicate a duplicate id. */
const contestedAfter = 3;
const slowFactor = 10;

/** @param random uniform in 0…1 */
export function planNext(before: History, ending: Ending, tuning: BrokerTuning, random: number): Plan {
  const { onlineMs, peer } = ending;
  const isStable = onlineMs !== undefined && onlineMs >= tuning.stableMs;
  const isEvicted =
    onlineMs !== undefined && onlineMs < tuning.evictedMs && ending.cause.closedByPeer === true;
  const evictions = isEvicted ? before.evictions + 1 : 0;
  const why = evictions >= contestedAfter ? cause("duplicate-id", peer, ending.cause.detail) : ending.cause;
  const failures = isStable ? 0 : before.failures + 1;
  // Where two devices take turns, each is online for the pause of the other: that is better than both away.
  const isSlow = (needsPerson(why) && why.code !== "duplicate-id") || why.code === "oversized";
  const floor = isSlow ? millis(tuning.floorMs * slowFactor) : tuning.floorMs;
  const longest = isSlow ? tuning.slowCapMs : tuning.capMs;
  return {
    history: { failures, evictions },
    waitMs: drawnPause(failures, { floor, longest }, random),
    cause: why,
  };
}
