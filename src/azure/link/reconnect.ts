/**
 * Decides when and how to reconnect. Pure.
 *
 * Guarantees: those of `reconnectPause`; DPS is asked again only after a refusal or several failures in a row.
 */
import {
  type Attempts,
  countAttempt,
  isContested,
  lasted,
  noAttempts,
  reconnectPause,
} from "../../base/reconnect/pause.ts";
import { type Millis, millis } from "../../base/units.ts";
import { type CauseCode, cause, type LinkCause, type Peer } from "./cause.ts";
import type { CloudTuning } from "./tuning.ts";

export interface History extends Attempts {
  /** Those since DPS was last asked. */
  readonly sinceProvisioned: number;
  /** The hub refused the device right after DPS had assigned it: asking DPS again would not help. */
  readonly confirmedRefusal: boolean;
}

export const noHistory: History = {
  ...noAttempts,
  sinceProvisioned: 0,
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
  /** The cause of the end, or "duplicate-id" after repeated evictions. */
  readonly cause: LinkCause;
}

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
  const end = {
    onlineMs: ending.onlineMs,
    // Bad Wi-Fi also ends links early, but without a clean close by the hub.
    closedByPeer: ending.cause.code === "dropped" && ending.cause.closedByPeer === true,
  };
  const stable = lasted(end, tuning);
  const attempts = countAttempt(before, end, tuning);
  const sinceProvisioned = ending.provisioned || stable ? 0 : before.sinceProvisioned + 1;
  const nextCause = isContested(attempts)
    ? cause("duplicate-id", ending.peer, ending.cause.detail)
    : ending.cause;
  const byHub = nextCause.code === "key-refused" && ending.peer.role === "the hub";
  const mayHaveMoved = byHub && !ending.provisioned && !before.confirmedRefusal;
  const confirmedRefusal = !stable && (before.confirmedRefusal || (byHub && ending.provisioned));
  const provision = mayHaveMoved || sinceProvisioned >= tuning.reprovisionAfter;
  // A stored hub also refuses a device that was moved to another hub: ask DPS soon.
  const isSlow = slowCauses.includes(nextCause.code) && !mayHaveMoved;
  const wait = reconnectPause(attempts, isSlow, tuning, random);
  const requested = Math.min(ending.cause.retryAfterMs ?? 0, tuning.slowCapMs);
  return {
    history: { ...attempts, sinceProvisioned, confirmedRefusal },
    waitMs: millis(Math.max(wait, requested)),
    provision,
    cause: nextCause,
  };
}
