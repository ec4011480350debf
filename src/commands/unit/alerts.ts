/** `alerts`: shows, tests, sets or turns off the address to which alerts about faults are sent. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import {
  AlertFileError,
  alertFileName,
  alertFormats,
  readAlertFile,
  withAddress,
} from "../../firmware/alerts/alert-file.ts";
import { readAlertSummary } from "../../firmware/alerts/alert-summary.ts";
import { sendTest } from "../../firmware/alerts/system-alerts.ts";
import { ownerOf, readOptional, writeWhole } from "../../firmware/claim/claim.ts";
import { loadManifestWithoutHat } from "../../firmware/load-manifest.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { openDataFolder } from "../../firmware/storage/data-folder.ts";
import { checkConnection } from "../../manifest/gate.ts";
import { oneOf, readContext } from "../line/context.ts";
import { readHiddenLine } from "../line/hidden-line.ts";
import { print } from "../line/print.ts";
import { otherDataFolder } from "../line/service-data.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";

const { data, json } = sharedFlags;

export const verb: Verb = {
  name: "alerts",
  summary: "Send alerts about faults to a person, by a webhook or ntfy",
  usage: "alerts show|test|off | alerts set [URL] [--format json|ntfy]",
  subverbs: ["show", "test", "set", "off"],
  checksFurtherWords: true,
  flags: { data, json, format: { value: "FORMAT", doc: "of the messages: json (default) or ntfy" } },
  notes: `
Faults, the end of each, and a link to the cloud that is lost for ten minutes are sent to one address: by POST, as JSON for
a webhook, or as text with the headers of ntfy (https://ntfy.sh or a server of your own). Without URL, set reads the address
from the standard input, so that it is in no shell history: with many services anyone who knows it can read the alerts. show never
prints more of it than the host, which AllowedConnections of manifest/app_manifest.json must name.

The settings are alerts.json in the data folder (0600):
  url, format, token ("Authorization: Bearer"), caFile (PEM), name (of this device), offlineMinutes (10; 0: never),
  spacingMinutes (10, between two alerts of one fault), maxPerHour (20), ignore (a list of fault codes)
A hub with such a file in its data folder also reports other devices that went offline.
They take effect when the firmware starts. Exit code 1: the message did not arrive, or there are no alerts.`,
  run: (args) => {
    const [action = "show", ...words] = args.words;
    if (words.length > (action === "set" ? 1 : 0))
      throw usage(`unexpected argument: ${words.at(-1)}`, "See: grove-heater alerts --help");
    if (action === "set") return set(args, words[0]);
    if (action === "off") return off(args);
    return action === "test" ? test(args) : show(args);
  },
};

const usage = (message: string, remedy: string): StartupError =>
  new StartupError(exitCodes.usage, message, remedy);

/** The user's own data folder; if none exists and none is named, that of the installed service. */
const folderOf = (args: Arguments): string => {
  const { path } = readContext(args).data;
  return existsSync(path) ? path : (otherDataFolder(args, path) ?? path);
};

async function settingsIn(folder: string) {
  try {
    return await readAlertFile(folder);
  } catch (error) {
    if (!(error instanceof AlertFileError)) throw error;
    throw new StartupError(
      exitCodes.configuration,
      error.message,
      "Correct it: until then no alerts are sent.",
      {
        cause: error,
      },
    );
  }
}

function none(folder: string): number {
  print(`No alerts: there is no ${join(folder, alertFileName)}. To make one: grove-heater alerts set`);
  return exitCodes.findings;
}

async function show(args: Arguments): Promise<number> {
  const folder = folderOf(args);
  const settings = await settingsIn(folder);
  const summary = settings && (await readAlertSummary(folder, settings));
  if (args.has("json")) {
    print(JSON.stringify(summary ?? null, null, 2));
    return summary === undefined ? exitCodes.findings : exitCodes.ok;
  }
  if (summary === undefined) return none(folder);
  const { host, format, told, waiting } = summary;
  print(`Alerts go to ${host} (${format}).`);
  const refused = checkConnection(loadManifestWithoutHat(), new URL(`http://${host}`).hostname);
  if (refused) print(`! ${refused.message}`);
  for (const { title, since } of told) print(`  reported and not over: ${title}, since ${since}`);
  if (waiting > 0) print(`! ${waiting} messages wait for delivery; for the cause see: grove-heater logs`);
  return refused || waiting > 0 ? exitCodes.findings : exitCodes.ok;
}

async function test(args: Arguments): Promise<number> {
  const folder = folderOf(args);
  const settings = await settingsIn(folder);
  if (settings === undefined) return none(folder);
  const parts = { settings, manifest: loadManifestWithoutHat(), env: process.env, clock: systemClock };
  const delivery = await sendTest({ ...parts, timeZone: "auto" }).catch((error: unknown) => {
    if (error instanceof RangeError) throw usage(`${messageOf(error)}.`, "Correct the environment variable.");
    throw error;
  });
  if (delivery.kind === "delivered") return print(`${settings.url.host} has accepted the test message.`);
  print(`The test message did not arrive: ${delivery.reason}`);
  return exitCodes.findings;
}

async function set(args: Arguments, given: string | undefined): Promise<number> {
  const format = args.value("format") === undefined ? undefined : oneOf(args, "format", alertFormats, "json");
  const folder = openDataFolder(folderOf(args)).path;
  const text = given ?? (await readHiddenLine(process.stdin, process.stderr, "Address (not shown): "));
  if (text === undefined) throw usage("no address was given.", "Usage: grove-heater alerts set [URL]");
  const settings = await settingsIn(folder);
  const path = join(folder, alertFileName);
  const content = withAddress(readOptional(path), text, format);
  if (content === undefined)
    throw usage(
      "the address is not valid.",
      "Give one such as https://ntfy.sh/my-secret-topic, without a password.",
    );
  await writeWhole(path, content, ownerOf(folder));
  const { host, hostname } = new URL(text);
  print(`${settings === undefined ? "Alerts go" : "Alerts now go"} to ${host}.`);
  const refused = checkConnection(loadManifestWithoutHat(), hostname);
  if (refused) print(`! ${refused.message}`);
  return print("To try it: grove-heater alerts test. A running device sends them after a restart.");
}

async function off(args: Arguments): Promise<number> {
  const folder = folderOf(args);
  const path = join(folder, alertFileName);
  ownerOf(folder);
  await rm(path, { force: true });
  return print("Alerts are off; a running device stops sending them at its next restart.");
}
