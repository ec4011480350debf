/**
 * Whether readings may be sent to the configured service: simulated ones not to a real cloud (SR-14).
 *
 * A hub on this machine is not a real cloud.
 */
import type { Credentials } from "../../azure/credentials/credentials.ts";
import { isLoopback } from "../../hub/host-names.ts";
import { hostAndPort } from "../../protocol/names.ts";

export interface Readings {
  /** They come from the virtual hat. */
  readonly simulated: boolean;
  /** Allowed by `run --simulated-to-cloud`. */
  readonly simulatedToCloud: boolean;
}

export const allowsSimulatedReadings = (
  { target }: Pick<Credentials, "target">,
  readings: Readings,
): boolean => mayReceive(hostAndPort(target.kind === "dps" ? target.endpoint : target.host).host, readings);

/** @param host without port */
export const mayReceive = (host: string, { simulated, simulatedToCloud }: Readings): boolean =>
  !simulated || simulatedToCloud || isLoopback(host);
