/** Reads what is in force, and requests, out of messages between the loop and its cloud half. */

import { celsius, wallMillis } from "../../base/units.ts";
import type { Change, Request, SetRequest } from "../../control/input.ts";
import { type Limits, limitSettings } from "../../control/limits.ts";
import type { InForce, TwinPolicy } from "../../control/twin/in-force.ts";
import { parseShadow } from "../../control/twin/shadow.ts";
import {
  type ControlValue,
  eachWritable,
  isControlValue,
  isValueOf,
  isWritableName,
  type WritableName,
  type WritableValues,
} from "../../model/properties.ts";
import { isSource } from "../../model/sources.ts";
import { Fields } from "../process/message-fields.ts";

const policies = ["cloud-wins", "device-wins"] as const;

export function inForceOf(from: Fields): InForce {
  const limits = from.fields("limits");
  const policy = from.fields("policy");
  const changes = from.fields("changes");
  return {
    values: valuesOf(from.fields("values")),
    changes: eachWritable((name) => changeOf(changes.fields(name))),
    defaults: valuesOf(from.fields("defaults")),
    limits: Object.fromEntries(
      limitSettings.map((key) => [key, celsius(limits.number(key))]),
    ) as unknown as Limits,
    policy: eachWritable((name) => policy.oneOf(name, policies)) satisfies TwinPolicy,
    shadow: parseShadow(from.get("shadow")),
    aim: celsius(from.number("aim")),
    boostUntil: from.optional("boostUntil", () => wallMillis(from.large("boostUntil"))),
  };
}

const valuesOf = (from: Fields): WritableValues =>
  eachWritable((name) => valueIn(name, from, name)) as unknown as WritableValues;

const valueIn = (name: WritableName, from: Fields, field: string): ControlValue =>
  from.one(field, (value): value is ControlValue => isValueOf(value, name));

const changeOf = (from: Fields): Change => {
  const change = {
    source: from.one("source", isSource),
    wallMs: wallMillis(from.large("wallMs")),
    serial: from.large("serial"),
  };
  const before = from.optional("from", () => from.one("from", isControlValue));
  return before === undefined ? change : { ...change, from: before };
};

/** What the cloud half may ask for. It speaks for the cloud and for nobody else. */
export function requestOf(value: unknown): Request {
  const from = new Fields(value);
  const source = from.oneOf("source", ["cloud", "default"] as const);
  const kind = from.text("kind") as Request["kind"];
  switch (kind) {
    case "set": {
      const name = from.one("name", isWritableName);
      return { kind, name, value: valueIn(name, from, "value"), source } as SetRequest;
    }
    case "boost":
      return { kind, minutes: from.number("minutes"), source };
    case "identify":
      return { kind, seconds: from.number("seconds"), source };
    case "clear-faults":
      return { kind, source };
    case "keep-twin":
      return { kind, shadow: parseShadow(from.get("shadow")), source };
    default:
      throw new RangeError("kind");
  }
}
