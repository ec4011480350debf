/** Schemas of the values in force, and of requests, in messages between the loop and a face process. */
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
  withDefault,
} from "../../base/schema/values.ts";
import { celsius, wallMillis } from "../../base/units.ts";
import type { Change, Request } from "../../control/input.ts";
import { type Limits, limitSettings } from "../../control/limits.ts";
import type { InForce } from "../../control/twin/in-force.ts";
import { emptyShadow, parseShadow } from "../../control/twin/shadow.ts";
import { presets } from "../../model/cloud-model.ts";
import {
  type ControlValue,
  eachWritable,
  isControlValue,
  isValueOf,
  setPointSources,
  type WritableName,
  type WritableValues,
} from "../../model/properties.ts";
import { isSource, type Source } from "../../model/sources.ts";
import { large, quantity } from "../process/message-values.ts";

const temperature = convert(quantity, celsius);
const wallTime = convert(large, wallMillis);
/** Parsed by the control core's own parser; an invalid shadow becomes an empty one. */
const shadow = lenient(convert(anything, parseShadow), () => emptyShadow);

const valueOfRow = (name: WritableName): Schema<ControlValue> =>
  guarded(`a value of ${name}`, (value): value is ControlValue => isValueOf(value, name));
const values = object(eachWritable(valueOfRow)) as Schema<WritableValues>;

const change = object({
  source: guarded("a source", isSource),
  wallMs: wallTime,
  serial: large,
  from: optional(guarded("a value that people set", isControlValue)),
}) as Schema<Change>;

const ofEach = <T>(schema: Schema<T>): Schema<Readonly<Record<WritableName, T>>> =>
  object(eachWritable(() => schema));

export const inForce: Schema<InForce> = object({
  values,
  changes: ofEach(change),
  defaults: values,
  limits: object(Object.fromEntries(limitSettings.map((key) => [key, temperature]))) as Schema<Limits>,
  policy: ofEach(oneOf(["cloud-wins", "device-wins"])),
  shadow,
  aim: temperature,
  boostUntil: withDefault(wallTime, undefined),
  setPoint: object({
    from: oneOf(setPointSources),
    untilMs: withDefault(wallTime, undefined),
    next: withDefault(quantity, undefined),
  }),
  presets: object({ comfort: temperature, eco: temperature }),
  room: object({ windowOpen: boolean, learned: quantity, rise: quantity }),
});

/** The requests that a face process may send. @param sources in whose names */
export function requestsBy(sources: readonly Source[]): Schema<Request> {
  const source = oneOf(sources);
  return byKind("kind", {
    set: byKind(
      "name",
      eachWritable((name) => object({ value: valueOfRow(name), source })),
    ),
    boost: object({ minutes: quantity, source }),
    preset: object({ preset: oneOf(presets), source }),
    identify: object({ seconds: quantity, source }),
    "clear-faults": object({ source }),
    "forget-room": object({ source }),
    "store-shadow": object({ shadow, source }),
  }) as Schema<Request>;
}
