/**
 * Folder scenario/: hand-written scenarios for a simulated room.
 *
 * Scenario files: a room, the weather, and a timeline of actions. `scenarioFormat` describes the format.
 *
 * Guarantee: `parseScenario` never throws and reports every problem with its position in the file; its result is valid:
 * all values are within their limits, and the settings are consistent.
 */
import { isRecord } from "../../base/json/value.ts";
import { nearest } from "../../base/nearest-word.ts";
import { JsonDocument } from "../../base/schema/document.ts";
import { invalid, refuse, type Schema } from "../../base/schema/schema.ts";
import { list, strictObject } from "../../base/schema/structures.ts";
import { convert, integer, number, oneOf, string, withDefault } from "../../base/schema/values.ts";
import type { Celsius, Millis, RelativeHumidityPercent, WallMillis } from "../../base/units.ts";
import { celsius, hours, millis, relativeHumidity, wallMillis } from "../../base/units.ts";
import { displayKinds } from "../../model/displays.ts";
import { defaultSettings, parseSettings, type Settings } from "../../model/settings.ts";
import { dailyOutside, Room, type RoomPreset, roomPresets } from "../room/room.ts";
import { Surroundings } from "../room/surroundings.ts";
import type { DisplayKind } from "../virtual-hat/virtual-hat.ts";
import { actionFields, actionKinds, type TimedAction, timedAction } from "./actions.ts";
import { time } from "./time.ts";

export interface Scenario {
  /** One sentence. */
  readonly about: string;
  readonly room: RoomPreset;
  readonly start: {
    /** Initial temperature of air, walls and heater. */
    readonly temperature: Celsius;
    readonly humidity: RelativeHumidityPercent;
    /** Since midnight. */
    readonly timeOfDay: Millis;
  };
  /** Daily mean, and amplitude (K). */
  readonly outside: { readonly mean: Celsius; readonly swing: number };
  readonly duration: Millis;
  /** Seed of noise and spikes. */
  readonly seed: number;
  readonly display: DisplayKind;
  readonly settings: Settings;
  /** In order of time. */
  readonly timeline: readonly TimedAction[];
}

export type ScenarioResult =
  | { readonly ok: true; readonly scenario: Scenario }
  /** Each is one line, beginning with `line:column`. */
  | { readonly ok: false; readonly problems: readonly string[] };

const displays: readonly DisplayKind[] = [...displayKinds, "none"];
const keys = ["room", "start", "outside", "seed", "display", "settings", "timeline"] as const;
const rooms = Object.keys(roomPresets) as RoomPreset[];
const knownWords = [...keys, "about", "hours", ...actionKinds];

/** Every key of a scenario file, with its limits and default. */
export const scenarioFormat = `{
  "about":    one sentence (required)
  "hours":    duration, 0.01 to 2400 (required)
  "room":     ${rooms.join(" | ")}; living
  "start":    {"temperature": °C, "humidity": %, "timeOfDay": "h:mm"}; 19, 45, "0:00"
  "outside":  {"mean": °C, "swing": K}; 0 and 0, coldest at 4:00
  "seed":     whole number, for all random values; 1
  "display":  ${displays.join(" | ")}; oled-128x128
  "settings": as in the settings file
  "timeline": [{"at": "h:mm" since the start, "do": …, "every": "h:mm" (optional)}]; do, and its fields:
${Object.entries(actionFields)
  .map(([name, fields]) => `    ${name.padEnd(14)}${fields}`)
  .join("\n")}
}`;

const defaultStart = { temperature: celsius(19), humidity: relativeHumidity(45), timeOfDay: millis(0) };
const defaultOutside = { mean: celsius(0), swing: 0 };

/** With the rules of the settings file. */
const settingsIn: Schema<Settings> = {
  expected: "an object",
  check(value, problems) {
    if (!isRecord(value)) return refuse(problems, "an object", value);
    const { settings, problems: found } = parseSettings(value);
    for (const { key, cause, allowed } of found)
      problems.push({ path: [key], message: `is wrong: ${cause}; allowed: ${allowed}` });
    return found.length === 0 ? settings : invalid;
  },
};

const scenarioFile = strictObject({
  about: string(),
  hours: number(0.01, 2400),
  room: withDefault(oneOf(rooms), "living"),
  start: withDefault(
    strictObject({
      temperature: withDefault(convert(number(-30, 50), celsius), defaultStart.temperature),
      humidity: withDefault(convert(number(0, 100), relativeHumidity), defaultStart.humidity),
      timeOfDay: withDefault(time, defaultStart.timeOfDay),
    }),
    defaultStart,
  ),
  outside: withDefault(
    strictObject({
      mean: withDefault(convert(number(-40, 45), celsius), defaultOutside.mean),
      swing: withDefault(number(0, 30), defaultOutside.swing),
    }),
    defaultOutside,
  ),
  seed: withDefault(integer(0, 2 ** 31 - 1), 1),
  display: withDefault(oneOf(displays), "oled-128x128"),
  settings: withDefault(settingsIn, defaultSettings),
  timeline: withDefault(list(timedAction), []),
});

/** @param text of a scenario file (JSON) */
export function parseScenario(text: string): ScenarioResult {
  const document = JsonDocument.parse(text);
  if (!(document instanceof JsonDocument)) {
    const { line, column, message } = document;
    return { ok: false, problems: [`${line}:${column} ${message}`] };
  }
  const file = document.read(scenarioFile);
  if (file !== undefined) {
    const { hours: length, timeline, ...rest } = file;
    const inOrder = [...timeline].sort((a, b) => a.at - b.at);
    return { ok: true, scenario: { ...rest, duration: hours(length), timeline: inOrder } };
  }
  const problems = document.problems("the scenario").map(({ line, column, message, unknownKey }) => {
    const meant = unknownKey === undefined ? undefined : nearest(unknownKey, knownWords);
    return `${line}:${column} ${message}${meant === undefined ? "" : `; did you mean "${meant}"?`}`;
  });
  return { ok: false, problems };
}

/** 2027-01-04T00:00Z: a scenario begins on a Monday, by the local time of its zone or UTC. */
const monday = 1_799_020_800_000;

export const wallStartOf = ({ start }: Scenario): WallMillis => wallMillis(monday + start.timeOfDay);

/** The room, its weather and its window at the start of the scenario. */
export function surroundingsOf(scenario: Scenario): Surroundings {
  const { start, outside, seed } = scenario;
  return new Surroundings(new Room(roomPresets[scenario.room], { ...start, seed }), {
    outside: dailyOutside(outside.mean, outside.swing),
    startOfDay: start.timeOfDay,
  });
}
