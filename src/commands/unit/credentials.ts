/**
 * `credentials check | derive`: checks the configured credentials; derives a device's key from its group's
 * key.
 *
 * Guarantee: no secret is read from the command line, which every process of the machine can read, and none
 * is printed except the derived key.
 */
import { join } from "node:path";
import { CredentialError } from "../../azure/credentials/credentials.ts";
import { credentialsFileName, type FoundCredentials, loadCredentials } from "../../azure/credentials/load.ts";
import { systemPrivateFiles } from "../../azure/credentials/private-files.ts";
import { chooseBoard } from "../../firmware/choose-board.ts";
import { reviewCredentials } from "../../firmware/doctor/remote/credentials.ts";
import { loadManifest } from "../../firmware/hardware.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { readSettingsFile } from "../../firmware/storage/settings-file.ts";
import { readContext } from "../line/context.ts";
import { print } from "../line/print.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";
import { derive, deriveFlags, deriveNotes } from "../owner/claim/derive-key.ts";

const { data, settings, board, json } = sharedFlags;

export const verb: Verb = {
  name: "credentials",
  summary: "Check this device's credentials, or derive a device's key from its group's key",
  usage: "credentials check|derive [FLAGS]",
  subverbs: ["check", "derive"],
  checksFurtherWords: true,
  flags: {
    data,
    settings,
    board,
    json,
    ...deriveFlags("derive"),
  },
  notes: `
check shows what is configured, and who may read it; it makes no connection. Exit code 78 if there is a problem.
derive is ${deriveNotes("credentials derive").trim()}`,
  run: (args) => (args.words[0] === "derive" ? derive(args, "credentials") : check(args)),
};

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
  const { facts, problems, notices } = reviewCredentials(credentials, systemClock.wallNow(), manifest);
  if (args.has("json"))
    print(JSON.stringify({ configured: true, from, ...facts, problems, notices }, null, 2));
  else {
    const rows = Object.entries({ from, ...facts });
    print(rows.map(([name, value]) => `${name.padEnd(16)} ${value}`).join("\n"));
    for (const { message, remedy } of problems) print(`✗ ${message}\n  ${remedy}`);
    for (const { message, remedy } of notices) print(`! ${message}\n  ${remedy}`);
  }
  return problems.length === 0 ? exitCodes.ok : exitCodes.configuration;
}

const aboutHub =
  "Without credentials, run starts the local hub and connects to it; with --offline it uses neither cloud nor hub.";

/** The mode of the credentials file, which was checked to be private; empty for the environment. */
async function modeOf(path: string): Promise<string> {
  const mode = await systemPrivateFiles.mode(path).catch(() => undefined);
  return mode === undefined
    ? ""
    : ` (mode ${(mode & 0o777).toString(8).padStart(4, "0")}, only for its owner)`;
}
