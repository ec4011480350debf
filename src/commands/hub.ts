/**
 * `hub`: the local DPS and IoT Hub with its page, for this device and others; `run` starts it when it has no
 * credentials.
 */

import type { Log } from "../base/log.ts";
import { read } from "../base/schema/schema.ts";
import { readRequired } from "../firmware/claim/claim.ts";
import { certificatesOf } from "../firmware/claim/pem.ts";
import { guardianToHub } from "../firmware/front/messages.ts";
import { drawPanel } from "../firmware/front/picture.ts";
import { closeInspector } from "../firmware/guardian/clean-node.ts";
import { installSignals } from "../firmware/guardian/signals.ts";
import { startHubAlerts } from "../firmware/hub-process/hub-alerts.ts";
import { explainListening } from "../firmware/hub-process/listening-errors.ts";
import {
  type LocalHub,
  type LocalHubOptions,
  startLocalHub,
  startOrJoin,
} from "../firmware/hub-process/local-hub.ts";
import { loadManifestWithoutHat } from "../firmware/load-manifest.ts";
import { rankMemory } from "../firmware/memory/rank.ts";
import { settingsOf } from "../firmware/page-process/device-detail.ts";
import { DeviceLink } from "../firmware/page-process/device-link.ts";
import { ownDeviceId } from "../firmware/page-process/own-id.ts";
import { homeSessionTime } from "../firmware/page-process/page-server.ts";
import { PasswordFile, warnOfPassword } from "../firmware/page-process/password-file.ts";
import { endProcess, flushBriefly } from "../firmware/process/end-process.ts";
import { exitCodes } from "../firmware/process/exit-codes.ts";
import { guardNetwork } from "../firmware/process/guard-network.ts";
import { LineWriter } from "../firmware/process/line-writer.ts";
import { createLogger } from "../firmware/process/logger.ts";
import type { HubToGuardian } from "../firmware/process/messages.ts";
import { systemClock } from "../firmware/process/system-clock.ts";
import { mayDebug } from "../firmware/seal/seal.ts";
import { openDataFolder } from "../firmware/storage/data-folder.ts";
import { settingsToShow } from "../firmware/storage/last-good.ts";
import { StorageMeter } from "../firmware/storage/storage-meter.ts";
import { sendToParent } from "../firmware/supervision/send-to-parent.ts";
import type { Settings } from "../model/settings.ts";
import { ownersHub } from "./hub/owner.ts";
import { oneOf, readContext } from "./line/context.ts";
import { namesOf, portOf } from "./line/listening.ts";
import { pageFlags, pageWanted } from "./line/page-flags.ts";
import { type Arguments, sharedFlags, type Verb } from "./line/verb.ts";
import { printCode } from "./output/page-address.ts";

export const verb: Verb = {
  name: "hub",
  summary: "Run the local hub and its page",
  usage: "hub [FLAGS] | hub show | hub device add|show|remove ID | hub device list",
  subverbs: ["show", "device"],
  checksFurtherWords: true,
  flags: {
    data: sharedFlags.data,
    json: { doc: "of show and device: print JSON" },
    device: { value: "ID", doc: "registration id of this machine's device (default: its host name)" },
    host: { value: "ADDRESS", doc: "address to listen on (default: 127.0.0.1); others need a password" },
    name: {
      value: "NAME",
      several: true,
      doc: "an additional host name of this machine, such as heater.lan",
    },
    port: { value: "N", doc: "port of the page, without alternatives (default: 8780, or a free one)" },
    trust: {
      value: "FILE",
      several: true,
      doc: "authority of an owner (ca.pem of claim ca): devices with its certificates are accepted",
    },
    settings: sharedFlags.settings,
    page: pageFlags.page,
    "no-page": pageFlags["no-page"],
    monitoring: { doc: "serve /metrics and /api/state also on an address other than loopback" },
    log: { value: "FORMAT", doc: "json or text (default: text on a terminal, otherwise json)" },
  },
  notes: `
Implements the protocols of Azure DPS and IoT Hub on this machine, without account or internet. On other addresses than
loopback it needs a password (8 characters or more) in the environment variable GROVE_HEATER_HUB_PASSWORD. --page lan opens
the page alone, with the password of "page password".
A data folder has one hub: if one runs already, this prints its address and ends with exit code 75; "run" uses that one.
Its ports are taken from AllowedTcpServerPorts in the manifest: 8780, 8443 and 8883 if they are free, else those of the
previous start, else the next free ones; the log shows them.
Monitoring programs read /metrics (Prometheus) and /api/state (JSON) of the page, with its password where it has one.
Firmware images that "feed publish" puts in the folder hub/feed of the data folder are offered to units at /feed/ of the
page, without a password; they count towards the storage limit.

show prints where pages, devices and services connect, with the service connection string, which may change every device:
keep it secret. device add registers a device and prints its connection string, this once; remove also disconnects it.
They use the running hub of the data folder, or the folder itself while none runs.`,
  run: (args) => (args.words.length === 0 ? serve(args) : ownersHub(args)),
};

async function serve(args: Arguments): Promise<number> {
  const { data, settingsFile } = readContext(args);
  const folder = openDataFolder(data.path);
  const settings = () => settingsToShow(settingsFile, data);
  const reach = pageWanted(args) ?? settings().page;
  const manifest = loadManifestWithoutHat();
  guardNetwork(manifest);
  const format = oneOf(args, "log", ["json", "text"], process.stdout.isTTY ? "text" : "json");
  const guarded = process.send !== undefined;
  if (guarded) rankMemory("hub");
  const out = new LineWriter(guarded ? 2 : 1);
  const level = guarded ? "warn" : "info";
  const log = createLogger({ clock: systemClock, level, format, write: out.write });
  // Before the hub runs there is nothing to close, and it is closed only once.
  const endNow = (): void => endProcess(exitCodes.ok, out);
  let end = endNow;
  installSignals({ log, end: () => end(), mayDebug: () => mayDebug(folder.path) });
  process.once("disconnect", () => end());
  closeInspector(log);
  const device = args.value("device") ?? ownDeviceId();
  const meter = new StorageMeter({ folder: folder.path, manifest, clock: systemClock });
  const options: LocalHubOptions = {
    dataPath: folder.path,
    log,
    device,
    host: args.value("host"),
    names: namesOf(args),
    pagePort: portOf(args),
    password: takePassword(process.env),
    page: pageOf(reach, data.path),
    settings,
    monitoring: args.has("monitoring"),
    trustedPems: args.values("trust").map((file) => certificatesOf(readRequired(file), file)[0].toString()),
    allowedPorts: manifest.tcpServerPorts,
    reserveStorage: (bytes) => meter.reserve(bytes),
  };
  const starting = guarded ? startOrJoin(options, reportReady) : startLocalHub(options);
  const hub = await starting.catch(explainListening);
  log.info("hub-ready", {
    page: hub.addresses.pageUrl,
    mqtt: hub.addresses.hubHost,
    idScope: hub.addresses.idScope,
  });
  if (reach === "lan") {
    printCode(hub.urls);
    warnOfPassword(folder.path, systemClock, log);
  }
  connectPanel(hub, device);
  const link = guarded ? connectSettings(hub, device, folder.path, log) : undefined;
  const closeAlerts = await startHubAlerts({ core: hub.core, dataPath: folder.path, manifest, log });
  reportReady(hub.addresses.pageUrl, hub.credentials);
  await new Promise<void>((resolve) => {
    end = () => {
      end = endNow;
      resolve();
    };
  });
  await Promise.all([hub.close(), closeAlerts(), link?.close()]);
  await flushBriefly(out);
  return endProcess(exitCodes.ok, out);
}

/** Where the page listens; `undefined`: where the hub does. */
const pageOf = (reach: Settings["page"], dataPath: string): LocalHubOptions["page"] =>
  reach === "lan"
    ? { password: new PasswordFile(dataPath, systemClock), sessionTime: homeSessionTime }
    : reach === "off"
      ? "off"
      : undefined;

/** To the guardian, which forwards it to the loop. */
function reportReady(page: string, credentials: string): void {
  sendToGuardian({ kind: "hub-ready", page, credentials });
}

const sendToGuardian = (message: HubToGuardian): void => sendToParent(message);

/** Shows the front of this machine's device on the page; the guardian forwards the messages. */
function connectPanel({ core: { panels } }: LocalHub, device: string): void {
  process.on("message", (message) => {
    const received = read(guardianToHub, message);
    if (received?.kind === "panel-shown") panels.show(device, drawPanel(received));
    else if (received?.kind === "panel-gone") panels.show(device, undefined);
  });
  panels.onPress = (_device, press) => sendToGuardian({ kind: "panel-pressed", ...press });
  panels.onSimulate = (_device, simulation) => sendToGuardian({ kind: "simulate-fault", ...simulation });
}

/** Shows the settings of this machine's device on the page, and passes changes of them by its local socket. */
function connectSettings(
  { core: { unitSettings } }: LocalHub,
  device: string,
  dataPath: string,
  log: Log,
): DeviceLink {
  const link = new DeviceLink({
    dataPath,
    clock: systemClock,
    log,
    onStatus: (status) => unitSettings.show(device, settingsOf(status).settings),
    onLog() {},
    onLogBegins() {},
  });
  unitSettings.add(device, async (changes) => {
    const answer = await link.request((id) => ({ kind: "change-settings", id, changes }));
    return answer.kind === "done" ? undefined : answer;
  });
  link.start();
  return link;
}

/** Removed from the environment, which diagnostic reports copy. */
function takePassword(env: NodeJS.ProcessEnv): string | undefined {
  const password = env["GROVE_HEATER_HUB_PASSWORD"];
  delete env["GROVE_HEATER_HUB_PASSWORD"];
  return password;
}
