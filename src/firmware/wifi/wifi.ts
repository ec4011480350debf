/**
 * Folder wifi/: the wireless networks of a unit, through NetworkManager.
 *
 * Guarantees: several networks are kept, each with its priority; the only network, while it is in use, is
 * removed only on explicit request, because a unit in the field could no longer be reached; a network that
 * NetworkManager rejects leaves no file.
 */
import { lstatSync } from "node:fs";
import { rm } from "node:fs/promises";
import { errnoOf } from "../../base/errors.ts";
import { replaceFile } from "../../base/files/atomic-file.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";
import { nmcli, nmcliRows } from "./nmcli.ts";
import { type Network, profileFolder, profileOf } from "./profile.ts";
import { shownSsid } from "./ssid.ts";

export interface WifiStatus {
  /** As NetworkManager reports it: "connected", "disconnected", … */
  readonly state: string;
  /** "full", "limited", "portal", "none", "unknown". */
  readonly connectivity: string;
  readonly radio: "on" | "off" | "blocked";
  readonly devices: readonly { readonly name: string; readonly state: string; readonly network: string }[];
  readonly saved: readonly SavedNetwork[];
}

export interface SavedNetwork {
  readonly name: string;
  readonly uuid: string;
  readonly priority: number;
  readonly active: boolean;
}

export interface SeenNetwork {
  /** The name; where that is not text, "hex:" and the digits for `--hex`. */
  readonly name: string;
  /** Percent. */
  readonly signal: number;
  /** "WPA2", "WPA1 WPA2", "WPA3", "open". */
  readonly security: string;
  readonly inUse: boolean;
}

/** @throws StartupError */
export async function wifiStatus(): Promise<WifiStatus> {
  const fields = ["STATE", "CONNECTIVITY", "WIFI-HW", "WIFI"] as const;
  const [general] = await nmcliRows(fields, "general", "status");
  const devices = await wifiDevices();
  const radioOff = general?.WIFI === "disabled" ? "off" : "on";
  return {
    state: general?.STATE ?? "unknown",
    connectivity: general?.CONNECTIVITY ?? "unknown",
    radio: general?.["WIFI-HW"] === "disabled" ? "blocked" : radioOff,
    devices,
    saved: await savedNetworks(),
  };
}

async function wifiDevices() {
  const rows = await nmcliRows(["DEVICE", "TYPE", "STATE", "CONNECTION"], "device", "status");
  const wireless = rows.filter(({ TYPE }) => TYPE === "wifi");
  return wireless.map(({ DEVICE, STATE, CONNECTION }) => ({
    name: DEVICE,
    state: STATE,
    network: CONNECTION,
  }));
}

async function savedNetworks(): Promise<SavedNetwork[]> {
  const fields = ["UUID", "TYPE", "AUTOCONNECT-PRIORITY", "ACTIVE", "NAME"] as const;
  const rows = await nmcliRows(fields, "connection", "show");
  return rows
    .filter(({ TYPE }) => TYPE === "802-11-wireless" || TYPE === "wifi")
    .map(({ UUID, NAME, ACTIVE, ...row }) => ({
      name: NAME,
      uuid: UUID,
      priority: Number(row["AUTOCONNECT-PRIORITY"]) || 0,
      active: ACTIVE === "yes",
    }))
    .sort((a, b) => b.priority - a.priority || a.name.localeCompare(b.name));
}

/**
 * The networks in range, strongest first, each once. @throws StartupError, also when there is no Wi-Fi device
 */
export async function scanWifi(): Promise<SeenNetwork[]> {
  if ((await wifiDevices()).length === 0) {
    throw new StartupError(
      exitCodes.unavailable,
      "NetworkManager has no Wi-Fi device.",
      "To see whether the machine has one: nmcli device; whether it is blocked: rfkill list",
    );
  }
  const fields = ["IN-USE", "SSID-HEX", "SIGNAL", "SECURITY"] as const;
  const rows = await nmcliRows(fields, "device", "wifi", "list", "--rescan", "auto");
  const seen = new Map<string, SeenNetwork>();
  for (const row of rows) {
    const hex = row["SSID-HEX"];
    const before = seen.get(hex);
    const signal = Number(row.SIGNAL) || 0;
    const inUse = row["IN-USE"] === "*" || (before?.inUse ?? false);
    const best = before !== undefined && before.signal > signal ? before : undefined;
    const name = shownSsid(Buffer.from(hex, "hex"));
    const security = row.SECURITY === "" || row.SECURITY === "--" ? "open" : row.SECURITY;
    seen.set(hex, { name, signal, security, ...best, inUse });
  }
  return [...seen.values()].sort((a, b) => b.signal - a.signal);
}

/**
 * Stores a network, or its new passphrase; does not connect yet.
 * @returns its UUID @throws StartupError
 */
export async function addNetwork(network: Network, folder = profileFolder): Promise<string> {
  const { uuid, path, text } = profileOf(network, folder);
  // Checks that NetworkManager runs, before anything is written.
  await nmcli("general", "status");
  const wasThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  try {
    await replaceFile(path, text);
  } catch (cause) {
    throw cannotWrite(folder, cause);
  }
  try {
    await nmcli("connection", "load", path);
    // `connection load` does not report a file that it rejected.
    await nmcli("-t", "-f", "connection.uuid", "connection", "show", "uuid", uuid);
    return uuid;
  } catch (error) {
    if (!wasThere) await rm(path, { force: true });
    throw error;
  }
}

function cannotWrite(folder: string, cause: unknown): StartupError {
  const reason = errnoOf(cause);
  if (reason === "EACCES" || reason === "EPERM") {
    const message = "A network's passphrase is stored in a file of root, which this user cannot write.";
    return new StartupError(exitCodes.permission, message, "Run it again with sudo.", { cause });
  }
  const message = `${folder} cannot be written (${reason}).`;
  const next = "Free space on the disk, or make it writable.";
  return new StartupError(exitCodes.storage, message, next, { cause });
}

/**
 * Removes a stored network.
 * @param name as in `wifiStatus`, or its UUID
 * @param force also remove the network in use when there is no other
 * @throws StartupError
 */
export async function removeNetwork(name: string, force: boolean): Promise<SavedNetwork> {
  const saved = await savedNetworks();
  const [found, ...more] = saved.filter(({ uuid, name: known }) => known === name || uuid === name);
  if (found === undefined) {
    const known = saved.map((each) => each.name).join(", ") || "none";
    throw new StartupError(exitCodes.usage, `There is no network ${name}.`, `Known networks: ${known}.`);
  }
  if (more.length > 0) {
    const uuids = [found, ...more].map(({ uuid }) => uuid).join(", ");
    throw new StartupError(
      exitCodes.usage,
      `Several networks are called ${name}.`,
      `Name one by its UUID: ${uuids}`,
    );
  }
  if (found.active && saved.length === 1 && !force) {
    throw new StartupError(
      exitCodes.usage,
      `${name} is in use, and there is no other network: this unit could no longer be reached.`,
      "First add another one with wifi add, or use --force.",
    );
  }
  await nmcli("connection", "delete", "uuid", found.uuid);
  return found;
}
