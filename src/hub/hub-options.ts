/** How a hub is to be started, and where it is then. */
import type { Clock } from "../control/clock.ts";
import type { Log } from "../control/log.ts";

export interface HubOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Folder for everything that is to outlast the process. Absent: nothing outlasts it. */
  readonly dataPath?: string;
  /** Rejects when so many bytes more may not be stored; what it refuses is not written. */
  readonly reserveStorage?: (bytes: number) => Promise<void>;
  /** Address to listen on; loopback when absent. Wider needs `pagePassword`. */
  readonly host?: string;
  /** More names for the server's certificate and for devices' user names. */
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
  /** Name and port of both DPS and hub over MQTT, as devices are told it. */
  readonly hubHost: string;
  readonly mqttPort: number;
  readonly restPort: number;
  readonly pagePort: number;
  readonly pageUrl: string;
  readonly idScope: string;
}
