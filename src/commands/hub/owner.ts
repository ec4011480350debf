/**
 * Folder hub/: the parts of the verb `hub` that do not run a hub.
 *
 * `hub show` and `hub device …`: show and change a hub on this machine, for its owner.
 *
 * Guarantee: keys are printed by `show` and `device add` alone, and never logged.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isRecord, textMember } from "../../base/json/value.ts";
import {
  type DeviceIdentity,
  type HubService,
  openHubService,
} from "../../firmware/hub-process/hub-service.ts";
import { hubFolders } from "../../firmware/hub-process/local-hub.ts";
import { loadManifestWithoutHat } from "../../firmware/load-manifest.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { StorageMeter } from "../../firmware/storage/storage-meter.ts";
import { deviceConnectionString } from "../../hub/enrolment.ts";
import { bareHost, isLoopback } from "../../hub/host-names.ts";
import { hasTerminal, readContext, wantsColour } from "../line/context.ts";
import { print } from "../line/print.ts";
import { otherDataFolder } from "../line/service-data.ts";
import type { Arguments } from "../line/verb.ts";
import { codeLines } from "../output/page-address.ts";

const usage = "Usage: grove-heater hub show | hub device add|show|remove ID | hub device list";

type Action = (hub: HubService, args: Arguments, dataPath: string) => Promise<number>;

export async function ownersHub(args: Arguments): Promise<number> {
  const action = actionOf(args.words);
  const { path } = readContext(args).data;
  const dataPath = existsSync(hubFolders(path).hub) ? path : (otherDataFolder(args, path) ?? path);
  const meter = new StorageMeter({
    folder: dataPath,
    manifest: loadManifestWithoutHat(),
    clock: systemClock,
  });
  const hub = await openHubService({ dataPath, reserveStorage: (bytes) => meter.reserve(bytes) });
  try {
    return await action(hub, args, dataPath);
  } finally {
    await hub.close();
  }
}

/** @throws StartupError (usage) */
function actionOf(words: readonly string[]): Action {
  const [first, second, id, ...more] = words;
  const wrong = (message: string): StartupError => new StartupError(exitCodes.usage, message, usage);
  if (first === "show") {
    if (second !== undefined) throw wrong(`unexpected argument: ${second}`);
    return show;
  }
  if (second === undefined || second === "list") {
    if (id !== undefined) throw wrong(`unexpected argument: ${id}`);
    return list;
  }
  const actions: Readonly<Record<string, (id: string) => Action>> = { add, show: showDevice, remove };
  const found = Object.hasOwn(actions, second) ? actions[second] : undefined;
  if (found === undefined) throw wrong(`unknown subcommand: hub device ${second}.`);
  if (id === undefined) throw wrong("the id of the device is missing.");
  if (more[0] !== undefined) throw wrong(`unexpected argument: ${more[0]}`);
  return found(id);
}

async function show({ access, running, idScope }: HubService, args: Arguments, dataPath: string) {
  if (access === undefined) {
    print(
      "This hub has not run with this version yet, so its addresses are not known. Start it: grove-heater hub",
    );
    return exitCodes.findings;
  }
  const { page, deviceHost, host, restPort, ownerKey } = access;
  const rest = `https://${isLoopback(host) ? "localhost" : host}:${restPort}`;
  const connectionString = `HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=${ownerKey}`;
  const caFile = join(hubFolders(dataPath).device, "ca.pem");
  if (args.has("json")) {
    const about = {
      running,
      page,
      deviceHost,
      rest,
      idScope,
      caFile,
      serviceConnectionString: connectionString,
    };
    return print(JSON.stringify(about, null, 2));
  }
  return print(
    [
      `Hub         ${running ? "runs" : "does not run; these were its last addresses"}`,
      `Page        ${page === "" ? "none" : page}`,
      `Devices     ${deviceHost}, ID scope ${idScope}`,
      `Services    ${rest}`,
      `Authority   ${caFile} (copy it to devices and services)`,
      "",
      "Service connection string, for the owner alone:",
      connectionString,
    ].join("\n"),
  );
}

async function list(hub: HubService, args: Arguments): Promise<number> {
  const devices = (await hub.devices()).map(factsOf);
  if (args.has("json")) return print(JSON.stringify(devices, null, 2));
  if (devices.length === 0) return print("No devices. To register one: grove-heater hub device add ID");
  const width = Math.max(...devices.map(({ id }) => id.length));
  for (const { id, state, lastActivity } of devices)
    print(`${id.padEnd(width)}  ${state.padEnd(12)}  last activity: ${lastActivity ?? "never"}`);
  return exitCodes.ok;
}

const showDevice =
  (id: string): Action =>
  async (hub, args) => {
    const device = await hub.device(id);
    if (device === undefined) return unknown(id);
    const facts = factsOf(device);
    if (args.has("json")) return print(JSON.stringify(facts, null, 2));
    const { state, lastActivity, authentication, messages } = facts;
    return print(
      [
        `Device          ${id}`,
        `State           ${state}`,
        `Last activity   ${lastActivity ?? "never"}`,
        `Authentication  ${authentication}`,
        `Messages        ${messages} wait for it`,
      ].join("\n"),
    );
  };

const add =
  (id: string): Action =>
  async (hub, args) => {
    const device = await hub.add(id);
    const host = hub.access?.deviceHost ?? "localhost";
    const connectionString = deviceConnectionString(host, id, keyOf(device));
    if (args.has("json")) return print(JSON.stringify({ id, connectionString }, null, 2));
    print(connectionString);
    if (hasTerminal())
      process.stderr.write(`${codeLines(connectionString, wantsColour(process.stderr)).join("\n")}\n`);
    process.stderr.write(
      `Registered ${id}. This is shown once: put it into the device's credentials.json, with the hub's ca.pem as caFile.\n`,
    );
    if (isLoopback(bareHost(host)))
      process.stderr.write(
        "The hub listens on this machine alone. For devices elsewhere, start it with: grove-heater hub --host 0.0.0.0\n",
      );
    return exitCodes.ok;
  };

const remove =
  (id: string): Action =>
  async (hub) =>
    (await hub.remove(id)) ? print(`Removed ${id}; it cannot connect any more.`) : unknown(id);

function unknown(id: string): number {
  process.stderr.write(`There is no device ${id}. See: grove-heater hub device list\n`);
  return exitCodes.findings;
}

function factsOf(device: DeviceIdentity) {
  const { authentication, cloudToDeviceMessageCount: messages } = device;
  const lastActivity = textMember(device, "lastActivityTime");
  const isEnabled = textMember(device, "status") === "enabled";
  const isConnected = textMember(device, "connectionState") === "Connected";
  return {
    id: textMember(device, "deviceId") ?? "",
    state: isEnabled ? (isConnected ? "connected" : "disconnected") : "disabled",
    lastActivity: lastActivity?.startsWith("0001-") ? null : (lastActivity ?? null),
    authentication: textMember(authentication, "type") ?? "unknown",
    messages: typeof messages === "number" ? messages : 0,
  };
}

function keyOf({ authentication }: DeviceIdentity): string {
  const keys = isRecord(authentication) ? authentication["symmetricKey"] : undefined;
  return textMember(keys, "primaryKey") ?? "";
}
