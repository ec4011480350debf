/** Options of a hub, and its addresses once it runs. */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Millis } from "../base/units.ts";
import { mqttPort } from "../protocol/names.ts";
import type { PagePassword } from "./page-server/access/password.ts";
import type { RollOutParts, RollOuts } from "./page-server/firmware/roll-outs.ts";
import type { RecordedHistory } from "./twin/recorded.ts";

/** Default ports; other programs seldom use the last two. */
export const defaultPorts = { mqtt: mqttPort, rest: 8443, page: 8780 };

/**
 * A fixed port (0: any free one), or a function that lists the ports to try, given those of the last start. A port
 * found that way is remembered.
 */
export type PortChoice = number | ((remembered: RememberedPorts) => readonly number[]);

/** The ports of the last start: devices and bookmarks use them. */
export interface RememberedPorts {
  readonly mqtt?: number | undefined;
  readonly rest?: number | undefined;
  readonly page?: number | undefined;
}

/** A page for the local network. */
export interface LanPage {
  readonly password: PagePassword;
  readonly sessionTime: Millis;
}

export interface HubOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Data folder; its folder `feed` is offered to units. Absent: everything is kept in memory only. */
  readonly dataPath?: string;
  /** Rejects when the storage limit allows no `bytes` more; then nothing is written. */
  readonly reserveStorage?: (bytes: number) => Promise<void>;
  /** Address to listen on; loopback by default. Any other needs `pagePassword`. */
  readonly host?: string;
  /** Further host names, also those of an HTTPS proxy: for certificate, logins and page. */
  readonly hostNames?: readonly string[];
  readonly mqttPort?: PortChoice;
  readonly restPort?: PortChoice;
  readonly pagePort?: PortChoice;
  /** Folder of the built page. */
  readonly pagePath?: string;
  readonly pagePassword?: string;
  /**
   * `off`: there is no page. A `LanPage`: the page alone listens on all addresses, whatever `host` is.
   * Absent: it listens where the hub does.
   */
  readonly page?: "off" | LanPage;
  /** Whether /metrics and /api/state are served also when the page listens beyond loopback. */
  readonly monitoring?: boolean;
  /**
   * Whether the unit on this machine is sealed now: then the page can change nothing without a password.
   * Absent: it is not.
   */
  readonly isSealed?: () => boolean;
  /** Authorities besides the hub's own that sign certificates of devices: each an X.509 enrolment group. PEM. */
  readonly trustedPems?: readonly string[];
  /** Decides about the roll-outs of the folder `feed`. Absent: nothing is held back. */
  readonly rollOuts?: (parts: RollOutParts) => RollOuts;
  /** Of the temperatures on the page; °C when absent. */
  readonly unit?: () => "C" | "F";
  /** The stored history of the unit on this machine. */
  readonly recorded?: RecordedHistory;
}

export interface HubAddresses {
  /** Host of both DPS and hub over MQTT, with the port unless that is 8883. */
  readonly hubHost: string;
  /** The same by the name that people and other machines use: a hub on all addresses has this machine's name. */
  readonly displayedHost: string;
  readonly mqttPort: number;
  readonly restPort: number;
  /** 0 without a page, and then the address is empty. */
  readonly pagePort: number;
  readonly pageUrl: string;
  readonly idScope: string;
}
