/**
 * Names of wireless networks: 1 to 32 bytes of any value (IEEE 802.11, 9.4.2.2); most are UTF-8, but need not
 * be.
 */
import { exitCodes, StartupError } from "../process/exit-codes.ts";

const maxBytes = 32;

/** @throws StartupError (usage) */
export function checkSsid(ssid: Buffer): Buffer {
  if (ssid.length >= 1 && ssid.length <= maxBytes) return ssid;
  throw new StartupError(
    exitCodes.usage,
    `A network's name has 1 to ${maxBytes} bytes; this one has ${ssid.length}.`,
    "See the names with: grove-heater wifi scan",
  );
}

/** From hexadecimal digits, as a scan shows a name that is not text. @throws StartupError (usage) */
export function ssidFromHex(text: string): Buffer {
  if (/^([0-9a-f]{2})+$/i.test(text)) return checkSsid(Buffer.from(text, "hex"));
  throw new StartupError(
    exitCodes.usage,
    "--hex needs two hexadecimal digits for each byte.",
    "For example: --hex 486f6d65",
  );
}

/**
 * Makes a name safe to print on a terminal: printable text is unchanged; names that are not text, or contain
 * control or invisible characters, are shown as "hex:…", which `--hex` accepts.
 */
export function shownSsid(ssid: Buffer): string {
  if (ssid.length === 0) return "(hidden)";
  const text = ssid.toString("utf8");
  if (!Buffer.from(text, "utf8").equals(ssid) || /[\p{C}\p{Zl}\p{Zp}]/u.test(text))
    return `hex:${ssid.toString("hex")}`;
  return text;
}
