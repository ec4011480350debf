/**
 * Reads the settings file.
 *
 * Guarantee: what is returned passed every check; a file with a mistake is refused as a whole, with every
 * mistake named, because a heater that runs on other limits than its owner wrote would be a trap.
 */
import { readSmallFile, SmallFileError } from "../base/small-file.ts";
import { parseJson } from "../control/json.ts";
import { parseSettings, type SettingProblem, type Settings } from "../control/settings.ts";
import { exitCodes, StartupError } from "./exit-codes.ts";

/** What a mistake costs: the guardian forces the relay off and ends with code 78. The same words wherever it is told. */
export const refusal =
  "Until the file is right, grove-heater run refuses to start with it, and the heater stays off.";

export interface SettingsSource {
  readonly path: string;
  /** Somebody named this very file: then it has to be there. */
  readonly named: boolean;
}

export interface SettingsFile {
  readonly settings: Settings;
  /** Whether there was a file; without one the defaults are in force. */
  readonly found: boolean;
  readonly problems: readonly SettingProblem[];
}

/**
 * Reads and checks, leaving the verdict to the caller.
 * @throws StartupError when the file cannot be read, is not JSON, or was named and is not there
 */
export function readSettingsFile({ path, named }: SettingsSource): SettingsFile {
  const text = readText(path);
  if (text === undefined && named) {
    throw new StartupError(
      exitCodes.configuration,
      `There is no settings file ${path}.`,
      `Name the right one with --settings FILE, or write it. ${refusal}`,
    );
  }
  if (text === undefined) return { ...parseSettings(undefined), found: false };
  const parsed = parseJson(text);
  if (!parsed.ok) {
    throw new StartupError(
      exitCodes.configuration,
      `${path}:${parsed.line}:${parsed.column}: ${parsed.message}`,
      `Mend that line. ${refusal}`,
    );
  }
  return { ...parseSettings(JSON.parse(text.replace(/^\uFEFF/, ""))), found: true };
}

/** @throws StartupError also when a setting is wrong */
export function loadSettings(source: SettingsSource): Settings {
  const { settings, problems } = readSettingsFile(source);
  if (problems.length === 0) return settings;
  const { path } = source;
  throw new StartupError(
    exitCodes.configuration,
    problems.map((problem) => `${path}: ${settingProblemText(problem)}`).join("\n"),
    `Mend it, and check it with: grove-heater settings check. ${refusal}`,
  );
}

export function settingProblemText({ key, cause, allowed, nextStep }: SettingProblem): string {
  return `${key === "" ? "" : `${key}: `}${cause} (${allowed}); ${nextStep}`;
}

/** Many times what all settings together take. */
const largestFile = 256 * 1024;

function readText(path: string): string | undefined {
  try {
    return readSmallFile(path, { limit: largestFile });
  } catch (cause) {
    if (!(cause instanceof SmallFileError)) throw cause;
    throw new StartupError(
      exitCodes.configuration,
      `The settings file ${path} ${cause.problem}.`,
      `Make it a file that this user can read, or name another with --settings FILE. ${refusal}`,
      { cause },
    );
  }
}
