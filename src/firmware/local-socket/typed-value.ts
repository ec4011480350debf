/** Parses the names and values that a person types, by the table of properties. */
import { isoTime } from "../../base/iso-time.ts";
import { nearest } from "../../base/nearest-word.ts";
import {
  type ControlValue,
  isWritableName,
  type WritableName,
  writableNames,
  writableProperties,
  writableSpec,
} from "../../model/properties.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";

/** The label in lower case with hyphens: `set-point`. */
const wordOf = (name: WritableName): string => writableSpec(name).label.toLowerCase().replaceAll(" ", "-");

/** The names of the properties in examples. */
export const propertyWords: readonly string[] = writableNames.map(wordOf);

/** A property by its name or its label, in any case. @throws StartupError (usage) */
export function typedName(text: string): WritableName {
  if (isWritableName(text)) return text;
  const lower = text.toLowerCase();
  const found = writableNames.find((name) => name.toLowerCase() === lower || wordOf(name) === lower);
  if (found !== undefined) return found;
  const hint = nearest(text, [...writableNames, ...propertyWords]);
  throw new StartupError(
    exitCodes.usage,
    `There is no writable property "${text}".`,
    `${hint ? `Did you mean ${hint}? ` : ""}The names: ${writableNames.join(", ")}.`,
  );
}

/**
 * @param text a number, also with `C` or `F` for a temperature; `on` or `off`; a choice; a local time
 * @throws StartupError (usage); limits are checked by the device
 */
export function typedValue(name: WritableName, text: string): ControlValue {
  const { schema } = writableProperties[name];
  switch (schema.kind) {
    case "flag":
      return flagOf(name, text);
    case "choice": {
      const found = schema.choices.find((choice) => choice === text.toLowerCase());
      if (found === undefined) throw wrong(name, text, `one of ${schema.choices.join(", ")}`);
      return found;
    }
    case "time":
      return timeOf(name, text);
    case "week":
      throw wrong(name, text, "grove-heater schedule, which sets it by day");
    default:
      return numberOf(name, text, schema.unit);
  }
}

/** Local time unless the text contains a zone; a date alone means 00:00. */
function timeOf(name: WritableName, text: string): string {
  if (text.toLowerCase() === "off") return String(writableSpec(name).default);
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  const at = /^\d{4}-\d\d-\d\d/.test(text)
    ? Date.parse(isDay ? `${text}T00:00` : text.replace(" ", "T"))
    : Number.NaN;
  if (Number.isNaN(at)) throw wrong(name, text, "a time, such as 2027-01-31T18:00, or off");
  return isoTime(at);
}

function flagOf(name: WritableName, text: string): boolean {
  const word = text.toLowerCase();
  if (["on", "true", "yes"].includes(word)) return true;
  if (["off", "false", "no"].includes(word)) return false;
  throw wrong(name, text, "on or off");
}

function numberOf(name: WritableName, text: string, unit: string): number {
  const [, digits = "", suffix = ""] = /^([+-]?\d+(?:[.,]\d+)?)\s*°?([a-z%]*)$/i.exec(text.trim()) ?? [];
  const value = digits === "" ? Number.NaN : Number(digits.replace(",", "."));
  const named = suffix.toLowerCase();
  if (unit === "°C" && named === "f") return Math.round(((value - 32) / 1.8) * 100) / 100;
  if (Number.isNaN(value) || !["", unit.replace("°", "").toLowerCase()].includes(named)) {
    throw wrong(
      name,
      text,
      unit === "°C" ? "a temperature, such as 20.5, 20.5C or 69F" : `a number of ${unit}`,
    );
  }
  return value;
}

const wrong = (name: WritableName, text: string, expected: string): StartupError =>
  new StartupError(exitCodes.usage, `invalid value for ${name}: ${text}.`, `Use ${expected}.`);
