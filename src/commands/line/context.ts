/** Values that several verbs derive from the shared flags and the environment. */

import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { type DataFolder, dataFolderPath, describeDataFolder } from "../../firmware/storage/data-folder.ts";
import type { SettingsSource } from "../../firmware/storage/settings-file.ts";
import type { Arguments } from "./verb.ts";

export interface Context {
  /** Not created yet, so that a verb that only reads leaves no trace. */
  readonly data: DataFolder;
  readonly settingsFile: SettingsSource;
}

export function readContext(args: Arguments): Context {
  const data = describeDataFolder(dataFolderPath(args.value("data"), process.env));
  const named = args.value("settings");
  return { data, settingsFile: { path: named ?? data.settingsFile, named: named !== undefined } };
}

/** One of a few words, or the default. @throws StartupError (usage) */
export function oneOf<T extends string>(args: Arguments, flag: string, words: readonly T[], fallback: T): T {
  const value = args.value(flag);
  if (value === undefined) return fallback;
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  throw new StartupError(
    exitCodes.usage,
    `invalid value: --${flag} ${value}.`,
    `Use one of: ${words.join(", ")}.`,
  );
}

/** A whole number within limits, or the default. @throws StartupError (usage) */
export function wholeNumber(
  args: Arguments,
  flag: string,
  { least, most }: { readonly least: number; readonly most: number },
  fallback: number,
): number {
  const text = args.value(flag);
  const value = text === undefined ? fallback : Number(text);
  if (Number.isInteger(value) && value >= least && value <= most && text !== "") return value;
  throw new StartupError(
    exitCodes.usage,
    `invalid value: --${flag} ${text}.`,
    `Use a whole number from ${least} to ${most}.`,
  );
}

/** Whether there is a terminal for key presses and a live display. */
export const hasTerminal = (): boolean =>
  process.stdout.isTTY === true && process.stdin.isTTY === true && process.env["TERM"] !== "dumb";

/** Tables and colours only for people: https://no-color.org */
export const wantsColour = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true && !process.env["NO_COLOR"];
