/**
 * Folder claim/: parts of the verb `claim`, one of them shared with `credentials`.
 *
 * `credentials derive` and `claim key`, which do the same: derive a device's key from its group's key.
 *
 * Guarantee: the group's key is read from a private file, the environment or standard input, never from the
 * command line, where every process of the machine could read it; only the derived key is printed.
 */
import { azureDps } from "../../../azure/credentials/credentials.ts";
import { credentialsFileName } from "../../../azure/credentials/load.ts";
import { readPrivate, systemPrivateFiles } from "../../../azure/credentials/private-files.ts";
import { withStartupErrors, writeNew } from "../../../firmware/claim/claim.ts";
import { deviceKeyFile, deviceKeyOf } from "../../../firmware/claim/device-key.ts";
import { exitCodes, StartupError } from "../../../firmware/process/exit-codes.ts";
import { readHiddenLine } from "../../line/hidden-line.ts";
import { print } from "../../line/print.ts";
import type { Arguments } from "../../line/verb.ts";

const groupKeyVariable = "GROVE_HEATER_GROUP_KEY";

export const deriveNotes = (command: string): string => `
for the machine where devices are prepared: the group's key must never be stored on a device. It is read from
--group-key-file, from the variable ${groupKeyVariable} or from standard input (typed without echo), never from
the command line:
  grove-heater ${command} --device heater-7 < group.key
  grove-heater ${command} --device heater-7 --id-scope 0ne00123ABC --out heater-7.json`;

export const deriveFlags = (verb: string) =>
  ({
    device: { value: "ID", doc: `${verb}: the device's registration id` },
    "id-scope": { value: "SCOPE", doc: `${verb}: id scope of the DPS, for --out` },
    endpoint: { value: "HOST", doc: `${verb}: DPS's host, for --out (default: ${azureDps})` },
    out: {
      value: "FILE",
      doc: `${verb}: write the device's credentials.json to FILE (0600) and print no key`,
    },
    "group-key-file": { value: "FILE", doc: `${verb}: file with the group's key (0600)` },
  }) as const;

/** @param verb the command whose help the messages name */
export async function derive(args: Arguments, verb: string): Promise<number> {
  if (args.words.length > 1) throw keyOnCommandLine();
  const device = needed(args, "device", "the device's registration id", verb);
  const out = args.value("out");
  const scope = args.value("id-scope");
  const idScope = out === undefined ? scope : needed(args, "id-scope", "DPS's id scope", verb);
  const endpoint = args.value("endpoint");
  if (out === undefined && (idScope ?? endpoint) !== undefined) {
    throw usage("--id-scope and --endpoint need a credentials file.", "Name the file to write with --out.");
  }
  const deviceKey = deviceKeyOf(await readGroupKey(args), device);
  if (out === undefined || idScope === undefined) return print(deviceKey);
  await writeNew(out, deviceKeyFile({ idScope, registrationId: device, endpoint, deviceKey }));
  return print(
    `${out}: written for ${device}. Put it into the device's data folder as ${credentialsFileName}.`,
  );
}

/** @throws StartupError (usage) when there is none */
export async function readGroupKey(args: Arguments): Promise<string> {
  const fromEnv = process.env[groupKeyVariable]?.trim();
  delete process.env[groupKeyVariable];
  const file = args.value("group-key-file");
  const fromFile = file && (await withStartupErrors(() => readPrivate(systemPrivateFiles, file)));
  if (file !== undefined && fromFile === undefined)
    throw usage(`${file} does not exist.`, "Check the name of the file.");
  const key =
    fromFile?.trim() ||
    fromEnv ||
    (await readHiddenLine(process.stdin, process.stderr, "The group's key (not shown): "));
  if (key) return key;
  throw usage(
    "There is no group key.",
    `Give it on standard input, as ${groupKeyVariable}, or in a file with --group-key-file.`,
  );
}

const keyOnCommandLine = (): StartupError =>
  usage(
    "A key on the command line can be read by every process of this machine, and stays in the shell's history.",
    `Give it on standard input or as ${groupKeyVariable}; if this was the group's key, regenerate it.`,
  );

/** @throws StartupError (usage) */
export function needed(args: Arguments, flag: string, what: string, verb: string): string {
  const value = args.value(flag);
  if (value) return value;
  throw usage(`--${flag} is missing.`, `Give ${what}; more: grove-heater ${verb} --help`);
}

const usage = (message: string, remedy: string) => new StartupError(exitCodes.usage, message, remedy);
