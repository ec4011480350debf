/** How a hub is to be started, and where it is then. */
import type { Clock } from "../control/clock.ts";
import type { Log } from "../control/log.ts";

export interface HubOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Folder for everything that is to outlast the process. Absent: nothing outlasts it. */
  readonly dataPath?: string;
  /** Address to listen on; loopback when absent. Wider needs `pagePassword`. */
  readonly host?: string;
  /** More names under which it is reached, also behind a proxy that speaks HTTPS: for certificate, logins and page. */
  readonly hostNames?: readonly string[];
  /** 0: any free one. */
  readonly mqttPort?: number;
  readonly restPort?: number;
  readonly pagePort?: number;
  /** Folder of the built page. */
  readonly pagePath?: string;
  readonly pagePassword?: string;
}

export interface HubAddresses {
  /** Name of both DPS and hub over MQTT, as devices are told it, with the port unless that is 8883. */
  readonly hubHost: string;
  readonly mqttPort: number;
  readonly restPort: number;
  readonly pagePort: number;
  readonly pageUrl: string;
  readonly idScope: string;
}
