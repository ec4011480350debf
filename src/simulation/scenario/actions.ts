/** The actions of a scenario: a table of kinds, each with its keys, limits and defaults. */

import type { Schema } from "../../base/schema/schema.ts";
import { byKind, strictObject } from "../../base/schema/structures.ts";
import {
  boolean,
  convert,
  guarded,
  integer,
  number,
  oneOf,
  refine,
  withDefault,
} from "../../base/schema/values.ts";
import { type Celsius, celsius, type Millis, millis, minutes } from "../../base/units.ts";
import type { ButtonName, ControlMode } from "../../control/input.ts";
import { type Preset, presets } from "../../model/cloud-model.ts";
import { type FaultCode, faultCodes } from "../../model/faults.ts";
import { isWeek, type Week } from "../../model/week.ts";
import { type FaultLimits, type HatFault, hatFaultNames } from "../virtual-hat/faults.ts";
import { time } from "./time.ts";

export type ScenarioAction =
  | { readonly do: "press"; readonly button: ButtonName; readonly times: number; readonly hold: Millis }
  /** A remote request, as from the cloud. */
  | { readonly do: "target"; readonly temperature: Celsius }
  | { readonly do: "mode"; readonly mode: ControlMode }
  | { readonly do: "heater"; readonly on: boolean }
  | { readonly do: "schedule"; readonly week: Week }
  | { readonly do: "preset"; readonly preset: Preset }
  | { readonly do: "clear-faults" }
  /** `loss` in W/K; 0 shuts it. It is shut after `duration`. */
  | { readonly do: "window"; readonly loss: number; readonly duration: Millis | undefined }
  | { readonly do: "outside"; readonly temperature: Celsius | undefined }
  | { readonly do: "fault"; readonly fault: HatFault; readonly limits: FaultLimits }
  | { readonly do: "end-fault"; readonly fault: HatFault }
  | { readonly do: "power-cut"; readonly duration: Millis }
  | { readonly do: "expect"; readonly expectation: Expectation };

/** Conditions at that time; absent members are not checked. */
export interface Expectation {
  /** The firmware calls for heat, whatever the contact's state. */
  readonly heating?: boolean | undefined;
  /** An active fault; "none": no fault is active. */
  readonly fault?: FaultCode | "none" | undefined;
  /** True temperature of the air. */
  readonly above?: Celsius | undefined;
  readonly below?: Celsius | undefined;
}

export interface TimedAction {
  /** Time since the start. */
  readonly at: Millis;
  /** Repeat interval. */
  readonly every: Millis | undefined;
  readonly action: ScenarioAction;
}

const buttons = ["a", "b", "mode"] as const satisfies ButtonName[];
const shortestRepetition = minutes(1);
const air = convert(number(-40, 60), celsius);
const hatFault = oneOf(hatFaultNames);
const maybe = <T>(schema: Schema<T>): Schema<T | undefined> => withDefault(schema, undefined);

const timing = {
  at: time,
  every: maybe(refine(time, "at least a minute", (every) => every >= shortestRepetition)),
};

const kinds = {
  press: strictObject({
    ...timing,
    button: oneOf(buttons),
    times: withDefault(integer(1, 100), 1),
    hold: withDefault(time, millis(120)),
  }),
  target: strictObject({ ...timing, temperature: air }),
  mode: strictObject({ ...timing, mode: oneOf(["auto", "manual"]) }),
  heater: strictObject({ ...timing, on: boolean }),
  schedule: strictObject({ ...timing, week: guarded("a week of set-points", isWeek) }),
  preset: strictObject({ ...timing, preset: oneOf(presets) }),
  "clear-faults": strictObject(timing),
  window: convert(
    strictObject({ ...timing, loss: number(0, 1000), for: maybe(time) }),
    ({ for: duration, ...rest }) => ({ ...rest, duration }),
  ),
  outside: strictObject({ ...timing, temperature: maybe(air) }),
  fault: convert(
    strictObject({ ...timing, fault: hatFault, for: maybe(time), count: maybe(integer(1, 1_000_000)) }),
    ({ for: duration, count, ...rest }) => ({ ...rest, limits: { duration, count } }),
  ),
  "end-fault": strictObject({ ...timing, fault: hatFault }),
  "power-cut": convert(
    strictObject({ ...timing, for: withDefault(time, minutes(1)) }),
    ({ for: duration, ...rest }) => ({ ...rest, duration }),
  ),
  expect: convert(
    strictObject({
      ...timing,
      heating: maybe(boolean),
      fault: maybe(oneOf(["none", ...faultCodes])),
      above: maybe(air),
      below: maybe(air),
    }),
    ({ at, every, ...expectation }) => ({ at, every, expectation }),
  ),
} satisfies { readonly [Name in ScenarioAction["do"]]: Schema<object> };

export const actionKinds = Object.keys(kinds) as readonly ScenarioAction["do"][];

/** The fields of each kind, besides `at` and `every`, for a person who writes a scenario. */
export const actionFields: { readonly [Name in ScenarioAction["do"]]: string } = {
  press: `"button": ${buttons.join(" | ")}; "times": 1 to 100 (1); "hold": "h:mm:ss" (a tap)`,
  target: '"temperature": °C, requested remotely',
  mode: '"mode": auto | manual, requested remotely',
  heater: '"on": true | false, requested remotely, for manual mode',
  schedule: '"week": {"monday": "06:30 20, 22:00 16", …}',
  preset: `"preset": ${presets.join(" | ")}`,
  "clear-faults": "no fields",
  window: '"loss": W/K, 0 shuts it; "for": "h:mm" (until it is shut)',
  outside: '"temperature": °C; without it the weather of "outside" is back',
  fault: '"fault": a name of simulate --list; "for": "h:mm"; "count": how often (for ever)',
  "end-fault": '"fault": its name',
  "power-cut": '"for": "h:mm" (0:01)',
  expect: '"heating": true | false; "fault": its code, or "none"; "above", "below": °C of the air',
};

export const timedAction: Schema<TimedAction> = convert(byKind("do", kinds), ({ at, every, ...action }) => ({
  at,
  every,
  action,
}));
