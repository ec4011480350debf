/** What can happen in a scenario: one table of kinds, each with its keys, limits and defaults. */

import type { JsonNode } from "../../base/json/parse.ts";
import type { ShapeReader } from "../../base/json/shape.ts";
import { type Celsius, celsius, type Millis, millis, minutes } from "../../base/units.ts";
import type { ButtonName, ControlMode } from "../../control/input.ts";
import { type FaultCode, faultCodes } from "../../model/faults.ts";
import { type FaultLimits, type HatFault, hatFaultNames } from "../virtual-hat/faults.ts";
import { readNumber, readSwitch, readTime } from "./values.ts";

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

/** The members of one action, read one by one. */
interface Fields {
  choice<T extends string>(key: string, values: readonly T[]): T | undefined;
  number(key: string, limits: readonly [number, number]): number | undefined;
  whole(key: string, limits: readonly [number, number]): number | undefined;
  time(key: string): Millis | undefined;
  switch(key: string): boolean | undefined;
}

interface Kind {
  readonly required: readonly string[];
  readonly optional?: readonly string[];
  /** `undefined`: something was wrong and has been noted. */
  read(fields: Fields): ScenarioAction | undefined;
}

const buttons = ["a", "b", "mode"] as const satisfies ButtonName[];
const airLimits = [-40, 60] as const;

const kinds: { readonly [Name in ScenarioAction["do"]]: Kind } = {
  press: {
    required: ["button"],
    optional: ["times", "hold"],
    read: (fields) => {
      const button = fields.choice("button", buttons);
      const times = fields.whole("times", [1, 100]) ?? 1;
      return button && { do: "press", button, times, hold: fields.time("hold") ?? millis(120) };
    },
  },
  target: {
    required: ["temperature"],
    read: (fields) => {
      const temperature = fields.number("temperature", airLimits);
      return temperature === undefined ? undefined : { do: "target", temperature: celsius(temperature) };
    },
  },
  mode: {
    required: ["mode"],
    read: (fields) => {
      const mode = fields.choice("mode", ["auto", "manual"]);
      return mode && { do: "mode", mode };
    },
  },
  heater: {
    required: ["on"],
    read: (fields) => {
      const on = fields.switch("on");
      return on === undefined ? undefined : { do: "heater", on };
    },
  },
  "clear-faults": { required: [], read: () => ({ do: "clear-faults" }) },
  window: {
    required: ["loss"],
    optional: ["for"],
    read: (fields) => {
      const loss = fields.number("loss", [0, 1000]);
      return loss === undefined ? undefined : { do: "window", loss, duration: fields.time("for") };
    },
  },
  outside: {
    required: [],
    optional: ["temperature"],
    read: (fields) => {
      const temperature = fields.number("temperature", airLimits);
      return { do: "outside", temperature: temperature === undefined ? undefined : celsius(temperature) };
    },
  },
  fault: {
    required: ["fault"],
    optional: ["for", "count"],
    read: (fields) => {
      const fault = fields.choice("fault", hatFaultNames);
      const limits = { duration: fields.time("for"), count: fields.whole("count", [1, 1_000_000]) };
      return fault && { do: "fault", fault, limits };
    },
  },
  "end-fault": {
    required: ["fault"],
    read: (fields) => {
      const fault = fields.choice("fault", hatFaultNames);
      return fault && { do: "end-fault", fault };
    },
  },
  "power-cut": {
    required: [],
    optional: ["for"],
    read: (fields) => ({ do: "power-cut", duration: fields.time("for") ?? minutes(1) }),
  },
  expect: {
    required: [],
    optional: ["heating", "fault", "above", "below"],
    read: (fields) => {
      const above = fields.number("above", airLimits);
      const below = fields.number("below", airLimits);
      const expectation: Expectation = {
        heating: fields.switch("heating"),
        fault: fields.choice("fault", ["none", ...faultCodes]),
        above: above === undefined ? undefined : celsius(above),
        below: below === undefined ? undefined : celsius(below),
      };
      return { do: "expect", expectation };
    },
  },
};

export const actionKinds = Object.keys(kinds) as readonly ScenarioAction["do"][];

/** Shorter repetitions would only slow the simulation down. */
const shortestRepetition = minutes(1);

/** One entry of the timeline; `undefined` when something was wrong, which has been noted. */
export function readAction(reader: ShapeReader, node: JsonNode, where: string): TimedAction | undefined {
  const found = node.type === "object" ? node.members.get("do") : undefined;
  if (node.type !== "object" || found === undefined) {
    return reader.refuse(node, `${where} must be an object with "at" and "do"`);
  }
  const name = reader.choice(found, `${where}.do`, actionKinds);
  if (name === undefined) return undefined;
  const { required, optional = [], read } = kinds[name];
  reader.object(node, where, ["at", "do", ...required], ["every", ...optional]);
  const fields = fieldsOf(reader, node.members, where);
  const at = fields.time("at");
  const every = fields.time("every");
  const repetition = node.members.get("every");
  if (every !== undefined && every < shortestRepetition && repetition !== undefined) {
    reader.refuse(repetition, `${where}.every must be at least a minute`);
  }
  const action = read(fields);
  return at === undefined || action === undefined ? undefined : { at, every, action };
}

function fieldsOf(reader: ShapeReader, members: ReadonlyMap<string, JsonNode>, where: string): Fields {
  const at = (key: string) => [members.get(key), `${where}.${key}`] as const;
  return {
    choice: (key, values) => reader.choice(...at(key), values),
    number: (key, limits) => readNumber(reader, ...at(key), limits),
    whole: (key, [min, max]) => reader.integer(...at(key), min, max),
    time: (key) => readTime(reader, ...at(key)),
    switch: (key) => readSwitch(reader, ...at(key)),
  };
}
