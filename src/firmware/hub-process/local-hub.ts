/**
 * Folder hub-process/: runs the local hub beside the device, or joins a running one.
 *
 * The local hub as a part of this installation: its folder, its ports, its page, and the credentials of this device.
 *
 * Guarantee: one hub for a data folder. On loopback by default. Each port is the default one if that is free,
 * otherwise the one of the last start, otherwise another allowed one, so that addresses change as seldom as
 * possible; a requested page port has no substitute. The device's credentials are in a separate file, 0600,
 * and are valid after each start, whatever happened to the hub's keys.
 */
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { makePrivateFolder, replaceFile } from "../../base/files/atomic-file.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import type { Log } from "../../base/log.ts";
import { type Millis, seconds } from "../../base/units.ts";
import { anyAddress, HostNames } from "../../hub/host-names.ts";
import {
  type HubAddresses,
  type PortChoice,
  type RememberedPorts,
  type RunningHub,
  startHub,
} from "../../hub/hub.ts";
import { defaultPorts, type HubOptions } from "../../hub/hub-options.ts";
import { defaultSettings, type Settings } from "../../model/settings.ts";
import { recordedHistory } from "../history/recorded-history.ts";
import { pageUrls, writePageNote } from "../page-process/page-note.ts";
import { packageRoot } from "../process/package-root.ts";
import { systemClock } from "../process/system-clock.ts";
import { isSealed } from "../seal/seal.ts";
import { claimHub, HubRunningError } from "./claim.ts";
import { FeedRollOuts } from "./roll-outs.ts";
import { type ServiceAccess, writeServiceAccess } from "./service-access.ts";

export interface LocalHubOptions {
  readonly dataPath: string;
  readonly log: Log;
  /** Enrolled at the start; its credentials are written for the loop. */
  readonly device: string;
  readonly host?: string | undefined;
  /** Further host names of this machine. */
  readonly names?: readonly string[];
  /** 0: any free one of the allowed ports. */
  readonly pagePort?: number | undefined;
  readonly password?: string | undefined;
  /** See `HubOptions`. */
  readonly page?: HubOptions["page"];
  /** This device's current settings; default: the default settings. */
  readonly settings?: (() => Settings) | undefined;
  /** Serve /metrics and /api/state beyond loopback too. */
  readonly monitoring?: boolean | undefined;
  /** Authorities that sign certificates of devices, besides the hub's own; PEM. */
  readonly trustedPems?: readonly string[] | undefined;
  /** The allowed ports; default: any. */
  readonly allowedPorts?: readonly number[] | undefined;
  /** Rejects when the storage limit allows no `bytes` more. */
  readonly reserveStorage?: ((bytes: number) => Promise<void>) | undefined;
}

export interface LocalHub {
  readonly addresses: HubAddresses;
  /** Addresses of its page, the best one first; empty without a page. */
  readonly urls: readonly string[];
  /** Folder of the device's credentials.json. */
  readonly credentials: string;
  readonly core: RunningHub["core"];
  close(): Promise<void>;
}

/** The folders of the local hub's own files, and of this device's credentials for it. */
export const hubFolders = (dataPath: string) => ({
  hub: join(dataPath, "hub"),
  device: join(dataPath, "hub-device"),
});

/** @throws HubRunningError when another process runs the hub of this folder; Error as `startHub` does */
export async function startLocalHub(options: LocalHubOptions): Promise<LocalHub> {
  const { dataPath, log, device, host, password, reserveStorage } = options;
  const folders = hubFolders(dataPath);
  const { settings = () => defaultSettings } = options;
  await makePrivateFolder(folders.hub);
  const claim = await claimHub(folders.hub);
  let hub: RunningHub | undefined;
  try {
    hub = await startHub({
      clock: systemClock,
      log,
      dataPath: folders.hub,
      pagePath: join(packageRoot, "dist", "page"),
      ...portChoices(options),
      ...(host !== undefined && { host }),
      ...(options.names !== undefined && { hostNames: options.names }),
      ...(password !== undefined && { pagePassword: password }),
      ...(options.monitoring && { monitoring: true }),
      ...(reserveStorage && { reserveStorage }),
      isSealed: () => isSealed(dataPath),
      recorded: recordedHistory({ deviceId: device, dataPath, settings }),
      unit: () => settings().displayUnit,
      ...(options.page !== undefined && { page: options.page }),
      rollOuts: (parts) => new FeedRollOuts({ ...parts, folder: folders.hub, clock: systemClock, log }),
      ...(options.trustedPems && { trustedPems: options.trustedPems }),
    });
    await writeCredentials(folders.device, hub, device);
  } catch (error) {
    await hub?.close();
    await claim.release();
    throw error;
  }
  const running = hub;
  const { addresses, core } = running;
  warnOfChangedPorts(addresses, options, log);
  const urls = urlsOf(addresses, options);
  await notePage(dataPath, addresses, urls);
  const reach = host === undefined || host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const { pageUrl: page, pagePort: port } = addresses;
  await writeServiceAccess(folders.hub, accessOf(running, reach));
  await claim.announce({ process: process.pid, page, host: reach, port });
  const close = async () => {
    await running.close();
    await claim.release();
  };
  return { addresses, urls, credentials: folders.device, core, close };
}

function accessOf({ addresses, core, caPem }: RunningHub, host: string): ServiceAccess {
  const { pageUrl: page, displayedHost: deviceHost, restPort, idScope } = addresses;
  const ownerKey = core.settings.policy("iothubowner")?.primaryKey ?? "";
  return { host, restPort, deviceHost, page, idScope, ownerKey, caPem };
}

/** @returns the addresses of the page, the best one first */
function urlsOf({ pagePort, pageUrl }: HubAddresses, { page, names }: LocalHubOptions): readonly string[] {
  if (page === "off") return [];
  return page === undefined ? [pageUrl] : pageUrls(new HostNames(anyAddress, names), pagePort);
}

/** For `page show`, so a failure is ignored. */
async function notePage(dataPath: string, { pagePort: port }: HubAddresses, urls: readonly string[]) {
  if (port !== 0) await writePageNote(dataPath, { process: process.pid, port, urls }).catch(() => undefined);
}

const joinInterval: Millis = seconds(3);

/**
 * Starts the hub; while another process runs it, uses that hub, and takes over when it ends.
 * @param onJoined called with the page's address and the credentials' folder of each other hub that is used
 * @throws Error as `startHub` does
 */
export async function startOrJoin(
  options: LocalHubOptions,
  onJoined: (page: string, credentials: string) => void,
): Promise<LocalHub> {
  const { dataPath, log } = options;
  let joined: string | undefined;
  for (let silent = 0; ; ) {
    try {
      return await startLocalHub(options);
    } catch (error) {
      if (!(error instanceof HubRunningError)) throw error;
      const { note, answers } = error;
      // A hub that has just been started has no address yet.
      if (note === undefined || !answers) {
        silent += 1;
        if (silent === silentTries) log.warn("hub-silent", { process: note?.process ?? "", now: "waiting" });
      } else if (note.page !== joined) {
        joined = note.page;
        const without = "its page does not show this device's front";
        log.warn("hub-joined", { page: note.page, process: note.process, without });
        onJoined(note.page, hubFolders(dataPath).device);
      }
    }
    await systemClock.sleep(joinInterval);
  }
}

const silentTries = 5;

interface PortChoices {
  readonly mqttPort: PortChoice;
  readonly restPort: PortChoice;
  readonly pagePort: PortChoice;
}

function portChoices({ pagePort: requested, allowedPorts: allowed }: LocalHubOptions): PortChoices {
  const isAllowed = (port: number | undefined): port is number =>
    port !== undefined && (allowed?.includes(port) ?? true);
  // The default ports of the other servers come last: a server there would displace them in turn.
  const spare = (known: RememberedPorts): number[] => {
    const others = Object.values(known);
    const free = allowed?.filter((port) => !Object.values(defaultPorts).includes(port)) ?? [0];
    return [...free].sort((a, b) => Number(others.includes(a)) - Number(others.includes(b)));
  };
  const preferring =
    (first: (known: RememberedPorts) => readonly (number | undefined)[]) =>
    (known: RememberedPorts): number[] => [...new Set([...first(known).filter(isAllowed), ...spare(known)])];
  return {
    // Devices' credentials contain this port, so the one of the last start comes first.
    mqttPort: preferring(({ mqtt }) => [mqtt, defaultPorts.mqtt]),
    restPort: preferring(({ rest }) => [defaultPorts.rest, rest]),
    pagePort:
      requested === undefined
        ? preferring(({ page }) => [defaultPorts.page, page])
        : requested === 0
          ? spare
          : requested,
  };
}

/** Warns of changed ports, since users expect the default ones. */
function warnOfChangedPorts(addresses: HubAddresses, { pagePort }: LocalHubOptions, log: Log): void {
  const { mqttPort, restPort, pagePort: page } = addresses;
  if (mqttPort !== defaultPorts.mqtt)
    log.warn("hub-port", { for: "devices", usual: defaultPorts.mqtt, now: mqttPort });
  if (restPort !== defaultPorts.rest)
    log.warn("hub-port", { for: "services", usual: defaultPorts.rest, now: restPort });
  if (pagePort === undefined && page !== defaultPorts.page && page !== 0) {
    log.warn("hub-port", { for: "the page", usual: defaultPorts.page, now: page });
  }
}

async function writeCredentials(folder: string, hub: RunningHub, device: string): Promise<void> {
  const { idScope, registrationId, symmetricKey, provisioningHost } = await hub.enrolDevice(device);
  await makePrivateFolder(folder);
  await keep(join(folder, "ca.pem"), hub.caPem);
  const credentials = {
    type: "dps-symmetric-key",
    idScope,
    registrationId,
    deviceKey: symmetricKey,
    endpoint: provisioningHost,
    caFile: "ca.pem",
  };
  await keep(join(folder, "credentials.json"), `${JSON.stringify(credentials, null, 2)}\n`);
}

/** Written only if changed: memory cards wear, and one that has become read-only still has the right content. */
async function keep(path: string, text: string): Promise<void> {
  if (readOrNothing(path) === text) return await chmod(path, 0o600).catch(() => undefined);
  await replaceFile(path, text);
}

function readOrNothing(path: string): string | undefined {
  try {
    return readSmallFile(path, { limit: 64 * 1024 });
  } catch {
    return undefined;
  }
}
