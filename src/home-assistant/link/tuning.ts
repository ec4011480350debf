/** Time limits of the connection to a broker; tests shorten them. */
import type { ReconnectLimits } from "../../base/reconnect/pause.ts";
import { type Millis, millis, minutes, seconds } from "../../base/units.ts";

export interface BrokerTuning extends ReconnectLimits {
  /** TCP, TLS and CONNACK together. */
  readonly connectMs: Millis;
  /** A SUBACK or PUBACK. */
  readonly callMs: Millis;
  /** A clean end: "offline" and DISCONNECT. */
  readonly closeMs: Millis;
  /** Whole seconds. A dead connection is detected after at most twice this time. */
  readonly keepAliveS: number;
  /** The state is published at least so often, so that its sensors do not expire. */
  readonly refreshMs: Millis;
}

export const defaultTuning: BrokerTuning = {
  connectMs: seconds(15),
  callMs: seconds(20),
  closeMs: millis(1500),
  keepAliveS: 30,
  floorMs: seconds(1),
  capMs: seconds(30),
  slowCapMs: minutes(10),
  stableMs: minutes(1),
  evictedMs: seconds(15),
  refreshMs: minutes(1),
};

/** For a broker on this machine: an attempt costs nothing, and fails only while the broker restarts. */
export const localTuning: Partial<BrokerTuning> = { floorMs: millis(500), capMs: seconds(3) };
