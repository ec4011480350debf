/**
 * Validates settings: limits, and rules between them.
 *
 * Guarantee: `parseSettings` never throws, and its result is always valid: an invalid value is replaced by its default
 * and reported as a problem. The caller decides whether to use a result with problems; the firmware rejects it.
 */
import { isRecord } from "../base/json/value.ts";
import { nearest } from "../base/nearest-word.ts";
import type { SettingKey, SettingSpec, Settings } from "./settings-table.ts";
import { defaultSettings, settingKeys, settingSpec, settingsTable } from "./settings-table.ts";

export type { SettingKey, Settings } from "./settings-table.ts";
export { defaultSettings, settingKeys, settingSpec, settingsTable } from "./settings-table.ts";

export interface SettingProblem {
  /** The key in the file; empty for the whole document. */
  readonly key: string;
  readonly code: "not-an-object" | "unknown" | "wrong-type" | "not-allowed" | "conflict";
  /** The problem, with the value. */
  readonly cause: string;
  /** The allowed values, with unit. */
  readonly allowed: string;
  readonly nextStep: string;
}

export interface ParsedSettings {
  readonly settings: Settings;
  /** Empty when every value is valid. */
  readonly problems: readonly SettingProblem[];
}

interface CrossRule {
  readonly keys: readonly [SettingKey, ...SettingKey[]];
  readonly allowed: string;
  readonly holds: (s: Settings) => boolean;
}

/** Minimum distance of the highest set-point to the cut-off (K): normal overshoot must not latch a fault. */
const cutOffMargin = 2;

const crossRules: readonly CrossRule[] = [
  {
    keys: ["targetMin", "targetMax"],
    allowed: "targetMin < targetMax",
    holds: (s) => s.targetMin < s.targetMax,
  },
  {
    keys: ["targetInitial", "targetMin", "targetMax"],
    allowed: "targetMin ≤ targetInitial ≤ targetMax",
    holds: (s) => s.targetMin <= s.targetInitial && s.targetInitial <= s.targetMax,
  },
  {
    keys: ["cutOff", "targetMax"],
    allowed: `targetMax + ${cutOffMargin} K ≤ cutOff`,
    holds: (s) => s.targetMax + cutOffMargin <= s.cutOff,
  },
  {
    keys: ["updateFromHour", "updateUntilHour"],
    allowed: "updateFromHour ≠ updateUntilHour",
    holds: (s) => s.updateFromHour !== s.updateUntilHour,
  },
  { keys: ["frostOff", "frostOn"], allowed: "frostOn < frostOff", holds: (s) => s.frostOn < s.frostOff },
];

/** @param value e.g. parsed JSON; a `$schema` key is allowed and ignored. */
export function parseSettings(value: unknown): ParsedSettings {
  if (value === undefined) return { settings: defaultSettings, problems: [] };
  if (!isRecord(value)) {
    return { settings: defaultSettings, problems: [notAnObject(value)] };
  }
  const problems: SettingProblem[] = [];
  const valid: Partial<Record<SettingKey, unknown>> = {};
  for (const [key, entry] of entriesOf(value)) {
    if (key === "$schema") continue;
    if (!isSettingKey(key)) {
      problems.push(unknownKey(key));
      continue;
    }
    const problem = checkValue(key, settingSpec(key), entry);
    if (problem) problems.push(problem);
    else valid[key] = entry;
  }
  const consistent = applyRules({ ...defaultSettings, ...valid } as Settings, problems);
  return { settings: Object.freeze(consistent), problems };
}

export const isSettingKey = (key: string): key is SettingKey => Object.hasOwn(settingsTable, key);

/** Own entries; none if a getter throws. */
function entriesOf(value: object): readonly (readonly [string, unknown])[] {
  try {
    return Object.entries(value);
  } catch {
    return [];
  }
}

/** Resets the keys of a violated rule to their defaults until all rules hold. */
function applyRules(settings: Settings, problems: SettingProblem[]): Settings {
  let current = settings;
  for (let round = 0; round <= crossRules.length; round++) {
    const broken = crossRules.find((rule) => !rule.holds(current));
    if (!broken) return current;
    const values = broken.keys.map((key) => `${key} = ${String(current[key])}`).join(", ");
    problems.push({
      key: broken.keys[0],
      code: "conflict",
      cause: `${values} contradict each other`,
      allowed: broken.allowed,
      nextStep: `change ${broken.keys.join(" or ")}`,
    });
    current = { ...current, ...Object.fromEntries(broken.keys.map((key) => [key, defaultSettings[key]])) };
  }
  return defaultSettings;
}

function checkValue(key: SettingKey, spec: SettingSpec, value: unknown): SettingProblem | undefined {
  const expected = { number: "number", switch: "boolean", choice: "string", name: "string" }[spec.kind];
  const wrongType = typeof value !== expected || (typeof value === "number" && !Number.isFinite(value));
  if (!wrongType && isAllowed(spec, value)) return undefined;
  return {
    key,
    code: wrongType ? "wrong-type" : "not-allowed",
    cause: wrongType ? `must be a ${expected}, not ${show(value)}` : `${show(value)} is not allowed`,
    allowed: allowedText(spec),
    nextStep: `correct it, or leave it out for the default: ${show(spec.default)}`,
  };
}

function isAllowed(spec: SettingSpec, value: unknown): boolean {
  switch (spec.kind) {
    case "number":
      return typeof value === "number" && value >= spec.min && value <= spec.max && onStep(value, spec.step);
    case "choice":
      return spec.choices.some((choice) => choice === value);
    case "name":
      return typeof value === "string" && spec.pattern.test(value) && (spec.isKnown?.(value) ?? true);
    case "switch":
      return true;
  }
}

/** Whether `value` is a multiple of `step`, with a tolerance for binary fractions. */
const onStep = (value: number, step: number) => Math.abs(value / step - Math.round(value / step)) < 1e-6;

/** The allowed values as text, e.g. `5 to 30 °C in steps of 0.5`. */
export function allowedText(spec: SettingSpec): string {
  switch (spec.kind) {
    case "number":
      return `${spec.min} to ${spec.max} ${spec.unit} in steps of ${spec.step}`;
    case "choice":
      return spec.choices.join(", ");
    case "name":
      return spec.expected;
    case "switch":
      return "true, false";
  }
}

function unknownKey(key: string): SettingProblem {
  const suggestion = nearest(key, settingKeys);
  return {
    key,
    code: "unknown",
    cause: "there is no such setting",
    allowed: suggestion ? `did you mean ${suggestion}?` : settingKeys.join(", "),
    nextStep: suggestion ? `rename it to ${suggestion}, or remove it` : "remove it",
  };
}

function notAnObject(value: unknown): SettingProblem {
  return {
    key: "",
    code: "not-an-object",
    cause: `the settings are ${show(value)}`,
    allowed: 'a JSON object such as {"targetInitial": 20}',
    nextStep: "write an object, or remove the file to use the defaults",
  };
}

/** Shortens long values. */
function show(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (isRecord(value)) return "an object";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
