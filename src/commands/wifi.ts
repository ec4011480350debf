/**
 * `wifi status | scan | add | remove`: the wireless networks of this unit.
 *
 * Guarantee: a passphrase is typed without an echo, comes by the standard input or from a private file, never on the
 * command line, and is printed nowhere.
 */
import { readPrivate, systemPrivateFiles } from "../azure/credentials/private-files.ts";
import { explained } from "../firmware/claim/claim.ts";
import { exitCodes, StartupError } from "../firmware/process/exit-codes.ts";
import { type Security, securities } from "../firmware/wifi/profile.ts";
import { checkSsid, shownSsid, ssidFromHex } from "../firmware/wifi/ssid.ts";
import { addNetwork, removeNetwork, scanWifi, wifiStatus } from "../firmware/wifi/wifi.ts";
import { oneOf, wholeNumber } from "./line/context.ts";
import { readHiddenLine } from "./line/hidden-line.ts";
import { type Arguments, sharedFlags, type Verb } from "./line/verb.ts";

const words = { status, scan, add, remove } as const;

export const verb: Verb = {
  name: "wifi",
  summary: "See, add and remove the wireless networks of this unit",
  usage: "wifi status|scan|add|remove [NETWORK] [FLAGS]",
  subverbs: Object.keys(words),
  judgesFurtherWords: true,
  flags: {
    hex: { value: "DIGITS", doc: "add: the network's name in hexadecimal, where it is no text" },
    security: { value: "KIND", doc: "add: wpa (default; WPA2, or WPA2 and WPA3), wpa3 (WPA3 alone) or open" },
    priority: { value: "N", doc: "add: of several in reach the highest is chosen (default: 0)" },
    hidden: { doc: "add: the network does not tell its name" },
    "passphrase-file": { value: "FILE", doc: "add: where the passphrase is (0600)" },
    force: { doc: "remove: also the only one, while it is in use" },
    json: sharedFlags.json,
  },
  notes: `
For a unit whose network NetworkManager has, as on Raspberry Pi OS since version 12. add and remove need sudo.
  sudo grove-heater wifi add "My Network"                    asks for the passphrase, and does not show it
  sudo grove-heater wifi add Workshop --priority 10 < passphrase.txt
Several networks are kept. One that is added is not switched to now: a connection by SSH stays. Adding a network again
replaces its passphrase. The passphrase is kept by NetworkManager in a file of root's, 0600.
Exit codes: 69 NetworkManager is missing, does not run or has no Wi-Fi; 77 it needs sudo.`,
  run(args) {
    const [word = "status"] = args.words;
    return words[word as keyof typeof words](args);
  },
};

async function status(args: Arguments): Promise<number> {
  onlyWords(args, 1);
  const found = await wifiStatus();
  if (args.has("json")) return print(JSON.stringify(found, null, 2));
  print(`Network: ${found.state}, internet: ${found.connectivity}`);
  if (found.radio !== "on") print(radioOff[found.radio]);
  if (found.devices.length === 0) print("No Wi-Fi device. See: nmcli device");
  for (const { name, state, network } of found.devices)
    print(`${name}: ${state}${network ? `, ${network}` : ""}`);
  print(
    found.saved.length === 0
      ? "No network is kept. Add one: sudo grove-heater wifi add NETWORK"
      : "Kept networks:",
  );
  for (const { name, priority, active, uuid } of found.saved) {
    print(
      `  ${active ? "*" : " "} ${visible(name).padEnd(32)} priority ${String(priority).padEnd(4)} ${uuid}`,
    );
  }
  return exitCodes.ok;
}

const radioOff = {
  off: "✗ Wi-Fi is switched off.\n  Switch it on: sudo nmcli radio wifi on",
  blocked:
    "✗ Wi-Fi is blocked. A Raspberry Pi keeps it blocked until its country is known.\n" +
    "  Set it: sudo raspi-config nonint do_wifi_country GB (your country's letters); then see: rfkill list",
} as const;

async function scan(args: Arguments): Promise<number> {
  onlyWords(args, 1);
  const seen = await scanWifi();
  if (args.has("json")) return print(JSON.stringify(seen, null, 2));
  if (seen.length === 0) return print("No network is in reach.");
  for (const { name, signal, security, inUse } of seen)
    print(`${inUse ? "*" : " "} ${String(signal).padStart(3)} %  ${security.padEnd(10)} ${name}`);
  return exitCodes.ok;
}

async function add(args: Arguments): Promise<number> {
  onlyWords(args, 2);
  const hex = args.value("hex");
  const name = args.words[1];
  if ((name === undefined) === (hex === undefined)) {
    throw usage(
      "wifi add needs the network's name.",
      "Give it as one word (in quotes), or by its bytes with --hex.",
    );
  }
  const ssid = hex === undefined ? checkSsid(Buffer.from(name ?? "", "utf8")) : ssidFromHex(hex);
  const security: Security = oneOf(args, "security", securities, "wpa");
  const priority = wholeNumber(args, "priority", { least: -999, most: 999 }, 0);
  const passphrase = security === "open" ? undefined : await readPassphrase(args, shownSsid(ssid));
  const uuid = await addNetwork({ ssid, security, passphrase, priority, hidden: args.has("hidden") });
  return print(`${shownSsid(ssid)}: kept, with priority ${priority}. It is used as soon as no better one is in use.
To switch to it now (a connection by SSH over another network may end): sudo nmcli connection up uuid ${uuid}`);
}

async function readPassphrase(args: Arguments, network: string): Promise<string | undefined> {
  const file = args.value("passphrase-file");
  if (file === undefined) {
    const prompt = `Passphrase of ${network} (not shown): `;
    return await readHiddenLine(process.stdin, process.stderr, prompt, { keepBlanks: true });
  }
  const text = await explained(() => readPrivate(systemPrivateFiles, file));
  if (text === undefined) throw usage(`${file} is not there.`, "Check the name of the file.");
  return text.replace(/\r?\n[\s\S]*$/, "");
}

async function remove(args: Arguments): Promise<number> {
  onlyWords(args, 2);
  const name = args.words[1];
  if (name === undefined) throw usage("wifi remove needs a network.", "See: grove-heater wifi status");
  const { name: removed } = await removeNetwork(name, args.has("force"));
  return print(`${visible(removed)}: removed.`);
}

function onlyWords(args: Arguments, most: number): void {
  if (args.words.length <= most) return;
  const word = args.words[0];
  if (word === "add" && args.words.length > 2) {
    throw usage(
      "A passphrase on the command line can be read by every process of this machine, and stays in the shell's history.",
      "Leave it away: it is asked for. A network's name with blanks needs quotes. Change this passphrase if it was one.",
    );
  }
  throw usage(`wifi ${word} takes no further word.`, "See: grove-heater wifi --help");
}

/** A name that others gave: nothing in it moves the cursor. */
const visible = (name: string): string => name.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "\uFFFD");
const usage = (message: string, remedy: string) => new StartupError(exitCodes.usage, message, remedy);

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return exitCodes.ok;
}
