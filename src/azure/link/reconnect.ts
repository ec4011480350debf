/**
 * Decides when and how to reconnect. Pure.
 *
 * Guarantees: waits at least `floorMs` after every lost connection (two devices with one id would otherwise evict each
 * other a thousand times a second); the wait grows with each failure up to a cap and is randomised, so that a fleet does
 * not reconnect at once; DPS is asked again only after a refusal or several failures in a row.
 */
import { drawnPause } from "../../base/backoff.ts";
import { type Millis, millis } from "../../base/units.ts";
import { type CauseCode, cause, type LinkCause, type Peer } from "./cause.ts";
import type { CloudTuning } from "./tuning.ts";

export interface History {
  /** Attempts in a row without a stable link. */
  readonly failures: number;
  /** Those since DPS was last asked. */
  readonly sinceProvisioned: number;
  /** Links in a row that the hub closed soon after they were opened, with no failed attempt in between. */
  readonly evictions: number;
  /** The hub refused the device right after DPS had assigned it: asking DPS again would not help. */
  readonly confirmedRefusal: boolean;
}

export const noHistory: History = {
  failures: 0,
  sinceProvisioned: 0,
  evictions: 0,
  confirmedRefusal: false,
};

export interface Ending {
  readonly cause: LinkCause;
  readonly peer: Peer;
  /** Whether a connection was attempted. */
  readonly attempted: boolean;
  /** Whether DPS was asked in this attempt. */
  readonly provisioned: boolean;
  /** How long the link was online; `undefined` when it never was. */
  readonly onlineMs: Millis | undefined;
}

export interface Plan {
  readonly history: History;
  readonly waitMs: Millis;
  /** Ask DPS for the hub although an assignment is stored. */
  readonly provision: boolean;
  /** The ending's cause, or "duplicate-id" after repeated evictions. */
  readonly cause: LinkCause;
}

/** Evictions in a row that indicate a duplicate id. */
const contestedAfter = 3;

/** Causes that need a fix by a person, or where the service asked for a pause: retry slowly. */
const slowCauses: readonly CauseCode[] = [
  "key-refused",
  "disabled",
  "host-not-granted",
  "untrusted-ca",
  "throttled",
  "duplicate-id",
];

/** @param random uniform in 0…1 */
export function planNext(before: History, ending: Ending, tuning: CloudTuning, random: number): Plan {
  if (ending.cause.code === "renewal") {
    return { history: noHistory, waitMs: millis(0), provision: false, cause: ending.cause };
  }
  if (!ending.attempted) {
    // The clock may be set at any time, and checking it costs no request.
    return { history: before, waitMs: millis(tuning.floorMs * 5), provision: false, cause: ending.cause };
  }
  const stable = ending.onlineMs !== undefined && ending.onlineMs >= tuning.stableMs;
  const evictions = countEvictions(before, ending, stable, tuning);
  const failures = stable ? 0 : before.failures + 1;
  const sinceProvisioned = ending.provisioned || stable ? 0 : before.sinceProvisioned + 1;
  const nextCause =
    evictions >= contestedAfter ? cause("duplicate-id", ending.peer, ending.cause.detail) : ending.cause;
  const byHub = nextCause.code === "key-refused" && ending.peer.role === "the hub";
  const mayHaveMoved = byHub && !ending.provisioned && !before.confirmedRefusal;
  const confirmedRefusal = !stable && (before.confirmedRefusal || (byHub && ending.provisioned));
  const provision = mayHaveMoved || sinceProvisioned >= tuning.reprovisionAfter;
  // A stored hub also refuses a device that was moved to another hub: ask DPS soon.
  const isSlow = slowCauses.includes(nextCause.code) && !mayHaveMoved;
  const wait = waitTime(failures, isSlow, tuning, random);
  const requested = Math.min(ending.cause.retryAfterMs ?? 0, tuning.slowCapMs);
  return {
    history: { failures, sinceProvisioned, evictions, confirmedRefusal },
    waitMs: millis(Math.max(wait, requested)),
    provision,
    cause: nextCause,
  };
}

function countEvictions(
  before: History,
  { cause, onlineMs }: Ending,
  stable: boolean,
  tuning: CloudTuning,
): number {
  if (stable) return 0;
  // Bad Wi-Fi also ends links early, but without a clean close by the hub.
  const evicted = cause.code === "dropped" && cause.closedByPeer === true;
  return evicted && onlineMs !== undefined && onlineMs < tuning.evictedMs ? before.evictions + 1 : 0;
}

/** Random between a floor and a ceiling that doubles with every failure in a row. */
function waitTime(failures: number, isSlow: boolean, tuning: CloudTuning, random: number): Millis {
  const floor = isSlow ? tuning.floorMs * 10 : tuning.floorMs;
  const longest = isSlow ? tuning.slowCapMs : tuning.capMs;
  return drawnPause(failures, { floor: millis(floor), longest }, random);
}
