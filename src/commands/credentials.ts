/**
 * `credentials check | derive`: what the device is configured with; and a device's own key, from its group's.
 *
 * Guarantee: no secret is taken from the command line, where every process of the machine could read it, and none is
 * printed but the one derived key that was asked for.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { azureDps, CredentialError } from "../azure/credentials/credentials.ts";
import { credentialsFileName, type FoundCredentials, loadCredentials } from "../azure/credentials/load.ts";
import { dpsWithKey } from "../azure/credentials/parts.ts";
import { systemPrivateFiles } from "../azure/credentials/private-files.ts";
import { errnoOf } from "../base/errors.ts";
import { chooseBoard } from "../firmware/choose-board.ts";
import { reviewCredentials } from "../firmware/doctor/credentials.ts";
import { loadManifest } from "../firmware/hardware.ts";
import { exitCodes, StartupError } from "../firmware/process/exit-codes.ts";
import { systemClock } from "../firmware/process/system-clock.ts";
import { readSettingsFile } from "../firmware/storage/settings-file.ts";
import { deriveDeviceKey } from "../protocol/device-key.ts";
import { readContext } from "./context.ts";
import { readHiddenLine } from "./hidden-line.ts";
import { type Arguments, sharedFlags, type Verb } from "./verb.ts";

const { data, settings, board, json } = sharedFlags;
const groupKeyVariable = "GROVE_HEATER_GROUP_KEY";

export const verb: Verb = {
  name: "credentials",
  summary: "Check this device's credentials, or derive a device's key from its group's",
  usage: "credentials check|derive [FLAGS]",
  subverbs: ["check", "derive"],
  judgesFurtherWords: true,
  flags: {
    data,
    settings,
    board,
    json,
    device: { value: "ID", doc: "derive: the device's registration id" },
    "id-scope": { value: "SCOPE", doc: "derive: id scope of the DPS, for --out" },
    endpoint: { value: "HOST", doc: `derive: DPS's host, for --out (default: ${azureDps})` },
    out: {
      value: "FILE",
      doc: "derive: write the device's credentials.json to FILE (0600) and print no key",
    },
  },
  notes: `
check says in words what is configured, and who may read it; it connects to nobody. Exit code 78 when something is
to be fixed.
derive is for the machine where devices are prepared: the group's key must never lie on a device. It is read from
the variable ${groupKeyVariable} or from the standard input (typed without an echo), never from the
command line:
  grove-heater credentials derive --device heater-7 < group.key
  grove-heater credentials derive --device heater-7 --id-scope 0ne00123ABC --out heater-7.json`,
  run: (args) => (args.words[0] === "derive" ? derive(args) : check(args)),
};

// --- check ---

async function check(args: Arguments): Promise<number> {
  const context = readContext(args);
  const dataPath = context.data.path;
  let credentials: FoundCredentials | undefined;
  try {
    credentials = await loadCredentials({ dataPath, env: process.env, files: systemPrivateFiles });
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    throw new StartupError(exitCodes.configuration, error.message, error.remedy, { cause: error });
  }
  if (credentials === undefined) {
    const where = join(dataPath, credentialsFileName);
    if (args.has("json")) return print(JSON.stringify({ configured: false, looked: where }, null, 2));
    return print(`No credentials: neither ${where} nor the IOTHUB_DEVICE_… variables.\n${aboutHub}`);
  }
  const from = `${credentials.from}${await modeOf(credentials.from)}`;
  const board = args.value("board") ?? readSettingsFile(context.settingsFile).settings.board;
  const manifest = loadManifest(chooseBoard(board, dataPath));
  const { facts, problems } = reviewCredentials(credentials, systemClock.wallNow(), manifest);
  if (args.has("json")) print(JSON.stringify({ configured: true, from, ...facts, problems }, null, 2));
  else {
    const rows = Object.entries({ from, ...facts });
    print(rows.map(([name, value]) => `${name.padEnd(16)} ${value}`).join("\n"));
    for (const { message, remedy } of problems) print(`✗ ${message}\n  ${remedy}`);
  }
  return problems.length === 0 ? exitCodes.ok : exitCodes.configuration;
}

const aboutHub =
  "Without credentials, run starts the local hub and connects to it; with --offline it does neither.";

/** Of the file; nothing for the environment. That it is private has been checked. */
async function modeOf(path: string): Promise<string> {
  const mode = await systemPrivateFiles.mode(path).catch(() => undefined);
  return mode === undefined
    ? ""
    : ` (mode ${(mode & 0o777).toString(8).padStart(4, "0")}, its owner's alone)`;
}

// --- derive ---

async function derive(args: Arguments): Promise<number> {
  if (args.words.length > 1) {
    throw usage(
      "A key on the command line can be read by every process of this machine, and stays in the shell's history.",
      `Give it by the standard input or as ${groupKeyVariable}; renew this one if it was the group's.`,
    );
  }
  const device = needed(args, "device", "the device's registration id");
  const out = args.value("out");
  const idScope = out === undefined ? args.value("id-scope") : needed(args, "id-scope", "DPS's id scope");
  if (out === undefined && (idScope ?? args.value("endpoint")) !== undefined) {
    throw usage("--id-scope and --endpoint are for a credentials file.", "Say with --out where to write it.");
  }
  const deviceKey = deriveFrom(await readGroupKey(), device);
  if (out === undefined || idScope === undefined) return print(deviceKey);
  writeCredentials(out, { idScope, registrationId: device, endpoint: args.value("endpoint"), deviceKey });
  return print(
    `${out}: written for ${device}. Put it into the device's data folder as ${credentialsFileName}.`,
  );
}

async function readGroupKey(): Promise<string> {
  const fromEnv = process.env[groupKeyVariable]?.trim();
  delete process.env[groupKeyVariable];
  const key =
    fromEnv || (await readHiddenLine(process.stdin, process.stderr, "The group's key (not shown): "));
  if (key) return key;
  throw usage("There is no group key.", `Give it by the standard input, or as ${groupKeyVariable}.`);
}

function deriveFrom(groupKey: string, device: string): string {
  try {
    return deriveDeviceKey(groupKey, device);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const remedy =
      "Copy the enrollment group's primary key from DPS; --device is its device's registration id.";
    throw usage(`That does not fit: ${error.message}.`, remedy);
  }
}

type FileParts = Parameters<typeof dpsWithKey>[0];

function writeCredentials(file: string, parts: FileParts): void {
  const { idScope, registrationId, endpoint, deviceKey } = parts;
  try {
    const names = {
      idScope: "--id-scope",
      registrationId: "--device",
      endpoint: "--endpoint",
      deviceKey: "the key",
    };
    dpsWithKey(parts, names);
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    throw usage(error.message, error.remedy);
  }
  const content = { type: "dps-symmetric-key", idScope, registrationId, deviceKey, endpoint };
  try {
    // "wx": a device's credentials are never written over by a slip.
    writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const code = errnoOf(cause);
    const remedy = code === "EEXIST" ? "Remove it first, or choose another name." : "Choose another place.";
    throw new StartupError(exitCodes.storage, `${file} cannot be written (${code}).`, remedy, { cause });
  }
}

function needed(args: Arguments, flag: string, what: string): string {
  const value = args.value(flag);
  if (value) return value;
  throw usage(`--${flag} is missing.`, `Give ${what}; more: grove-heater credentials --help`);
}

const usage = (message: string, remedy: string) => new StartupError(exitCodes.usage, message, remedy);

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return exitCodes.ok;
}
