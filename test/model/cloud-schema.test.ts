/** What comes from outside fits its schema, or the answer says why not. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CloudSchema, validateValue } from "../../src/model/cloud-schema.ts";

const number = { kind: "number", unit: "°C", min: 5, max: 30 } as const;
const whole = { kind: "integer", min: 1, max: 10 } as const;
const flag = { kind: "flag" } as const;
const choice = { kind: "choice", choices: ["auto", "manual"] } as const;
const text = { kind: "text" } as const;
const time = { kind: "time" } as const;
const record = { kind: "record", fields: { on: flag, count: whole } } as const;

describe("a value from outside", () => {
  it.each<[CloudSchema, unknown, string | undefined]>([
    [number, 5, undefined],
    [number, 30, undefined],
    [number, 4.99, "must be 5 to 30 °C, not 4.99"],
    [number, 30.01, "must be 5 to 30 °C, not 30.01"],
    [number, "20", "must be a number"],
    [number, Number.NaN, "must be a number"],
    [number, Number.POSITIVE_INFINITY, "must be a number"],
    [whole, 10, undefined],
    [whole, 1.5, "must be a whole number"],
    [whole, 11, "must be 1 to 10, not 11"],
    [flag, false, undefined],
    [flag, 0, "must be true or false"],
    [choice, "manual", undefined],
    [choice, "off", "must be one of auto, manual"],
    [text, "", undefined],
    [text, 1, "must be a text"],
    [time, "2026-01-31T12:00:00.000Z", undefined],
    [time, "2026-01-31T12:00:00Z", undefined],
    [time, "2026-01-31T12:00:00+01:00", "must be a time in ISO 8601, UTC"],
    [time, 0, "must be a time in ISO 8601, UTC"],
    [record, { on: true, count: 1 }, undefined],
    [record, { on: true }, "must have a valid count: it must be a number"],
    [record, { on: 1, count: 1 }, "must have a valid on: it must be true or false"],
    [record, { on: true, count: 1, colour: 1 }, "must not have colour"],
    [record, { on: true, count: 1, ["x".repeat(100)]: 1 }, `must not have ${"x".repeat(64)}`],
    [record, null, "must be an object"],
    [record, [], "must be an object"],
    [record, "x", "must be an object"],
  ])("of the schema %j: %j", (schema, value, why) => {
    expect(validateValue(schema, value)).toBe(why);
  });

  it("never makes an error", () => {
    const schemas = fc.constantFrom<CloudSchema>(number, whole, flag, choice, text, time, record);
    fc.assert(fc.property(schemas, fc.anything(), (schema, value) => void validateValue(schema, value)));
  });
});
