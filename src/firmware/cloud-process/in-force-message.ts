/** What is in force, and requests, in messages between the loop and its cloud half. */
import type { Schema } from "../../base/schema/schema.ts";
import { byKind, object } from "../../base/schema/structures.ts";
import {
  anything,
  boolean,
  convert,
  guarded,
  lenient,
  oneOf,
  optional,
  orElse,
} from "../../base/schema/values.ts";
import { celsius, kelvin, wallMillis } from "../../base/units.ts";
import type { Change, ControlValue, Request } from "../../control/input.ts";
import type { InForce } from "../../control/twin/in-force.ts";
import { emptyShadow, parseShadow } from "../../control/twin/shadow.ts";
import { type WritableName, type WritableValues, writableNames } from "../../model/cloud-model.ts";
import { large, modes, quantity } from "../process/message-values.ts";

const temperature = convert(quantity, celsius);
const wallTime = convert(large, wallMillis);
/** The core's own reader of its record: an empty one in place of what it cannot use. */
const shadow = lenient(convert(anything, parseShadow), () => emptyShadow);

const values: Schema<WritableValues> = object({
  targetTemperature: quantity,
  controlMode: oneOf(modes),
  heaterSwitch: boolean,
  telemetryInterval: quantity,
  sensorOffset: quantity,
});

const isControlValue = (value: unknown): value is ControlValue =>
  typeof value === "boolean" || Number.isFinite(value) || modes.some((mode) => mode === value);

const change = object({
  source: oneOf(["default", "device", "cloud"]),
  wallMs: wallTime,
  serial: large,
  from: optional(guarded("a value that people set", isControlValue)),
}) as Schema<Change>;

const ofEach = <T>(schema: Schema<T>): Schema<Readonly<Record<WritableName, T>>> =>
  object(Object.fromEntries(writableNames.map((name) => [name, schema])) as Record<WritableName, Schema<T>>);

export const inForce: Schema<InForce> = object({
  values,
  changes: ofEach(change),
  defaults: values,
  limits: object({ targetMin: temperature, targetMax: temperature }),
  policy: ofEach(oneOf(["cloud-wins", "device-wins"])),
  shadow,
  aim: temperature,
  boostUntil: orElse(wallTime, undefined),
});

/** It speaks for the cloud and for nobody else. */
const source = oneOf(["cloud", "default"]);

/** What the cloud half may ask for. */
export const request: Schema<Request> = byKind("kind", {
  "set-target": object({ target: temperature, source }),
  "set-mode": object({ mode: oneOf(modes), source }),
  "set-heater-switch": object({ on: boolean, source }),
  "set-sensor-offset": object({ offset: convert(quantity, kelvin), source }),
  "set-telemetry-interval": object({ seconds: quantity, source }),
  boost: object({ minutes: quantity, source }),
  identify: object({ seconds: quantity, source }),
  "clear-faults": object({ source }),
  "keep-twin": object({ shadow, source }),
});
