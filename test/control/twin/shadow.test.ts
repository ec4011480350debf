/** The shadow as it comes back from a disk: whole, or not at all. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wallMillis } from "../../../src/base/units.ts";
import { emptyShadow, parseShadow, type TwinShadow } from "../../../src/control/twin/shadow.ts";

const over = { value: 20.5, source: "device", wallMs: wallMillis(1500.5) } as const;
const whole: TwinShadow = {
  version: 9,
  properties: {
    targetTemperature: { seen: "25", ruling: { kind: "applied", version: 9, over } },
    controlMode: { ruling: { kind: "reset", version: 8 } },
    heaterSwitch: {
      seen: '"x"',
      ruling: { kind: "refused", version: 9, why: "must be true or false", serial: 4 },
    },
    telemetryInterval: {
      seen: "30",
      ruling: { kind: "overruled", version: 7, over: { value: 30, source: "cloud" }, serial: 5 },
    },
    schedule: { seen: '{monday:"06:30 20"}', ruling: { kind: "applied", version: 6 } },
    sensorOffset: { ruling: { kind: "reset", version: 9, over: { value: true, source: "default" } } },
  },
  changedInPart: ["schedule"],
  unknownProperties: { seen: "#80.1.2", version: 9, names: ["colour"] },
};

/** `whole` with the value at `path` made another. */
function broken(path: string, value: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(whole)) as Record<string, unknown>;
  const steps = path.split(".");
  const last = steps.pop() ?? "";
  let place = copy;
  for (const step of steps) place = place[step] as Record<string, unknown>;
  place[last] = value;
  return copy;
}

describe("a stored shadow", () => {
  it("comes back as it was", () => {
    expect(parseShadow(JSON.parse(JSON.stringify(whole)))).toEqual(whole);
    expect(parseShadow(emptyShadow)).toEqual(emptyShadow);
  });

  it("keeps versions as high as JSON can count, and texts as long as they are made", () => {
    const highest = Number.MAX_SAFE_INTEGER;
    expect(parseShadow(broken("version", highest)).version).toBe(highest);
    expect(
      parseShadow(broken("unknownProperties.seen", "x".repeat(200))).unknownProperties.seen,
    ).toHaveLength(200);
  });

  const ruling = "properties.targetTemperature.ruling";
  it.each([
    ["version", -1],
    ["version", 1.5],
    ["version", "9"],
    ["version", 2 ** 53],
    ["changedInPart", {}],
    ["properties", null],
    ["properties", []],
    ["properties", "x"],
    ["properties.controlMode", 1],
    ["properties.controlMode.seen", 1],
    ["properties.controlMode.seen", "x".repeat(201)],
    ["properties.controlMode.ruling", null],
    ["properties.controlMode.ruling.kind", "won"],
    ["properties.controlMode.ruling.version", null],
    ["properties.heaterSwitch.ruling.why", undefined],
    ["properties.heaterSwitch.ruling.serial", undefined],
    ["properties.telemetryInterval.ruling.over", undefined],
    ["properties.telemetryInterval.ruling.serial", -1],
    [`${ruling}.over`, null],
    [`${ruling}.over.value`, null],
    [`${ruling}.over.value`, "x".repeat(201)],
    [`${ruling}.over.source`, "An operator"],
    [`${ruling}.over.wallMs`, "today"],
    [`${ruling}.over.wallMs`, 8.64e15 + 2],
    [`${ruling}.over.wallMs`, -8.64e15 - 2],
    ["unknownProperties", null],
    ["unknownProperties.names", "colour"],
    ["unknownProperties.names", [1]],
    ["unknownProperties.names", Array.from({ length: 9 }, () => "a")],
    ["unknownProperties.seen", 1],
    ["unknownProperties.version", null],
  ])("is none when %s is %j", (path, value) => {
    expect(parseShadow(broken(path, value))).toBe(emptyShadow);
  });

  it("leaves out properties that this firmware does not have, and names that it would not answer", () => {
    const { targetTemperature } = whole.properties;
    const more = broken("properties", { targetTemperature, colour: 5, constructor: null });
    expect(parseShadow(more).properties).toEqual({ targetTemperature });
    const named = broken("unknownProperties.names", [
      "ok_1",
      "1st",
      "a.b",
      "$x",
      "",
      "a".repeat(65),
      "a".repeat(64),
    ]);
    expect(parseShadow(named).unknownProperties.names).toEqual(["ok_1", "a".repeat(64)]);
    const most = Array.from({ length: 8 }, (_, n) => `name${n}`);
    expect(parseShadow(broken("unknownProperties.names", most)).unknownProperties.names).toEqual(most);
  });

  it("never makes an error of what is none", () => {
    const trap = new Proxy(
      {},
      {
        get: () => {
          throw new Error("trap");
        },
      },
    );
    expect(parseShadow(trap)).toBe(emptyShadow);
    fc.assert(fc.property(fc.anything(), (value) => void parseShadow(value)));
  });
});
