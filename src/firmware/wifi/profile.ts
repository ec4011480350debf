/**
 * A network as NetworkManager keeps it: a connection file (nm-settings-keyfile(5)).
 *
 * Guarantee: the passphrase is in the file alone, 0600 and root's; one network has one file, so that adding it again
 * replaces its passphrase and nothing else.
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
  /** Not for "open". */
  readonly passphrase: string | undefined;
  /** Of several in reach the highest is chosen; 0 is the usual one. */
  readonly priority: number;
  /** It does not tell its name: it is asked for by it. */
  readonly hidden: boolean;
}

export const profileFolder = "/etc/NetworkManager/system-connections";

export interface Profile {
  readonly uuid: string;
  readonly path: string;
  /** Secret. */
  readonly text: string;
}

/** @throws StartupError (usage) for a passphrase that no network can have; it is not quoted */
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
    // As bytes: whatever they are, they need no quoting.
    `ssid=${[...ssid].join(";")};`,
    ...(hidden ? ["hidden=true"] : []),
    ...protection,
    ...["", "[ipv4]", "method=auto", "", "[ipv6]", "method=auto", ""],
  ];
  const path = join(folder, `grove-heater-${digest.slice(0, 12)}.nmconnection`);
  return { uuid, path, text: lines.join("\n") };
}

/** A network of WPA2, or of both, is one of wpa-psk. */
const keyManagement = { wpa: "wpa-psk", wpa3: "sae" } as const;

/** IEEE 802.11, annex J.4: 8 to 63 printable ASCII characters, or the key itself as 64 hexadecimal digits. */
function checked(passphrase: string | undefined): string {
  if (passphrase !== undefined && /^([\x20-\x7e]{8,63}|[0-9a-fA-F]{64})$/.test(passphrase)) return passphrase;
  throw new StartupError(
    exitCodes.usage,
    passphrase === undefined ? "There is no passphrase." : "That cannot be the passphrase of a network.",
    "It has 8 to 63 letters, digits and signs of ASCII. For a network without one: --security open",
  );
}

/** Values of a key file: a backslash, and a blank at the beginning, which would be dropped. */
const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replace(/^ +/, (blanks) => "\\s".repeat(blanks.length));

/** Version 8 of RFC 9562: from our own digest. */
function uuidOf(digest: string): string {
  const [, a, b, c, d, e] = /^(.{8})(.{4})(.{3})(.{3})(.{12})/.exec(digest) ?? [];
  return `${a}-${b}-8${c}-a${d}-${e}`;
}
