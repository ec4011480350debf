/** The times and bounds of the cloud half, each with its reason; tests shorten the times. */
import { hours, type Millis, millis, minutes, seconds } from "../../base/units.ts";

export interface CloudTuning {
  /** TCP, TLS and CONNACK together. */
  readonly connectMs: Millis;
  /** The whole of a registration at DPS, its polling included. */
  readonly provisionMs: Millis;
  /** One call on a living link: a subscription, the twin, a reported patch, a PUBACK. */
  readonly callMs: Millis;
  /** A command's handler; IoT Central itself waits 30 s. */
  readonly commandMs: Millis;
  /** The polite goodbye; then the socket is destroyed. */
  readonly closeMs: Millis;
  /** Seconds. A silent link is found after at most twice this: within 60 s at 25. MQTT takes whole seconds. */
  readonly keepAliveS: number;
  /** No two attempts are nearer to each other, whatever became of the first. */
  readonly floorMs: Millis;
  /** The longest wait while a host is merely out of reach. */
  readonly capMs: Millis;
  /** The longest wait while somebody has to fix something: a key, a certificate, a manifest. */
  readonly slowCapMs: Millis;
  /** A link that lived this long forgets the failures before it. */
  readonly steadyMs: Millis;
  /** A link that was ended sooner than this may have been evicted by another with the same id. */
  readonly evictedMs: Millis;
  /** Failures in a row after which the hub assignment is asked for again. */
  readonly reprovisionAfter: number;
  /** Validity of a token. Long, so that a clock some hours behind (a Pi has no battery) does not shut us out. */
  readonly tokenMs: Millis;
  /** Messages, reports and twin requests under way at once. */
  readonly maxInFlight: number;
}

export const defaultTuning: CloudTuning = {
  connectMs: seconds(30),
  provisionMs: seconds(60),
  callMs: seconds(20),
  commandMs: seconds(25),
  closeMs: seconds(3),
  keepAliveS: 25,
  floorMs: seconds(1),
  capMs: minutes(1),
  slowCapMs: minutes(5),
  steadyMs: minutes(1),
  evictedMs: seconds(15),
  reprovisionAfter: 3,
  tokenMs: hours(24),
  maxInFlight: 32,
};

/**
 * For a hub on the same machine or in the same house: there is nobody to be considerate of, and somebody who pulls
 * the cable and puts it back wants to see it.
 */
export const nearbyTuning: Partial<CloudTuning> = {
  connectMs: seconds(5),
  provisionMs: seconds(10),
  callMs: seconds(5),
  keepAliveS: 5,
  floorMs: millis(250),
  capMs: seconds(2),
  slowCapMs: seconds(10),
  steadyMs: seconds(5),
  evictedMs: seconds(1),
};

/** Share of a token's validity after which a fresh connection with a fresh token replaces the old one. */
export const renewAfter = (tokenMs: Millis, random: number): Millis =>
  // Spread over a tenth, so that a fleet switched on together does not renew together.
  millis(tokenMs * (0.75 + 0.1 * random));
