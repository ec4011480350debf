/**
 * `settings show | check`: all settings with unit, limits, default and value in force; or the problems of the file.
 *
 * Guarantee: a file that `run` would reject is never shown as in force.
 */

import { exitCodes, StartupError } from "../firmware/process/exit-codes.ts";
import { lastGoodSettings } from "../firmware/storage/last-good.ts";
import {
  lastGoodInUse,
  loadSettings,
  readSettingsFile,
  refusal,
  SettingsFailure,
  type SettingsSource,
  settingProblemText,
} from "../firmware/storage/settings-file.ts";
import { allowedText, type SettingKey, type Settings, settingKeys, settingSpec } from "../model/settings.ts";
import { readContext } from "./line/context.ts";
import { print } from "./line/print.ts";
import { sharedFlags, type Verb } from "./line/verb.ts";

const { data, settings, json } = sharedFlags;

export const verb: Verb = {
  name: "settings",
  summary: "Show or check the settings",
  usage: "settings show|check|schema [FLAGS]",
  subverbs: ["show", "check", "schema"],
  flags: { data, settings, json },
  notes: `
The settings are one JSON file; a missing key has its default. Example: {"targetMax": 25, "displayUnit": "F"}
schema prints the file's JSON schema, for an editor. Exit code 78 if the file has a mistake.`,
  async run(args) {
    const context = readContext(args);
    const [word = "show"] = args.words;
    if (word === "schema") {
      const { settingsJsonSchema } = await import("../model/settings-schema.ts");
      return print(JSON.stringify(settingsJsonSchema(), null, 2));
    }
    const hasLastGood = lastGoodSettings(context.settingsFile, context.data) !== undefined;
    const consequence = hasLastGood ? lastGoodInUse : refusal;
    try {
      return showOrCheck(word, args.has("json"), context.settingsFile, consequence);
    } catch (error) {
      if (!(error instanceof SettingsFailure)) throw error;
      throw new StartupError(error.exitCode, error.message, `${error.step} ${consequence}`, { cause: error });
    }
  },
};

function showOrCheck(word: string, json: boolean, file: SettingsSource, consequence: string): number {
  if (word === "show" && json) return print(JSON.stringify(loadSettings(file), null, 2));
  const { settings: values, found, problems } = readSettingsFile(file);
  if (problems.length === 0) {
    if (word === "show") print(table(values));
    return print(`${file.path}: ${found ? "valid" : "does not exist, so the defaults are in force"}`);
  }
  print(`${file.path}:`);
  for (const problem of problems) print(`✗ ${settingProblemText(problem)}`);
  print(consequence);
  return exitCodes.configuration;
}

function table(values: Settings): string {
  const rows = settingKeys.map((key) => row(key, values));
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows
    .map(
      (cells) =>
        `${cells
          .slice(0, 3)
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join("  ")}\n    ${cells[3]}`,
    )
    .join("\n");
}

function row(key: SettingKey, values: Settings): string[] {
  const spec = settingSpec(key);
  const unit = spec.kind === "number" ? ` ${spec.unit}` : "";
  const changed = values[key] === spec.default ? "" : ` (default ${spec.default}${unit})`;
  const restart = spec.restart ? " Takes effect at the next start." : "";
  return [key, `${values[key]}${unit}${changed}`, allowedText(spec), `${spec.label}: ${spec.doc}${restart}`];
}
