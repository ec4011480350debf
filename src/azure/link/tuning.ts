/** Timeouts and limits of the Azure link; tests shorten them. */
import type { ReconnectLimits } from "../../base/reconnect/pause.ts";
import { hours, type Millis, millis, minutes, seconds } from "../../base/units.ts";

export interface CloudTuning extends ReconnectLimits {
  /** TCP, TLS and CONNACK together. */
  readonly connectMs: Millis;
  /** A registration at DPS, including its polling. */
  readonly provisionMs: Millis;
  /** One call on an open link: a subscription, the twin, a reported patch, a PUBACK. */
  readonly callMs: Millis;
  /** A command's handler; IoT Central itself waits 30 s. */
  readonly commandMs: Millis;
  /** A clean close; then the socket is destroyed. */
  readonly closeMs: Millis;
  /** Whole seconds, as MQTT requires. A dead link is detected after at most twice this time. */
  readonly keepAliveS: number;
  /** Failures in a row after which DPS is asked again. */
  readonly reprovisionAfter: number;
  /** Validity of a token. Long, so that it is accepted with a clock some hours behind (a Pi has no RTC battery). */
  readonly tokenMs: Millis;
  /** Maximum of concurrent messages, reports and twin requests. */
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
  stableMs: minutes(1),
  evictedMs: seconds(15),
  reprovisionAfter: 3,
  tokenMs: hours(24),
  maxInFlight: 32,
};

/**
 * For a hub on the same machine or LAN: there is no load to limit, and a user who unplugs and plugs in the cable wants
 * to see a quick reaction.
 */
export const localHubTuning: Partial<CloudTuning> = {
  connectMs: seconds(5),
  provisionMs: seconds(10),
  callMs: seconds(5),
  keepAliveS: 5,
  floorMs: millis(250),
  capMs: seconds(2),
  slowCapMs: seconds(10),
  stableMs: seconds(5),
  evictedMs: seconds(1),
};

/** When to reconnect with a new token, as a share of its validity. */
export const renewAfter = (tokenMs: Millis, random: number): Millis =>
  // Randomised, so that a fleet does not renew at the same time.
  millis(tokenMs * (0.75 + 0.1 * random));
