/**
 * Reads the commands of Home Assistant.
 *
 * Guarantee: never throws; any payload becomes requests in this face's name, an action, or a refusal. Limits are checked by
 * the core, as for every other source.
 */
import type { Request, SetRequest } from "../../control/input.ts";
import type { InForce } from "../../control/twin/in-force.ts";
import { type CloudSchema, commands, presets } from "../../model/cloud-model.ts";
import {
  type ControlValue,
  isWritableName,
  type WritableName,
  writableSpec,
} from "../../model/properties.ts";
import { hasSchedule, type Mode, modeOf, modes } from "./device-view.ts";
import { type ButtonName, buttonNames, isButton, settableNames } from "./entities.ts";

/** The name of this face, as the source of a change. */
export const source = "home-assistant";

export type Command =
  | { readonly kind: "requests"; readonly requests: readonly Request[] }
  | { readonly kind: "restart" | "check-for-update" }
  | { readonly kind: "refused"; readonly why: string };

const ofThermostat = ["mode", "target", "preset"] as const;
type ThermostatCommand = (typeof ofThermostat)[number];
const names: ReadonlySet<string> = new Set([...ofThermostat, ...settableNames, ...buttonNames]);

export const isCommand = (name: string): boolean => names.has(name);

/** @param name one for which `isCommand` holds. @param text of any content. @param inForce when it is carried out */
export function readCommand(name: string, text: string, inForce: InForce): Command {
  if (isThermostatCommand(name)) return thermostatCommand(name, text, inForce);
  if (isButton(name)) return press(name);
  return isWritableName(name) ? setProperty(name, text) : refused("an unknown command");
}

const isThermostatCommand = (name: string): name is ThermostatCommand =>
  ofThermostat.some((each) => each === name);

function thermostatCommand(name: ThermostatCommand, text: string, inForce: InForce): Command {
  if (name === "target") return setProperty("targetTemperature", text);
  if (name === "preset") {
    const preset = presets.find((each) => each === text);
    return preset === undefined ? refused("an unknown preset") : requests({ kind: "preset", preset, source });
  }
  const mode = modes.find((each) => each === text);
  return mode === undefined ? refused("an unknown mode") : setMode(mode, inForce);
}

function setMode(mode: Mode, inForce: InForce): Command {
  const { values, setPoint, aim } = inForce;
  if (mode === "off") return requests(set("heaterSwitch", false), set("controlMode", "manual"));
  const auto = set("controlMode", "auto");
  if (mode === "auto") {
    if (!hasSchedule(inForce)) return refused("there is no schedule");
    const follow = set("setPointHold", "next-point");
    return setPoint.from === "schedule"
      ? requests(auto, follow)
      : requests(auto, follow, { kind: "preset", preset: "none", source });
  }
  // Without a schedule the set-point holds anyway.
  const holds = modeOf({ ...inForce, values: { ...values, controlMode: "auto" } }) === "heat";
  if (holds) return requests(auto);
  const held = setPoint.from === "boost" ? values.targetTemperature : aim;
  return requests(auto, set("setPointHold", "permanent"), set("targetTemperature", held));
}

function press(name: ButtonName): Command {
  switch (name) {
    case "restart":
      return { kind: "restart" };
    case "checkForUpdate":
      return { kind: "check-for-update" };
    case "identify":
      return requests({ kind: "identify", seconds: commands.identify.request.default, source });
    case "clearFault":
      return requests({ kind: "clear-faults", source });
    case "forgetRoom":
      return requests({ kind: "forget-room", source });
  }
}

function setProperty(name: WritableName, text: string): Command {
  const value = typedValue(writableSpec(name).schema, text);
  return value === undefined ? refused("not a valid value") : requests(set(name, value));
}

/** As Home Assistant writes them: `21.5`, `ON`, a choice. */
function typedValue(schema: CloudSchema, text: string): ControlValue | undefined {
  switch (schema.kind) {
    case "number":
    case "integer":
      return /^[+-]?\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
    case "flag":
      return text === "ON" ? true : text === "OFF" ? false : undefined;
    case "choice":
      return schema.choices.find((choice) => choice === text) as ControlValue | undefined;
    default:
      return undefined;
  }
}

const set = (name: WritableName, value: ControlValue): SetRequest =>
  ({ kind: "set", name, value, source }) as SetRequest;
const requests = (...all: readonly Request[]): Command => ({ kind: "requests", requests: all });
const refused = (why: string): Command => ({ kind: "refused", why });
