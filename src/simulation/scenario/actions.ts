/** What can happen in a scenario: one table of kinds, each with its keys, limits and defaults. */

import type { Schema } from "../../base/schema/schema.ts";
import { byKind, strictObject } from "../../base/schema/structures.ts";
import { boolean, convert, integer, number, oneOf, refine, withDefault } from "../../base/schema/values.ts";
import { type Celsius, celsius, type Millis, millis, minutes } from "../../base/units.ts";
import type { ButtonName, ControlMode } from "../../control/input.ts";
import { type FaultCode, faultCodes } from "../../model/faults.ts";
import { type FaultLimits, type HatFault, hatFaultNames } from "../virtual-hat/faults.ts";
import { time } from "./time.ts";

export type ScenarioAction =
  | { readonly do: "press"; readonly button: ButtonName; readonly times: number; readonly hold: Millis }
  /** Asked from afar, as a cloud or a command line would. */
  | { readonly do: "target"; readonly temperature: Celsius }
  | { readonly do: "mode"; readonly mode: ControlMode }
  | { readonly do: "heater"; readonly on: boolean }
  | { readonly do: "clear-faults" }
  /** `loss` in W/K; 0 shuts it. Shuts by itself after `duration`. */
  | { readonly do: "window"; readonly loss: number; readonly duration: Millis | undefined }
  | { readonly do: "outside"; readonly temperature: Celsius | undefined }
  | { readonly do: "fault"; readonly fault: HatFault; readonly limits: FaultLimits }
  | { readonly do: "end-fault"; readonly fault: HatFault }
  | { readonly do: "power-cut"; readonly duration: Millis }
  | { readonly do: "expect"; readonly expectation: Expectation };

/** What must hold at that moment. What is left out may be anything. */
export interface Expectation {
  /** The firmware asks for heat, whatever the contact does. */
  readonly heating?: boolean | undefined;
  /** Standing; "none": no fault at all stands. */
  readonly fault?: FaultCode | "none" | undefined;
  /** True temperature of the air. */
  readonly above?: Celsius | undefined;
  readonly below?: Celsius | undefined;
}

export interface TimedAction {
  /** Since the beginning. */
  readonly at: Millis;
  /** Happens again each time that this has passed. */
  readonly every: Millis | undefined;
  readonly action: ScenarioAction;
}

const buttons = ["a", "b", "mode"] as const satisfies ButtonName[];
const shortestRepetition = minutes(1);
const air = convert(number(-40, 60), celsius);
const hatFault = oneOf(hatFaultNames);
const perhaps = <T>(schema: Schema<T>): Schema<T | undefined> => withDefault(schema, undefined);

const always = {
  at: time,
  every: perhaps(refine(time, "at least a minute", (every) => every >= shortestRepetition)),
};

const kinds = {
  press: strictObject({
    ...always,
    button: oneOf(buttons),
    times: withDefault(integer(1, 100), 1),
    hold: withDefault(time, millis(120)),
  }),
  target: strictObject({ ...always, temperature: air }),
  mode: strictObject({ ...always, mode: oneOf(["auto", "manual"]) }),
  heater: strictObject({ ...always, on: boolean }),
  "clear-faults": strictObject(always),
  window: convert(
    strictObject({ ...always, loss: number(0, 1000), for: perhaps(time) }),
    ({ for: duration, ...rest }) => ({ ...rest, duration }),
  ),
  outside: strictObject({ ...always, temperature: perhaps(air) }),
  fault: convert(
    strictObject({ ...always, fault: hatFault, for: perhaps(time), count: perhaps(integer(1, 1_000_000)) }),
    ({ for: duration, count, ...rest }) => ({ ...rest, limits: { duration, count } }),
  ),
  "end-fault": strictObject({ ...always, fault: hatFault }),
  "power-cut": convert(
    strictObject({ ...always, for: withDefault(time, minutes(1)) }),
    ({ for: duration, ...rest }) => ({ ...rest, duration }),
  ),
  expect: convert(
    strictObject({
      ...always,
      heating: perhaps(boolean),
      fault: perhaps(oneOf(["none", ...faultCodes])),
      above: perhaps(air),
      below: perhaps(air),
    }),
    ({ at, every, ...expectation }) => ({ at, every, expectation }),
  ),
} satisfies { readonly [Name in ScenarioAction["do"]]: Schema<object> };

export const actionKinds = Object.keys(kinds) as readonly ScenarioAction["do"][];

export const timedAction: Schema<TimedAction> = convert(byKind("do", kinds), ({ at, every, ...action }) => ({
  at,
  every,
  action,
}));
