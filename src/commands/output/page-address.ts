/** Addresses as text for a terminal, and as QR codes for a phone. */
import { qrCode, qrText } from "../../base/qr-code.ts";

/** @param colour whether the terminal takes colours: the code is light on dark in any of its schemes then */
export function addressLines(urls: readonly string[], colour: boolean): readonly string[] {
  if (urls.length < 2) return urls;
  // Phones know names in .local less often than addresses.
  const url = urls.find((each) => /^http:\/\/\d/.test(each)) ?? urls[0] ?? "";
  const lines = codeLines(url, colour);
  return lines.length === 0 ? urls : [...urls, "", ...lines, url];
}

/** A QR code of a text; no lines for one that is too long. @param colour as above */
export function codeLines(text: string, colour: boolean): readonly string[] {
  const code = qrCode(text);
  if (code === undefined) return [];
  return qrText(code).map((line) => (colour ? `\x1b[97;40m${line}\x1b[0m` : line));
}

/** Printed below the log of a start, on a terminal and when the page is open to the local network. */
export function printCode(urls: readonly string[]): void {
  const { stderr, env } = process;
  if (!stderr.isTTY || urls.length < 2) return;
  stderr.write(`${addressLines(urls, !env["NO_COLOR"]).join("\n")}\n`);
}
