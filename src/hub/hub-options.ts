/** How a hub is to be started, and where it is then. */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { mqttPort } from "../protocol/names.ts";

/** Where a hub listens that is not told where; the last two are seldom taken. */
export const usualPorts = { mqtt: mqttPort, rest: 8443, page: 8780 };

/**
 * One port that it is to be, 0 for any free one; or which to try in which order, given those that were found at an
 * earlier start. What is found that way is remembered.
 */
export type PortWish = number | ((remembered: RememberedPorts) => readonly number[]);

/** Where the hub found room at its last start: devices and bookmarks lead there. */
export interface RememberedPorts {
  readonly mqtt?: number | undefined;
  readonly rest?: number | undefined;
  readonly page?: number | undefined;
}

export interface HubOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Folder for everything that is to outlast the process. Absent: nothing outlasts it. */
  readonly dataPath?: string;
  /** Rejects when so many bytes more may not be stored; what it refuses is not written. */
  readonly reserveStorage?: (bytes: number) => Promise<void>;
  /** Address to listen on; loopback when absent. Wider needs `pagePassword`. */
  readonly host?: string;
  /** More names under which it is reached, also behind a proxy that speaks HTTPS: for certificate, logins and page. */
  readonly hostNames?: readonly string[];
  readonly mqttPort?: PortWish;
  readonly restPort?: PortWish;
  readonly pagePort?: PortWish;
  /** Folder of the built page. */
  readonly pagePath?: string;
  readonly pagePassword?: string;
  /** Authorities besides the hub's own that sign certificates of devices: each an X.509 enrolment group. PEM. */
  readonly trustedPems?: readonly string[];
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
