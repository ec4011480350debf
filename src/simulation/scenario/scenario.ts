/**
 * Folder scenario/: what happens in a simulated room, as files that people write.
 *
 * Scenario files: a room, a day, and what happens in it. The format is described by `scenarioFormat`.
 *
 * Guarantee: `parseScenario` never throws; it names every problem with its place in the file; and what it returns
 * can be played: every value lies within its limits and the settings agree with each other.
 */
import { parseJson, positionAt } from "../../base/json/parse.ts";
import { ShapeReader } from "../../base/json/shape.ts";
import { nearest } from "../../base/nearest-word.ts";
import type { Celsius, Millis, RelativeHumidityPercent } from "../../base/units.ts";
import { celsius, hours, millis, relativeHumidity } from "../../base/units.ts";
import { displayKinds } from "../../model/displays.ts";
import { parseSettings, type Settings } from "../../model/settings.ts";
import { dailyOutside, Room, type RoomPreset, roomPresets } from "../room/room.ts";
import { Surroundings } from "../room/surroundings.ts";
import type { DisplayKind } from "../virtual-hat/virtual-hat.ts";
import { actionKinds, readAction, type TimedAction } from "./actions.ts";
import { readNumber, readTime } from "./values.ts";

export interface Scenario {
  /** One sentence. */
  readonly about: string;
  readonly room: RoomPreset;
  readonly start: {
    /** Of air, walls and heater alike. */
    readonly temperature: Celsius;
    readonly humidity: RelativeHumidityPercent;
    /** Since midnight. */
    readonly timeOfDay: Millis;
  };
  /** Daily mean, and how far above and below it goes (K). */
  readonly outside: { readonly mean: Celsius; readonly swing: number };
  readonly duration: Millis;
  /** Decides noise and spikes. */
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
  "hours":    how long it lasts, 0.01 to 2400 (required)
  "room":     ${rooms.join(" | ")}; living
  "start":    {"temperature": °C, "humidity": %, "timeOfDay": "h:mm"}; 19, 45, "0:00"
  "outside":  {"mean": °C, "swing": K}; 0 and 0, coldest at 4:00
  "seed":     whole number, decides all chance; 1
  "display":  ${displays.join(" | ")}; oled-128x128
  "settings": as in the settings file
  "timeline": [{"at": "h:mm", "do": …, "every": "h:mm"}]; do is one of
              ${actionKinds.join(", ")}
}`;

/** @param text of a scenario file (JSON) */
export function parseScenario(text: string): ScenarioResult {
  const json = parseJson(text);
  if (!json.ok) return { ok: false, problems: [`${json.line}:${json.column} ${json.message}`] };
  const reader = new ShapeReader();
  const members = reader.object(json.root, "the scenario", ["about", "hours"], keys);
  const length = readNumber(reader, members?.get("hours"), "hours", [0.01, 2400]);
  const start = reader.object(members?.get("start"), "start", [], ["temperature", "humidity", "timeOfDay"]);
  const outside = reader.object(members?.get("outside"), "outside", [], ["mean", "swing"]);
  const temperature = readNumber(reader, start?.get("temperature"), "start.temperature", [-30, 50]);
  const humidity = readNumber(reader, start?.get("humidity"), "start.humidity", [0, 100]);
  const mean = readNumber(reader, outside?.get("mean"), "outside.mean", [-40, 45]);
  const scenario: Scenario = {
    about: reader.string(members?.get("about"), "about") ?? "",
    room: reader.choice(members?.get("room"), "room", rooms) ?? "living",
    start: {
      temperature: celsius(temperature ?? 19),
      humidity: relativeHumidity(humidity ?? 45),
      timeOfDay: readTime(reader, start?.get("timeOfDay"), "start.timeOfDay") ?? millis(0),
    },
    outside: {
      mean: celsius(mean ?? 0),
      swing: readNumber(reader, outside?.get("swing"), "outside.swing", [0, 30]) ?? 0,
    },
    duration: hours(length ?? 0),
    seed: reader.integer(members?.get("seed"), "seed", 0, 2 ** 31 - 1) ?? 1,
    display: reader.choice(members?.get("display"), "display", displays) ?? "oled-128x128",
    settings: readSettings(reader, members?.get("settings")),
    timeline: readTimeline(reader, members?.get("timeline")),
  };
  if (reader.problems.length === 0) return { ok: true, scenario };
  const sorted = [...reader.problems].sort((a, b) => a.offset - b.offset);
  const problems = sorted.map(({ offset, message, unknownKey }) => {
    const { line, column } = positionAt(text, offset);
    const meant = unknownKey === undefined ? undefined : nearest(unknownKey, knownWords);
    return `${line}:${column} ${message}${meant === undefined ? "" : `; did you mean "${meant}"?`}`;
  });
  return { ok: false, problems };
}

/** The room, its weather and its window, as they are when the scenario begins. */
export function surroundingsOf(scenario: Scenario): Surroundings {
  const { start, outside, seed } = scenario;
  return new Surroundings(new Room(roomPresets[scenario.room], { ...start, seed }), {
    outside: dailyOutside(outside.mean, outside.swing),
    startOfDay: start.timeOfDay,
  });
}

type Node = Parameters<ShapeReader["object"]>[0];

function readSettings(reader: ShapeReader, node: Node): Settings {
  const plain = node?.type === "object" ? Object.fromEntries([...node.members].map(plainMember)) : undefined;
  if (node !== undefined && plain === undefined) reader.refuse(node, "settings must be an object");
  const { settings, problems } = parseSettings(plain);
  for (const { key, cause, allowed } of problems) {
    const place = (node?.type === "object" && node.members.get(key)) || node;
    if (place !== undefined) reader.refuse(place, `settings.${key}: ${cause}; allowed: ${allowed}`);
  }
  return settings;
}

function plainMember([key, node]: readonly [string, NonNullable<Node>]): [string, unknown] {
  return [key, node.type === "object" || node.type === "array" ? node : node.value];
}

function readTimeline(reader: ShapeReader, node: Node): readonly TimedAction[] {
  const actions = reader.list(node, "timeline", (item, where) => readAction(reader, item, where)) ?? [];
  return actions.sort((a, b) => a.at - b.at);
}
