/**
 * Folder hub-process/: runs the local hub beside the device, or joins the one that runs.
 *
 * The local hub as a part of this installation: its folder, its ports, its page, and this device's way in.
 *
 * Guarantee: one hub for a data folder. On loopback unless asked otherwise. Each port by itself is the usual one where
 * that is free, else the one of the start before, else another that may be used, so that addresses change as seldom as
 * can be; a page port that was asked for is that one or none. The device's credentials lie in a file of their own, 0600,
 * and are right at each start, whatever became of the hub's keys.
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
  /** More names by which it is reached. */
  readonly names?: readonly string[];
  /** 0: any free one of those that may be used. */
  readonly pagePort?: number | undefined;
  readonly password?: string | undefined;
  /** As `HubOptions` has it. */
  readonly page?: HubOptions["page"];
  /** Of this device, as they are now; the defaults when absent. */
  readonly settings?: (() => Settings) | undefined;
  /** Serve /metrics and /api/state beyond loopback too. */
  readonly monitoring?: boolean | undefined;
  /** Authorities that sign certificates of devices, besides the hub's own; PEM. */
  readonly trustedPems?: readonly string[] | undefined;
  /** The ports that may be used; any when absent. */
  readonly allowedPorts?: readonly number[] | undefined;
  /** Rejects when so many bytes more may not be stored. */
  readonly reserveStorage?: ((bytes: number) => Promise<void>) | undefined;
}

export interface LocalHub {
  readonly addresses: HubAddresses;
  /** Of its page, the best one first; none without a page. */
  readonly urls: readonly string[];
  /** Folder of the device's credentials.json. */
  readonly credentials: string;
  readonly core: RunningHub["core"];
  close(): Promise<void>;
}

/** Where the local hub keeps its own things, and this device's way in. */
export const hubFolders = (dataPath: string) => ({
  hub: join(dataPath, "hub"),
  device: join(dataPath, "hub-device"),
});

/** @throws HubRunningError when another process has the hub of this folder; Error as `startHub` does */
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
  sayMoved(addresses, options, log);
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

/** @returns those of the page, the best one first */
function urlsOf({ pagePort, pageUrl }: HubAddresses, { page, names }: LocalHubOptions): readonly string[] {
  if (page === "off") return [];
  return page === undefined ? [pageUrl] : pageUrls(new HostNames(anyAddress, names), pagePort);
}

/** For `page show`, which can do without. */
async function notePage(dataPath: string, { pagePort: port }: HubAddresses, urls: readonly string[]) {
  if (port !== 0) await writePageNote(dataPath, { process: process.pid, port, urls }).catch(() => undefined);
}

const joinEvery: Millis = seconds(3);

/**
 * Starts the hub; while another process has it, uses that one, and takes over when it ends.
 * @param onJoined called with the page's address and the folder of the credentials each time these are another's
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
      // Soon after its start the other has no address yet.
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
    await systemClock.sleep(joinEvery);
  }
}

const silentTries = 5;

interface PortChoices {
  readonly mqttPort: PortChoice;
  readonly restPort: PortChoice;
  readonly pagePort: PortChoice;
}

function portChoices({ pagePort: asked, allowedPorts: allowed }: LocalHubOptions): PortChoices {
  const may = (port: number | undefined): port is number =>
    port !== undefined && (allowed?.includes(port) ?? true);
  // Where others usually are, whoever moved there would make them move too: there only as a last resort.
  const spare = (known: RememberedPorts): number[] => {
    const others = Object.values(known);
    const free = allowed?.filter((port) => !Object.values(defaultPorts).includes(port)) ?? [0];
    return [...free].sort((a, b) => Number(others.includes(a)) - Number(others.includes(b)));
  };
  const wish =
    (first: (known: RememberedPorts) => readonly (number | undefined)[]) =>
    (known: RememberedPorts): number[] => [...new Set([...first(known).filter(may), ...spare(known)])];
  return {
    // Credentials of devices hold this one: where it was at the last start it stays.
    mqttPort: wish(({ mqtt }) => [mqtt, defaultPorts.mqtt]),
    restPort: wish(({ rest }) => [defaultPorts.rest, rest]),
    pagePort:
      asked === undefined ? wish(({ page }) => [defaultPorts.page, page]) : asked === 0 ? spare : asked,
  };
}

/** Somebody looks for it where it usually is. */
function sayMoved(addresses: HubAddresses, { pagePort }: LocalHubOptions, log: Log): void {
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

/** Written only where it is another: memory cards wear, and one that has become read-only still holds what is right. */
async function keep(path: string, text: string): Promise<void> {
  if (readSound(path) === text) return await chmod(path, 0o600).catch(() => undefined);
  await replaceFile(path, text);
}

function readSound(path: string): string | undefined {
  try {
    return readSmallFile(path, { limit: 64 * 1024 });
  } catch {
    return undefined;
  }
}
