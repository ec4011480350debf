/**
 * When to try again, and how: a pure function of how the last connection ended.
 *
 * Guarantees: never sooner than `floorMs` after a connection that was lost, however well it began (two devices with
 * one id would else evict each other a thousand times a second); the wait grows with every failure up to a cap, and
 * is spread at random, so that a fleet does not come back in one moment; DPS is asked again after a refusal and
 * after some failures in a row, and not oftener.
 */
import { pauseAfter } from "../../base/backoff.ts";
import { type Millis, millis } from "../../base/units.ts";
import { type CauseCode, cause, type LinkCause, type Peer } from "./cause.ts";
import type { CloudTuning } from "./tuning.ts";

export interface History {
  /** Attempts in a row that led to no steady link. */
  readonly failures: number;
  /** Those since DPS was last asked. */
  readonly sinceProvisioned: number;
  /** Links in a row that the hub ended soon after they were made, with no failed attempt in between. */
  readonly evictions: number;
  /** The hub refused us although DPS had just named it: asking DPS at once again would not help. */
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
  /** Whether anything was sent at all. */
  readonly attempted: boolean;
  /** Whether DPS was asked in this attempt. */
  readonly provisioned: boolean;
  /** How long the link was online; `undefined` when it never was. */
  readonly onlineMs: Millis | undefined;
}

export interface Plan {
  readonly history: History;
  readonly waitMs: Millis;
  /** Ask DPS for the hub although one is remembered. */
  readonly provision: boolean;
  /** The ending's, or what a row of endings shows. */
  readonly cause: LinkCause;
}

/** Evictions in a row that no longer look like chance. */
const suspicious = 3;

/** Somebody has to fix something, or has asked us to keep away: no use in asking often. */
const slow: readonly CauseCode[] = [
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
    // The clock may be set any moment, and looking at it costs nobody anything.
    return { history: before, waitMs: millis(tuning.floorMs * 5), provision: false, cause: ending.cause };
  }
  const steady = ending.onlineMs !== undefined && ending.onlineMs >= tuning.steadyMs;
  const evictions = countEvictions(before, ending, steady, tuning);
  const failures = steady ? 0 : before.failures + 1;
  const sinceProvisioned = ending.provisioned || steady ? 0 : before.sinceProvisioned + 1;
  const named =
    evictions >= suspicious ? cause("duplicate-id", ending.peer, ending.cause.detail) : ending.cause;
  const byHub = named.code === "key-refused" && ending.peer.role === "the hub";
  const refused = byHub && !ending.provisioned && !before.confirmedRefusal;
  const confirmedRefusal = !steady && (before.confirmedRefusal || (byHub && ending.provisioned));
  const provision = refused || sinceProvisioned >= tuning.reprovisionAfter;
  // A refusal by a remembered hub may just mean that the device was moved: DPS knows, and is asked soon.
  const isSlow = slow.includes(named.code) && !refused;
  const wait = waitTime(failures, isSlow, tuning, random);
  const asked = Math.min(ending.cause.retryAfterMs ?? 0, tuning.slowCapMs);
  return {
    history: { failures, sinceProvisioned, evictions, confirmedRefusal },
    waitMs: millis(Math.max(wait, asked)),
    provision,
    cause: named,
  };
}

function countEvictions(
  before: History,
  { cause, onlineMs }: Ending,
  steady: boolean,
  tuning: CloudTuning,
): number {
  if (steady) return 0;
  // Bad Wi-Fi ends links early too, but without a word from the hub, and the way back fails now and then.
  const evicted = cause.code === "dropped" && cause.closedByPeer === true;
  return evicted && onlineMs !== undefined && onlineMs < tuning.evictedMs ? before.evictions + 1 : 0;
}

/** Between a floor and a ceiling that doubles with every failure in a row. */
function waitTime(failures: number, isSlow: boolean, tuning: CloudTuning, random: number): Millis {
  const floor = isSlow ? tuning.floorMs * 10 : tuning.floorMs;
  const cap = Math.max(floor, isSlow ? tuning.slowCapMs : tuning.capMs);
  const ceiling = pauseAfter(Math.max(0, failures - 1), {
    first: millis(floor * 1.25),
    longest: millis(cap),
  });
  return millis(floor + random * (ceiling - floor));
}
