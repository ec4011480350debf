/**
 * Folder reconnect/: what every link that reconnects by itself has in common.
 *
 * How long a link waits before its next attempt, and whether another client with its id keeps taking it over. Pure.
 *
 * Guarantees: at least `floorMs` after every lost connection (two clients with one id would otherwise evict
 * each other a thousand times a second); the pause grows with each failure up to a maximum and is random, so
 * that many devices do not reconnect at the same time after a power cut.
 */
import { drawnPause } from "../backoff.ts";
import { type Millis, millis } from "../units.ts";

export interface ReconnectLimits {
  /** Minimum time between two attempts. */
  readonly floorMs: Millis;
  /** The longest pause while the peer cannot be reached. */
  readonly capMs: Millis;
  /** The longest pause while a person must fix something: a key, a certificate, a manifest. */
  readonly slowCapMs: Millis;
  /** A connection that lasted this long resets the count of failures. */
  readonly stableMs: Millis;
  /** A connection that the peer closed sooner may have been taken over by another client with the same id. */
  readonly evictedMs: Millis;
}

/** How a connection, or an attempt at one, ended. */
export interface ConnectionEnd {
  /** How long it was online; `undefined` when it never was. */
  readonly onlineMs: Millis | undefined;
  /** The peer closed it cleanly, which a network failure never does. */
  readonly closedByPeer: boolean;
}

export interface Attempts {
  /** Attempts in a row without a connection that lasted. */
  readonly failures: number;
  /** Connections in a row that the peer closed soon after they were opened, with no failed attempt in between. */
  readonly evictions: number;
}

export const noAttempts: Attempts = { failures: 0, evictions: 0 };

/** Evictions in a row that indicate a duplicate id. */
const contestedAfter = 3;
/** The minimum pause while a person must fix something, as a multiple of the ordinary one. */
const slowFactor = 10;

export const lasted = ({ onlineMs }: ConnectionEnd, { stableMs }: ReconnectLimits): boolean =>
  onlineMs !== undefined && onlineMs >= stableMs;

export function countAttempt(before: Attempts, end: ConnectionEnd, limits: ReconnectLimits): Attempts {
  if (lasted(end, limits)) return noAttempts;
  const isEvicted = end.closedByPeer && end.onlineMs !== undefined && end.onlineMs < limits.evictedMs;
  return { failures: before.failures + 1, evictions: isEvicted ? before.evictions + 1 : 0 };
}

/** Whether another client with the same id probably takes the connection over again and again. */
export const isContested = ({ evictions }: Attempts): boolean => evictions >= contestedAfter;

/** @param isSlow a person must fix something, or the peer asks for few attempts. @param random uniform in 0…1 */
export function reconnectPause(
  { failures }: Attempts,
  isSlow: boolean,
  { floorMs, capMs, slowCapMs }: ReconnectLimits,
  random: number,
): Millis {
  const floor = isSlow ? millis(floorMs * slowFactor) : floorMs;
  return drawnPause(failures, { floor, longest: isSlow ? slowCapMs : capMs }, random);
}
