/**
 * Whether readings may go where the credentials lead: those of an invented room not to a real cloud (SR-14).
 *
 * A hub on this machine is no real cloud: that is what the simulation is for.
 */
import type { Credentials } from "../../azure/credentials/credentials.ts";
import { isLoopback } from "../../hub/host-names.ts";
import { hostAndPort } from "../../protocol/names.ts";

export interface Readings {
  /** They come from the virtual hat. */
  readonly simulated: boolean;
  /** Somebody asked for it: `run --simulated-to-cloud`. */
  readonly simulatedToCloud: boolean;
}

export function mayGoTo(
  { way }: Pick<Credentials, "way">,
  { simulated, simulatedToCloud }: Readings,
): boolean {
  if (!simulated || simulatedToCloud) return true;
  return isLoopback(hostAndPort(way.kind === "dps" ? way.endpoint : way.host).host);
}
