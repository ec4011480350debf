/**
 * Reads the settings file.
 *
 * Guarantee: what is returned passed every check; a file with a mistake is rejected as a whole, and every
 * mistake is reported: a heater must not run with other limits than its owner wrote.
 */
import { readSmallFile, SmallFileError } from "../../base/files/small-file.ts";
import type { TextPosition } from "../../base/json/parse.ts";
import { isRecord } from "../../base/json/value.ts";
import { JsonDocument } from "../../base/schema/document.ts";
import { parseSettings, type SettingProblem, type Settings } from "../../model/settings.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";

/**
 * What a mistake causes where this unit never ran with good settings: the guardian forces the relay off and
 * ends with code 78. Every message uses this text.
 */
export const refusal =
  "Until the file is corrected, grove-heater run refuses to start with it, and the heater stays off.";

/** What a mistake causes where the unit has run with good settings before. */
export const lastGoodInUse =
  "Until the file is corrected, grove-heater run continues with the last good settings and shows the fault settings-unreadable.";

/** The file cannot be used. The remedy includes what that causes where no last good settings replace it. */
export class SettingsFailure extends StartupError {
  /** What to do, without what the mistake causes. */
  readonly step: string;
  constructor(message: string, step: string, options?: ErrorOptions) {
    super(exitCodes.configuration, message, `${step} ${refusal}`, options);
    this.step = step;
  }
}

export interface SettingsSource {
  readonly path: string;
  /** Named by --settings: then the file must exist. */
  readonly named: boolean;
}

export interface SettingsFile {
  readonly settings: Settings;
  /** Whether the file existed; without it the defaults are in force. */
  readonly found: boolean;
  readonly problems: readonly LocatedProblem[];
}

/** Without a place where the problem does not belong to one member of the file. */
export type LocatedProblem = SettingProblem & { readonly place?: TextPosition };

/**
 * Reads and checks; the caller decides what to do about the problems.
 * @throws SettingsFailure when the file cannot be read, is not JSON, or was named and does not exist
 */
export function readSettingsFile(source: SettingsSource): SettingsFile {
  const text = readSettingsText(source);
  return { ...checked(text, source.path), found: text !== undefined };
}

/** @throws SettingsFailure also when a setting is wrong */
export function loadSettings(source: SettingsSource): Settings {
  return parseSettingsText(readSettingsText(source), source.path);
}

/** @param text absent: the defaults. @throws SettingsFailure when anything in it is wrong */
export function parseSettingsText(text: string | undefined, path: string): Settings {
  const { settings, problems } = checked(text, path);
  if (problems.length === 0) return settings;
  throw new SettingsFailure(
    problems.map((problem) => `${placeText(path, problem)}: ${settingProblemText(problem)}`).join("\n"),
    "Correct it, and check it with: grove-heater settings check.",
  );
}

const placeText = (path: string, { place }: LocatedProblem): string =>
  place === undefined ? path : `${path}:${place.line}:${place.column}`;

function checked(text: string | undefined, path: string): Omit<SettingsFile, "found"> {
  if (text === undefined) return parseSettings(undefined);
  const document = JsonDocument.parse(text);
  if (document instanceof JsonDocument) {
    const { value } = document;
    const located = ({ key }: SettingProblem) =>
      isRecord(value) && Object.hasOwn(value, key) && { place: document.placeOf([key]) };
    const { settings, problems } = parseSettings(value);
    return { settings, problems: problems.map((problem) => ({ ...problem, ...located(problem) })) };
  }
  const { line, column, message } = document;
  throw new SettingsFailure(`${path}:${line}:${column}: ${message}`, "Correct that line.");
}

export function settingProblemText({ key, cause, allowed, nextStep }: SettingProblem): string {
  return `${key === "" ? "" : `${key}: `}${cause} (${allowed}); ${nextStep}`;
}

/** Many times the size of all settings together. */
const maxFileBytes = 256 * 1024;

/**
 * `undefined` when there is no file. @throws SettingsFailure when it cannot be read, or was named and does
 * not exist
 */
export function readSettingsText({ path, named }: SettingsSource): string | undefined {
  let text: string | undefined;
  try {
    text = readSmallFile(path, { limit: maxFileBytes });
  } catch (cause) {
    if (!(cause instanceof SmallFileError)) throw cause;
    throw new SettingsFailure(
      `The settings file ${path} ${cause.problem}.`,
      "Make it a file that this user can read, or name another with --settings FILE.",
      { cause },
    );
  }
  if (text !== undefined || !named) return text;
  throw new SettingsFailure(
    `There is no settings file ${path}.`,
    "Name the right one with --settings FILE, or create it.",
  );
}
