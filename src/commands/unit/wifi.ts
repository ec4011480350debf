/**
 * `wifi status | scan | add | remove`: the wireless networks of this unit.
 *
 * Guarantee: a passphrase is typed without echo, or read from standard input or a private file; it is never
 * read from the command line and never printed.
 */
import { readPrivate, systemPrivateFiles } from "../../azure/credentials/private-files.ts";
import { withStartupErrors } from "../../firmware/claim/claim.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { type Security, securities } from "../../firmware/wifi/profile.ts";
import { checkSsid, shownSsid, ssidFromHex } from "../../firmware/wifi/ssid.ts";
import { addNetwork, removeNetwork, scanWifi, wifiStatus } from "../../firmware/wifi/wifi.ts";
import { oneOf, wholeNumber } from "../line/context.ts";
import { readHiddenLine } from "../line/hidden-line.ts";
import { print } from "../line/print.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";

const subverbs = { status, scan, add, remove } as const;

export const verb: Verb = {
  name: "wifi",
  summary: "Show, add and remove the wireless networks of this unit",
  usage: "wifi status|scan|add|remove [NETWORK] [FLAGS]",
  subverbs: Object.keys(subverbs),
  checksFurtherWords: true,
  flags: {
    hex: { value: "DIGITS", doc: "add: the network's name in hexadecimal, if it is not text" },
    security: { value: "KIND", doc: "add: wpa (default; WPA2, or WPA2 and WPA3), wpa3 (WPA3 alone) or open" },
    priority: { value: "N", doc: "add: the network in range with the highest is chosen (default: 0)" },
    hidden: { doc: "add: the network does not broadcast its name" },
    "passphrase-file": { value: "FILE", doc: "add: file with the passphrase (0600)" },
    force: { doc: "remove: also remove the only network while it is in use" },
    json: sharedFlags.json,
  },
  notes: `
For a unit whose network is managed by NetworkManager, as on Raspberry Pi OS since version 12. add and remove need sudo.
  sudo grove-heater wifi add "My Network"                    asks for the passphrase, and does not show it
  sudo grove-heater wifi add Workshop --priority 10 < passphrase.txt
Several networks can be stored. Adding one does not switch to it, so an SSH connection is not interrupted. Adding a
network again replaces its passphrase. NetworkManager stores the passphrase in a file that only root can read (0600).
Exit codes: 69 NetworkManager is missing, does not run or has no Wi-Fi; 77 sudo is needed.`,
  run(args) {
    const [word = "status"] = args.words;
    return subverbs[word as keyof typeof subverbs](args);
  },
};

async function status(args: Arguments): Promise<number> {
  checkWordCount(args, 1);
  const found = await wifiStatus();
  if (args.has("json")) return print(JSON.stringify(found, null, 2));
  print(`Network: ${found.state}, internet: ${found.connectivity}`);
  if (found.radio !== "on") print(radioOff[found.radio]);
  if (found.devices.length === 0) print("No Wi-Fi device. See: nmcli device");
  for (const { name, state, network } of found.devices)
    print(`${name}: ${state}${network ? `, ${network}` : ""}`);
  print(
    found.saved.length === 0
      ? "No network is stored. Add one: sudo grove-heater wifi add NETWORK"
      : "Stored networks:",
  );
  for (const { name, priority, active, uuid } of found.saved) {
    print(
      `  ${active ? "*" : " "} ${printable(name).padEnd(32)} priority ${String(priority).padEnd(4)} ${uuid}`,
    );
  }
  return exitCodes.ok;
}

const radioOff = {
  off: "✗ Wi-Fi is switched off.\n  Switch it on: sudo nmcli radio wifi on",
  blocked:
    "✗ Wi-Fi is blocked. A Raspberry Pi blocks it until the country is set.\n" +
    "  Set it: sudo raspi-config nonint do_wifi_country GB (your country's code); then see: rfkill list",
} as const;

async function scan(args: Arguments): Promise<number> {
  checkWordCount(args, 1);
  const seen = await scanWifi();
  if (args.has("json")) return print(JSON.stringify(seen, null, 2));
  if (seen.length === 0) return print("No network is in range.");
  for (const { name, signal, security, inUse } of seen)
    print(`${inUse ? "*" : " "} ${String(signal).padStart(3)} %  ${security.padEnd(10)} ${name}`);
  return exitCodes.ok;
}

async function add(args: Arguments): Promise<number> {
  checkWordCount(args, 2);
  const hex = args.value("hex");
  const name = args.words[1];
  if ((name === undefined) === (hex === undefined)) {
    throw usage(
      "wifi add needs the network's name.",
      "Give it as one argument (in quotes), or its bytes with --hex.",
    );
  }
  const ssid = hex === undefined ? checkSsid(Buffer.from(name ?? "", "utf8")) : ssidFromHex(hex);
  const security: Security = oneOf(args, "security", securities, "wpa");
  const priority = wholeNumber(args, "priority", { least: -999, most: 999 }, 0);
  const passphrase = security === "open" ? undefined : await readPassphrase(args, shownSsid(ssid));
  const uuid = await addNetwork({ ssid, security, passphrase, priority, hidden: args.has("hidden") });
  return print(`${shownSsid(ssid)}: stored, with priority ${priority}. It is used when no network of higher priority is in use.
To switch to it now (an SSH connection over another network may end): sudo nmcli connection up uuid ${uuid}`);
}

async function readPassphrase(args: Arguments, network: string): Promise<string | undefined> {
  const file = args.value("passphrase-file");
  if (file === undefined) {
    const prompt = `Passphrase of ${network} (not shown): `;
    return await readHiddenLine(process.stdin, process.stderr, prompt, { keepBlanks: true });
  }
  const text = await withStartupErrors(() => readPrivate(systemPrivateFiles, file));
  if (text === undefined) throw usage(`${file} does not exist.`, "Check the name of the file.");
  return text.replace(/\r?\n[\s\S]*$/, "");
}

async function remove(args: Arguments): Promise<number> {
  checkWordCount(args, 2);
  const name = args.words[1];
  if (name === undefined) throw usage("wifi remove needs a network.", "See: grove-heater wifi status");
  const { name: removed } = await removeNetwork(name, args.has("force"));
  return print(`${printable(removed)}: removed.`);
}

function checkWordCount(args: Arguments, max: number): void {
  if (args.words.length <= max) return;
  const word = args.words[0];
  if (word === "add" && args.words.length > 2) {
    throw usage(
      "A passphrase on the command line can be read by every process of this machine, and stays in the shell's history.",
      "Omit it: the command asks for it. Put a network's name with spaces in quotes. If this was a passphrase, change it.",
    );
  }
  throw usage(`unexpected argument: ${args.words[max]}`, "See: grove-heater wifi --help");
}

/** Replaces control and invisible characters in a network's name, which others have chosen. */
const printable = (name: string): string => name.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "\uFFFD");
const usage = (message: string, remedy: string) => new StartupError(exitCodes.usage, message, remedy);
