import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  allowedText,
  defaultSettings,
  parseSettings,
  settingKeys,
  settingSpec,
  settingsTable,
} from "../../src/model/settings.ts";
import { settingsJsonSchema } from "../../src/model/settings-schema.ts";

const problemsOf = (value: unknown) => parseSettings(value).problems;

describe("settings", () => {
  it("are the defaults when nothing is said, and the defaults agree with each other", () => {
    expect(parseSettings(undefined)).toEqual({ settings: defaultSettings, problems: [] });
    expect(parseSettings({ ...defaultSettings, $schema: "x" })).toEqual({
      settings: defaultSettings,
      problems: [],
    });
    expect(defaultSettings.targetInitial).toBe(19);
  });

  it("are taken when they are right", () => {
    const { settings, problems } = parseSettings({
      targetInitial: 20.3,
      law: "hysteresis",
      frostInManual: true,
    });
    expect(problems).toEqual([]);
    expect(settings).toMatchObject({
      targetInitial: 20.3,
      law: "hysteresis",
      frostInManual: true,
      targetMax: 30,
    });
  });

  it("fall back to the default one by one, with key, cause, range and next step", () => {
    const { settings, problems } = parseSettings({ targetStep: 2, displayUnit: "F" });
    expect(settings).toMatchObject({ targetStep: 0.5, displayUnit: "F" });
    expect(problems).toEqual([
      {
        key: "targetStep",
        code: "not-allowed",
        cause: "2 is not allowed",
        allowed: "0.1 to 1 K in steps of 0.1",
        nextStep: "correct it, or leave it out for the default: 0.5",
      },
    ]);
  });

  it.each([
    [{ cutOff: "35" }, "wrong-type", 'must be a number, not "35"'],
    [{ cutOff: Number.NaN }, "wrong-type", "must be a number, not NaN"],
    [{ frostInManual: 1 }, "wrong-type", "must be a boolean, not 1"],
    [{ law: "bang" }, "not-allowed", '"bang" is not allowed'],
    [{ sensorOffset: 0.25 }, "not-allowed", "0.25 is not allowed"],
    [{ board: "../x" }, "not-allowed", '"../x" is not allowed'],
    [{ board: ["a"] }, "wrong-type", "must be a string, not an array"],
    [{ board: { a: 1 } }, "wrong-type", "must be a string, not an object"],
    [{ law: "x".repeat(99) }, "not-allowed", `"${"x".repeat(59)}… is not allowed`],
  ])("refuse %j", (value, code, cause) => {
    expect(problemsOf(value)).toMatchObject([{ code, cause }]);
  });

  it.each([[null], [[]], ["text"], [7]])("refuse %j instead of an object", (value) => {
    expect(problemsOf(value)).toMatchObject([{ key: "", code: "not-an-object" }]);
  });

  it("say what an unknown key was meant to be", () => {
    expect(problemsOf({ targetmaxx: 20 })).toMatchObject([
      { code: "unknown", allowed: "did you mean targetMax?" },
    ]);
    expect(problemsOf({ zzzzzzzz: 20 })[0]?.nextStep).toBe("remove it");
    expect(problemsOf({ ["k".repeat(9999)]: 20 })[0]?.code).toBe("unknown");
    expect(problemsOf({ constructor: 1 })[0]?.code).toBe("unknown");
  });

  it.each([
    [{ targetMin: 25, targetMax: 20, targetInitial: 22 }, "targetMin < targetMax"],
    [{ targetInitial: 12, targetMin: 15 }, "targetMin ≤ targetInitial ≤ targetMax"],
    [{ cutOff: 31 }, "targetMax + 2 K ≤ cutOff"],
    [{ frostOn: 8, frostOff: 7 }, "frostOn < frostOff"],
  ])("refuse the contradiction %j", (value, allowed) => {
    const { settings, problems } = parseSettings(value);
    expect(problems[0]).toMatchObject({ code: "conflict", allowed });
    expect(parseSettings(settings).problems).toEqual([]);
  });

  it("are taken at both ends of their range, and not a step beyond", () => {
    for (const key of settingKeys) {
      const spec = settingSpec(key);
      if (spec.kind !== "number") continue;
      const codes = (value: number) => problemsOf({ [key]: value }).map(({ code }) => code);
      for (const end of [spec.min, spec.max]) expect(codes(end), key).not.toContain("not-allowed");
      for (const beyond of [spec.min - spec.step, spec.max + spec.step])
        expect(codes(beyond), `${key} ${beyond}`).toContain("not-allowed");
    }
  });

  it("may touch each other where their rules say so, and not where they do not", () => {
    for (const good of [
      { targetInitial: 15, targetMin: 15 },
      { targetInitial: 22, targetMax: 22 },
      { targetMax: 30, cutOff: 32 },
    ]) {
      expect(problemsOf(good), JSON.stringify(good)).toEqual([]);
    }
    expect(problemsOf({ frostOn: 7, frostOff: 7 })).toMatchObject([
      {
        key: "frostOff",
        cause: "frostOff = 7, frostOn = 7 contradict each other",
        nextStep: "change frostOff or frostOn",
      },
    ]);
    expect(problemsOf({ targetInitial: 23, targetMax: 22 })).toMatchObject([{ code: "conflict" }]);
  });

  it("keep what was right when others contradict each other", () => {
    const { settings } = parseSettings({ cutOff: 31, displayUnit: "F" });
    expect(settings).toEqual({ ...defaultSettings, displayUnit: "F" });
  });

  it("never throw, and what comes out always passes", () => {
    const numbers = fc.oneof(fc.integer({ min: -5, max: 60 }), fc.double(), fc.anything());
    const near = fc.dictionary(fc.constantFrom(...settingKeys, "typo"), numbers);
    const trap = fc.constant(
      new Proxy(
        {},
        {
          ownKeys() {
            throw new Error("trap");
          },
        },
      ),
    );
    fc.assert(
      fc.property(fc.oneof(near, fc.anything(), trap), (value) => {
        expect(parseSettings(parseSettings(value).settings).problems).toEqual([]);
      }),
    );
  });

  it("are documented, each with a sentence, and the default lies in the range", () => {
    for (const key of settingKeys) {
      const spec = settingSpec(key);
      expect(spec.doc, key).toMatch(/^[A-Z].*\.$/);
      expect(allowedText(spec).length, key).toBeGreaterThan(0);
    }
  });

  it("say which of them take effect at the next start alone", () => {
    expect(settingKeys.filter((key) => settingSpec(key).restart)).toEqual([
      "board",
      "gpioBackend",
      "timeZone",
      "sensorPeriodSeconds",
      "relayLife",
      "display",
      "page",
      "logLevel",
    ]);
  });

  it("have a JSON schema with every key", () => {
    const schema = settingsJsonSchema();
    const properties = schema["properties"] as Record<string, unknown>;
    expect(Object.keys(properties)).toEqual(["$schema", ...Object.keys(settingsTable)]);
    expect(schema["additionalProperties"]).toBe(false);
    expect(properties["$schema"]).toEqual({ type: "string" });
    expect(properties["minimumOnSeconds"]).toMatchObject({ type: "integer", minimum: 10, default: 60 });
    for (const key of settingKeys) {
      const spec = settingSpec(key);
      const unit = spec.kind === "number" ? ` Unit: ${spec.unit}.` : "";
      const description = `${spec.doc}${unit}${spec.restart ? " Takes effect at the next start." : ""}`;
      expect(properties[key], key).toMatchObject({ description, default: spec.default });
    }
    expect(properties["targetStep"]).toMatchObject({ type: "number", maximum: 1 });
    expect(properties["law"]).toMatchObject({ enum: ["proportional", "hysteresis"] });
    expect(properties["board"]).toMatchObject({ type: "string", pattern: "^[a-z0-9][a-z0-9-]{0,62}$" });
    expect(properties["display"]).toMatchObject({ enum: expect.arrayContaining(["auto", "none"]) });
    expect(properties["frostInManual"]).toMatchObject({ type: "boolean", default: false });
  });
});
