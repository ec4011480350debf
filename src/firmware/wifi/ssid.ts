/** Names of wireless networks: 1 to 32 bytes of any kind (IEEE 802.11, 9.4.2.2); most are UTF-8, none must be. */
import { exitCodes, StartupError } from "../process/exit-codes.ts";

const longest = 32;

/** @throws StartupError (usage) */
export function checkSsid(ssid: Buffer): Buffer {
  if (ssid.length >= 1 && ssid.length <= longest) return ssid;
  throw new StartupError(
    exitCodes.usage,
    `A network's name has 1 to ${longest} bytes; this one has ${ssid.length}.`,
    "See the names with: grove-heater wifi scan",
  );
}

/** Hexadecimal digits, as a scan shows a name that is no text. @throws StartupError (usage) */
export function ssidFromHex(text: string): Buffer {
  if (/^([0-9a-f]{2})+$/i.test(text)) return checkSsid(Buffer.from(text, "hex"));
  throw new StartupError(
    exitCodes.usage,
    "--hex wants two hexadecimal digits for each byte.",
    "Such as --hex 486f6d65",
  );
}

/**
 * For a terminal: text as it is, with what could move a cursor or hide made visible; bytes that are no text as
 * "hex:…", which `--hex` takes.
 */
export function shownSsid(ssid: Buffer): string {
  if (ssid.length === 0) return "(hidden)";
  const text = ssid.toString("utf8");
  if (!Buffer.from(text, "utf8").equals(ssid) || /[\p{C}\p{Zl}\p{Zp}]/u.test(text))
    return `hex:${ssid.toString("hex")}`;
  return text;
}
