/** What is played, with which settings, and what must be reached (issue 11), judged on the worst of the seeds. */
import type { Settings } from "../../../src/model/settings-table.ts";
import { settingKeys } from "../../../src/model/settings-table.ts";
import type { Ripple } from "./bounds.ts";
import { exactDutyRipple, fullPowerDiscomfort } from "./bounds.ts";
import type { Course } from "./plant.ts";
import { type ScenarioName, scenarios } from "./scenarios.ts";
import type { Score } from "./score.ts";

export interface Limit {
  readonly figure: keyof Score;
  readonly atMost: number;
}

export interface Variant {
  readonly name: string;
  readonly scenario: ScenarioName;
  /** By name: one that the firmware does not know yet is left out, and said so. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** For how often the sensor is read, where not every 10 s. */
  readonly periodS?: number;
  readonly limits: readonly Limit[];
  /** Of the ripple at as many starts, when that is limited. */
  readonly atMostTimesExactDuty?: number;
  /** What physics allows, as far as it is known. */
  readonly bound?: (course: Course) => string;
}

const atMost = (limits: Partial<Record<keyof Score, number>>): Limit[] =>
  Object.entries(limits).map(([figure, value]) => ({ figure: figure as keyof Score, atMost: value }));

const fullPower = (course: Course) =>
  `full power with perfect knowledge: ${fullPowerDiscomfort(course).toFixed(3)} K·h`;
const perfect = (figures: string) => () => `perfect sensing, unlimited starts: ${figures}`;
const usual = 6;
const still = atMost({ rmse: 0.065, peakToPeak: 0.25, startsPerHour: 3.5 });

export const variants: readonly Variant[] = [
  {
    name: "cold start",
    scenario: "cold start",
    settings: {},
    limits: atMost({ discomfort: 9.39, over: 0.2, startsPerHour: usual }),
    bound: fullPower,
  },
  { name: "steady", scenario: "steady", settings: {}, limits: still },
  {
    name: "steady at 7/h",
    scenario: "steady",
    settings: { rippleLimit: 0.05, maxStartsPerHour: 7 },
    limits: atMost({ rmse: 0.02, startsPerHour: 7 }),
  },
  { name: "steady, read every 2 s", scenario: "steady", settings: {}, periodS: 2, limits: still },
  { name: "steady, read every 15 s", scenario: "steady", settings: {}, periodS: 15, limits: still },
  {
    name: "step",
    scenario: "step",
    settings: {},
    limits: atMost({ discomfort: 0.4, over: 0.15, startsPerHour: usual }),
    bound: fullPower,
  },
  {
    name: "set-back, optimum start off",
    scenario: "set-back",
    settings: { optimumStart: false },
    limits: atMost({ discomfort: 8.2, startsPerHour: usual }),
    bound: perfect("8.00 K·h"),
  },
  { name: "set-back, optimum start on", scenario: "set-back", settings: { optimumStart: true }, limits: [] },
  {
    name: "window, detection off",
    scenario: "window",
    settings: { windowDetection: false },
    limits: atMost({ discomfort: 0.3, over: 0.5, startsPerHour: usual }),
    bound: perfect("0.15 K·h"),
  },
  { name: "window, detection on", scenario: "window", settings: { windowDetection: true }, limits: [] },
  {
    name: "noise",
    scenario: "noise",
    settings: {},
    limits: atMost({ rmse: 0.07, startsPerHour: 3.5 }),
  },
  {
    name: "fan heater",
    scenario: "fan heater",
    settings: {},
    limits: atMost({ rmse: 0.15, startsPerHour: 7 }),
    atMostTimesExactDuty: 1.15,
  },
  {
    name: "unreachable",
    scenario: "unreachable",
    settings: {},
    limits: atMost({ rmse: 0.505 }),
    bound: perfect("RMSE 0.476 K"),
  },
  { name: "release", scenario: "release", settings: {}, limits: atMost({ over: 0.2, startsPerHour: usual }) },
];

export function courseOf({ scenario, periodS }: Variant): Course {
  const course: Course = scenarios[scenario];
  return periodS === undefined ? course : { ...course, periodS };
}

const isKnown = (key: string): boolean => (settingKeys as readonly string[]).includes(key);

/** The settings for the core, and those that it does not have. */
export function settingsOf(variant: Variant): {
  readonly settings: Partial<Settings>;
  readonly unknown: readonly string[];
} {
  const entries = Object.entries(variant.settings);
  return {
    settings: {
      sensorPeriodSeconds: courseOf(variant).periodS,
      ...Object.fromEntries(entries.filter(([key]) => isKnown(key))),
    },
    unknown: entries.map(([key]) => key).filter((key) => !isKnown(key)),
  };
}

/** The ripple that no thermostat beats at as many starts, where the scored part is undisturbed. */
export function rippleBound({ scenario }: Variant, startsPerHour: number): Ripple | undefined {
  const quiet: readonly ScenarioName[] = ["steady", "noise", "fan heater"];
  return quiet.includes(scenario) ? exactDutyRipple(scenarios[scenario], startsPerHour) : undefined;
}

/** What this score must keep to. */
export function limitsOf(variant: Variant, { startsPerHour }: Score): readonly Limit[] {
  const ripple = rippleBound(variant, startsPerHour);
  const { limits, atMostTimesExactDuty: times } = variant;
  if (times === undefined || !ripple) return limits;
  return [...limits, { figure: "peakToPeak", atMost: times * ripple.peakToPeak }];
}

export const missed = (limits: readonly Limit[], score: Score): Limit[] =>
  limits.filter(({ figure, atMost: most }) => score[figure] > most);
