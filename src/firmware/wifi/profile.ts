/**
 * A network in the form that NetworkManager stores: a connection file (nm-settings-keyfile(5)).
 *
 * Guarantee: the passphrase is only in this file, which belongs to root and has mode 0600; each network has
 * one file, so that adding it again replaces its passphrase and nothing else.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { exitCodes, StartupError } from "../process/exit-codes.ts";
import { shownSsid } from "./ssid.ts";

export const securities = ["wpa", "wpa3", "open"] as const;
export type Security = (typeof securities)[number];

export interface Network {
  readonly ssid: Buffer;
  readonly security: Security;
  /** Absent for "open". */
  readonly passphrase: string | undefined;
  /** The network in range with the highest priority is chosen; the default is 0. */
  readonly priority: number;
  /** It does not broadcast its name, so the unit must ask for it by name. */
  readonly hidden: boolean;
}

export const profileFolder = "/etc/NetworkManager/system-connections";

export interface Profile {
  readonly uuid: string;
  readonly path: string;
  /** Contains the passphrase. */
  readonly text: string;
}

/** @throws StartupError (usage) for an invalid passphrase; the message does not contain it */
export function profileOf(network: Network, folder = profileFolder): Profile {
  const { ssid, security, passphrase, priority, hidden } = network;
  const digest = createHash("sha256").update("grove-heater wifi ").update(ssid).digest("hex");
  const uuid = uuidOf(digest);
  const protection =
    security === "open"
      ? []
      : ["", "[wifi-security]", `key-mgmt=${keyManagement[security]}`, `psk=${escaped(checked(passphrase))}`];
  const lines = [
    "[connection]",
    `id=${escaped(shownSsid(ssid))}`,
    `uuid=${uuid}`,
    "type=wifi",
    `autoconnect-priority=${priority}`,
    "",
    "[wifi]",
    "mode=infrastructure",
    // As numbers, bytes of any value need no quoting.
    `ssid=${[...ssid].join(";")};`,
    ...(hidden ? ["hidden=true"] : []),
    ...protection,
    ...["", "[ipv4]", "method=auto", "", "[ipv6]", "method=auto", ""],
  ];
  const path = join(folder, `grove-heater-${digest.slice(0, 12)}.nmconnection`);
  return { uuid, path, text: lines.join("\n") };
}

/** "wpa-psk" also fits a network that offers both WPA2 and WPA3. */
const keyManagement = { wpa: "wpa-psk", wpa3: "sae" } as const;

/** IEEE 802.11, annex J.4: 8 to 63 printable ASCII characters, or the key itself as 64 hexadecimal digits. */
function checked(passphrase: string | undefined): string {
  if (passphrase !== undefined && /^([\x20-\x7e]{8,63}|[0-9a-fA-F]{64})$/.test(passphrase)) return passphrase;
  throw new StartupError(
    exitCodes.usage,
    passphrase === undefined ? "There is no passphrase." : "The passphrase is invalid.",
    "It must have 8 to 63 printable ASCII characters. For a network without a passphrase: --security open",
  );
}

/** Escapes a value of a key file: backslashes, and spaces at the beginning, which would be dropped. */
const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replace(/^ +/, (blanks) => "\\s".repeat(blanks.length));

/** A version 8 UUID (RFC 9562), made from our own digest. */
function uuidOf(digest: string): string {
  const [, a, b, c, d, e] = /^(.{8})(.{4})(.{3})(.{3})(.{12})/.exec(digest) ?? [];
  return `${a}-${b}-8${c}-a${d}-${e}`;
}
