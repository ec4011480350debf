/**
 * The built-in scenarios in the format of scenario files: each can be printed, changed and played.
 *
 * Guarantee: each of them is valid, and the core meets its expectations (a test plays them all).
 */
import { parseScenario, type Scenario } from "./scenario.ts";

const steadyRoom = { start: { temperature: 19 }, outside: { mean: 0 } };
const winterDay = { start: { temperature: 18, timeOfDay: "6:00" }, outside: { mean: 2, swing: 4 } };

const documents = {
  day: {
    about: "An ordinary winter's day: two presses warmer for the evening, colder for the night.",
    hours: 24,
    ...winterDay,
    timeline: [
      { at: "11:30", do: "press", button: "b", times: 2 },
      { at: "15:30", do: "expect", above: 19, below: 21, fault: "none" },
      { at: "16:30", do: "press", button: "a", times: 6 },
      { at: "23:30", do: "expect", above: 16, below: 18.5, fault: "none" },
    ],
  },
  steady: {
    about: "A warm room is held at 19 °C, at 0 °C outside.",
    hours: 24,
    ...steadyRoom,
    timeline: [{ at: "6:00", every: "1:00", do: "expect", above: 18.5, below: 19.5, fault: "none" }],
  },
  "cold-start": {
    about: "A room left at 10 °C is warmed to 19 °C, at 0 °C outside.",
    hours: 24,
    start: { temperature: 10 },
    timeline: [
      { at: "1:00", do: "expect", heating: true, fault: "none" },
      { at: "23:00", do: "expect", above: 18.5, below: 19.5, fault: "none" },
    ],
  },
  "night-setback": {
    about: "16 °C from 22:00 to 6:00 and 20 °C by day, for three days around 0 °C outside.",
    hours: 72,
    start: { temperature: 19 },
    outside: { mean: 0, swing: 5 },
    timeline: [
      { at: "0:00", do: "target", temperature: 16 },
      { at: "6:00", every: "24:00", do: "target", temperature: 20 },
      { at: "22:00", every: "24:00", do: "target", temperature: 16 },
      { at: "21:00", every: "24:00", do: "expect", above: 19.4, below: 20.6, fault: "none" },
    ],
  },
  schedule: {
    about:
      "A week's schedule around 0 °C outside: a press holds until the next point, a power cut loses nothing.",
    hours: 72,
    start: { temperature: 17 },
    outside: { mean: 0, swing: 5 },
    timeline: [
      { at: "0:01", do: "schedule", week: { monday: "6:00 20, 22:00 16", tuesday: "6:00 20, 22:00 16" } },
      { at: "21:00", do: "expect", above: 19.4, below: 20.6, fault: "none" },
      { at: "23:00", do: "press", button: "b", times: 8 },
      { at: "29:30", do: "expect", above: 19, below: 20.6 },
      { at: "35:00", do: "power-cut", for: "0:30" },
      { at: "45:00", do: "expect", above: 19.4, below: 20.6, fault: "none" },
      { at: "48:00", do: "preset", preset: "away" },
      { at: "71:00", do: "expect", below: 17, fault: "none" },
    ],
  },
  "window-open": {
    about: "A window stands wide open for a quarter of an hour.",
    hours: 12,
    ...steadyRoom,
    timeline: [
      { at: "6:00", do: "window", loss: 40, for: "0:15" },
      { at: "6:15", do: "expect", below: 19 },
      { at: "9:00", do: "expect", above: 18.4, below: 19.8, fault: "none" },
    ],
  },
  "sensor-lost": {
    about: "The sensor's cable comes loose for half an hour.",
    hours: 4,
    start: { temperature: 15 },
    timeline: [
      { at: "1:00", do: "expect", heating: true, fault: "none" },
      { at: "1:00", do: "fault", fault: "nack", for: "0:30" },
      { at: "1:02", do: "expect", heating: false, fault: "sensor-stale" },
      { at: "1:31", do: "expect", fault: "none" },
      { at: "1:45", do: "expect", heating: true },
    ],
  },
  "sensor-troubles": {
    about: "All kinds of sensor faults, one after the other.",
    hours: 9,
    start: { temperature: 15 },
    timeline: [
      { at: "0:30", do: "fault", fault: "nack", count: 2 },
      { at: "0:31", do: "expect", fault: "none" },
      { at: "1:00", do: "fault", fault: "timeout", for: "0:05" },
      { at: "1:03", do: "expect", heating: false, fault: "sensor-stale" },
      { at: "2:00", do: "fault", fault: "bad-crc", for: "0:05" },
      { at: "2:03", do: "expect", heating: false, fault: "sensor-stale" },
      { at: "3:00", do: "fault", fault: "silent", for: "0:05" },
      { at: "3:03", do: "expect", heating: false, fault: "sensor-stale" },
      { at: "4:00", do: "fault", fault: "stuck", for: "0:45" },
      { at: "4:40", do: "expect", heating: false, fault: "sensor-stuck" },
      { at: "5:30", do: "expect", fault: "none" },
      { at: "6:00", do: "fault", fault: "spikes", for: "1:00" },
      { at: "6:59", do: "expect", fault: "none", below: 24 },
    ],
  },
  "welded-relay": {
    about: "The relay's contact welds while the room is warm, and opens again six hours later.",
    hours: 16,
    ...steadyRoom,
    timeline: [
      { at: "4:00", do: "fault", fault: "welded-relay", for: "6:00" },
      { at: "7:00", do: "expect", fault: "relay-stuck-on" },
      { at: "15:30", do: "expect", fault: "none" },
    ],
  },
  "dead-heater": {
    about: "The heater's fuse trips, and is reset after twelve hours.",
    hours: 24,
    start: { temperature: 18 },
    timeline: [
      { at: "1:00", do: "fault", fault: "dead-heater", for: "12:00" },
      { at: "8:00", do: "expect", fault: "heating-ineffective" },
      { at: "23:00", do: "expect", fault: "none", above: 18 },
    ],
  },
  "noisy-sensor": {
    about: "A cheap sensor with 0.2 K of noise must cause neither faults nor relay chatter.",
    hours: 24,
    room: "noisySensor",
    ...steadyRoom,
    timeline: [{ at: "23:00", do: "expect", above: 18.5, below: 19.5, fault: "none" }],
  },
  undersized: {
    about: "600 W at −8 °C outside: the set-point cannot be reached, which is not a fault.",
    hours: 48,
    room: "smallHeater",
    start: { temperature: 19 },
    outside: { mean: -8 },
    timeline: [
      { at: "12:00", every: "6:00", do: "expect", fault: "none" },
      { at: "47:00", do: "expect", below: 19 },
    ],
  },
  frost: {
    about: "Nobody is at home: manual, off, −10 °C outside. Frost protection keeps the pipes from freezing.",
    hours: 48,
    start: { temperature: 8 },
    outside: { mean: -10 },
    settings: { frostInManual: true, modeInitial: "manual" },
    timeline: [
      { at: "24:00", every: "4:00", do: "expect", above: 4, below: 8.5 },
      { at: "47:00", do: "expect", fault: "none" },
    ],
  },
  "power-cuts": {
    about: "Repeated power cuts, one of them right after a press.",
    hours: 12,
    start: { temperature: 17 },
    timeline: [
      { at: "1:00", do: "press", button: "b", times: 4 },
      { at: "1:00:10", do: "power-cut", for: "0:01" },
      { at: "4:00", every: "1:00", do: "power-cut", for: "0:00:05" },
      { at: "8:50", do: "power-cut", for: "0:20" },
      { at: "9:05", do: "expect", heating: false },
      { at: "11:50", do: "expect", above: 20, below: 21.6, fault: "none" },
    ],
  },
  "display-lost": {
    about: "The display is unplugged for an hour, without effect on the room.",
    hours: 4,
    start: { temperature: 10 },
    timeline: [
      { at: "1:00", do: "fault", fault: "missing-display", for: "1:00" },
      { at: "1:30", do: "expect", heating: true },
      { at: "2:30", do: "expect", heating: true, fault: "none" },
    ],
  },
  "line-stuck": {
    about: "The relay's line does not follow its command for a quarter of an hour.",
    hours: 3,
    start: { temperature: 15 },
    settings: { modeInitial: "manual" },
    timeline: [
      { at: "1:00", do: "fault", fault: "line-stuck", for: "0:15" },
      { at: "1:01", do: "heater", on: true },
      { at: "1:02", do: "expect", heating: false, fault: "relay-mismatch" },
      { at: "2:30", do: "expect", heating: true, fault: "none" },
    ],
  },
} as const;

export type ScenarioName = keyof typeof documents;

export const scenarioNames = Object.keys(documents) as readonly ScenarioName[];

export function isScenarioName(name: string): name is ScenarioName {
  return Object.hasOwn(documents, name);
}

/** A built-in scenario as the text of a scenario file. */
export function scenarioText(name: ScenarioName): string {
  return `${JSON.stringify(documents[name], null, 2)}\n`;
}

export function builtInScenario(name: ScenarioName): Scenario {
  const result = parseScenario(scenarioText(name));
  if (!result.ok) throw new Error(`the built-in scenario ${name} is broken: ${result.problems.join("; ")}`);
  return result.scenario;
}
