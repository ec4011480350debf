import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { celsius, kelvin } from "../../../src/base/units.ts";
import type { Change, SetRequest } from "../../../src/control/input.ts";
import { toDurable } from "../../../src/control/to-durable.ts";
import { emptyShadow } from "../../../src/control/twin/shadow.ts";
import { lastChange, startLink, takeDocument } from "../../../src/control/twin/twin.ts";
import {
  type ControlValue,
  eachWritable,
  type WritableName,
  writableNames,
  writableSpec,
} from "../../../src/model/properties.ts";
import type { SettingKey } from "../../../src/model/settings.ts";

import { Session } from "./session.ts";

/** What a device and a cloud may each make of it: both fit, and they differ. */
function otherValue(name: WritableName, by: 1 | 2): ControlValue {
  const { schema, default: initial } = writableSpec(name);
  if (typeof initial === "number") return initial + by;
  if (typeof initial === "boolean") return by === 2 ? !initial : initial;
  return (schema.kind === "choice" ? schema.choices[by - 1] : initial) as ControlValue;
}

const settingOf = (name: WritableName) =>
  `conflict${name.charAt(0).toUpperCase()}${name.slice(1)}` as SettingKey;

describe("the device twin", () => {
  it("RR-1 drops a patch that it has seen and gets the twin again after a gap", () => {
    const session = new Session();
    session.connect(4, { targetTemperature: 20 });
    expect(session.patch(4, { targetTemperature: 25 })).toMatchObject({ requests: [], getAgain: false });
    expect(session.patch(6, { targetTemperature: 25 })).toMatchObject({ requests: [], getAgain: true });
    expect(session.picture.values.targetTemperature).toBe(20);
    expect(session.get(6, { targetTemperature: 26 }).getAgain).toBe(false);
    expect(session.picture.values.targetTemperature).toBe(26);
  });

  it("RR-1 believes a document that is older only when the next one is so too: the twin was created again", () => {
    const session = new Session();
    session.connect(9, { targetTemperature: 22, telemetryInterval: 30 });
    expect(session.get(2, { targetTemperature: 18 })).toMatchObject({ requests: [], getAgain: true });
    expect(session.picture.values.targetTemperature).toBe(22);
    session.get(2, { targetTemperature: 18 });
    expect(session.picture.values).toMatchObject({ targetTemperature: 18, telemetryInterval: 30 });
    expect(session.told("telemetryInterval")).toMatchObject({ value: 30, ac: 203, av: 0 });
  });

  it("RR-1 believes no document that is older because a patch has overtaken it, however often in a row", () => {
    const session = new Session();
    session.connect(4, { targetTemperature: 20 });
    session.patch(5, { targetTemperature: 21 });
    expect(session.get(4, { targetTemperature: 20 })).toMatchObject({ requests: [], getAgain: true });
    session.patch(6, { targetTemperature: 22 });
    expect(session.get(5, { targetTemperature: 21 })).toMatchObject({ requests: [], getAgain: true });
    expect(session.picture.values.targetTemperature).toBe(22);
    expect(session.picture.shadow.version).toBe(6);
    expect(session.get(6, { targetTemperature: 22 })).toMatchObject({ requests: [], getAgain: false });
  });

  it("RR-2 follows the cloud where it alone has changed, and says so", () => {
    const session = new Session();
    const { decisions } = session.connect(5, { targetTemperature: 21.5, controlMode: "manual" });
    expect(session.told("targetTemperature")).toEqual({
      value: 21.5,
      ac: 200,
      av: 5,
      ad: "set by the cloud",
    });
    expect(session.told("controlMode")).toMatchObject({ value: "manual", ac: 200, av: 5 });
    expect(decisions.map(({ rule, property }) => `${rule} ${property}`)).toEqual([
      "RR-2 targetTemperature",
      "RR-2 controlMode",
    ]);
  });

  it("RR-2 says when it can follow only nearly", () => {
    const session = new Session();
    session.connect(5, { targetTemperature: 21.123 });
    expect(session.told("targetTemperature")).toMatchObject({
      value: 21.12,
      ac: 200,
      ad: "the nearest supported value; set by the cloud",
    });
  });

  it("RR-3 keeps what the device alone has changed, and tells by whom and when", () => {
    const session = new Session();
    session.connect(5, { targetTemperature: 21 });
    session.link = startLink;
    session.press("b");
    const { decisions } = session.connect(5, { targetTemperature: 21 });
    expect(decisions).toMatchObject([
      { rule: "RR-3", property: "targetTemperature", winner: { source: "device", value: 21.5 } },
    ]);
    const { ad, ...told } = session.told("targetTemperature") ?? {};
    expect(told).toEqual({ value: 21.5, ac: 203, av: 0 });
    expect(ad).toMatch(/^set at the device at 2023-11-14T22:13:2\d\.\d{3}Z$/);
  });

  it.each([
    ["cloud-wins", 25, { value: 25, ac: 200, av: 6 }],
    ["device-wins", 21.5, { value: 21.5, ac: 203, av: 6 }],
  ] as const)("RR-4 both changed: %s", (policy, value, told) => {
    const session = new Session({ conflictTargetTemperature: policy });
    session.connect(5, { targetTemperature: 21 });
    session.press("b");
    const { decisions } = session.connect(6, { targetTemperature: 25 });
    const [cloud, device] = [
      { source: "cloud", value: 25 },
      { source: "device", value: 21.5 },
    ];
    const [winner, superseded] = policy === "cloud-wins" ? [cloud, device] : [device, cloud];
    expect(decisions).toMatchObject([{ rule: "RR-4", property: "targetTemperature", winner, superseded }]);
    expect(session.picture.values.targetTemperature).toBe(value);
    expect(session.told("targetTemperature")).toMatchObject(told);
  });

  it("RR-4 names each value that lost, by whom and when, over a power cut and until the next change", () => {
    const session = new Session({ conflictControlMode: "device-wins" });
    session.connect(5, { targetTemperature: 21, sensorOffset: 1 });
    session.press("b");
    session.device.request({ kind: "set", name: "controlMode", value: "manual", source: "device" });
    session.device.request({ kind: "set", name: "sensorOffset", value: kelvin(0.5), source: "device" });
    const { targetTemperature, controlMode, sensorOffset } = session.device.state.panel.changes;
    const madeAt = ({ wallMs }: Change) => `set at the device at ${new Date(wallMs).toISOString()}`;
    const desired = { targetTemperature: 25, controlMode: "auto" };
    session.connect(6, desired);
    const expected = {
      targetTemperature: {
        value: 25,
        ac: 200,
        ad: `won over 21.5, ${madeAt(targetTemperature)}; set by the cloud`,
      },
      controlMode: {
        value: "manual",
        ac: 203,
        ad: `won over auto, set by the cloud; ${madeAt(controlMode)}`,
      },
      sensorOffset: { value: 0, ac: 200, ad: `won over 0.5, ${madeAt(sensorOffset)}; default` },
    };
    expect(session.reported).toMatchObject(expected);
    session.device.restart(60);
    session.reported = {};
    session.connect(6, desired);
    expect(session.reported).toMatchObject(expected);
    session.patch(7, { targetTemperature: 24 });
    expect(session.told("targetTemperature")).toMatchObject({ ad: "set by the cloud" });
    expect(session.reported).toMatchObject({ controlMode: expected.controlMode });
  });

  it.each(writableNames)("RR-4 asks the setting of %s and no other", (name) => {
    const changed = eachWritable((each) => otherValue(each, 2));
    const session = new Session({ [settingOf(name)]: "device-wins" });
    session.connect(5, {});
    session.device.step({
      requests: writableNames.map(
        (each) => ({ kind: "set", name: each, value: otherValue(each, 1), source: "device" }) as SetRequest,
      ),
    });
    const own = { ...session.picture.values };
    session.connect(6, changed);
    expect(session.picture.values).toEqual({ ...changed, [name]: own[name] });
  });

  it("RR-3 and RR-4 take what a source of another name has set as the device's own, and name it", () => {
    const session = new Session();
    session.connect(5, { targetTemperature: 21 });
    session.device.request({ kind: "set", name: "targetTemperature", value: 22, source: "home-assistant" });
    session.connect(5, { targetTemperature: 21 });
    const made = `set by home-assistant at ${new Date(session.picture.changes.targetTemperature.wallMs).toISOString()}`;
    expect(session.told("targetTemperature")).toEqual({ value: 22, ac: 203, av: 0, ad: made });
    expect(lastChange(session.picture)).toMatchObject({ source: "device", from: "21", to: "22" });
    session.device.restart(5);
    expect(session.picture.changes.targetTemperature.source).toBe("home-assistant");
    session.device.request({ kind: "set", name: "targetTemperature", value: 23, source: "home-assistant" });
    const { decisions } = session.connect(6, { targetTemperature: 25 });
    expect(decisions).toMatchObject([{ rule: "RR-4", superseded: { source: "home-assistant", value: 23 } }]);
  });

  it("RR-4 lets a press that the cloud had heard of lose to a later word of the cloud", () => {
    const session = new Session({ conflictTargetTemperature: "device-wins" });
    session.connect(5, { targetTemperature: 21 });
    session.press("b");
    session.tell();
    session.connect(6, { targetTemperature: 25 });
    expect(session.picture.values.targetTemperature).toBe(25);
  });

  it("RR-5 takes the same value said again for a change where the device had made one", () => {
    const session = new Session();
    session.connect(5, { targetTemperature: 21, telemetryInterval: 30 });
    session.press("b");
    session.tell();
    expect(session.connect(6, { targetTemperature: 21, telemetryInterval: 30 }).decisions).toMatchObject([
      { rule: "RR-5", property: "targetTemperature", superseded: { value: 21.5 } },
    ]);
    expect(session.told("targetTemperature")).toMatchObject({ value: 21, ac: 200, av: 6 });
    expect(session.told("telemetryInterval")).toMatchObject({ value: 30, ac: 200, av: 6 });
  });

  it("RR-5 lets the device keep its own under device-wins: that the cloud said the same again is a guess", () => {
    const session = new Session({ conflictTargetTemperature: "device-wins" });
    session.connect(5, { targetTemperature: 21 });
    session.press("b");
    session.tell();
    expect(session.connect(6, { targetTemperature: 21 }).decisions).toMatchObject([
      { rule: "RR-5", winner: { source: "device", value: 21.5 }, superseded: { source: "cloud", value: 21 } },
    ]);
    expect(session.told("targetTemperature")).toMatchObject({ value: 21.5, ac: 203, av: 6 });
    expect(session.told("targetTemperature")?.["ad"]).toMatch(
      /^won over 21, set by the cloud; set at the dev/,
    );
    expect(session.connect(6, { targetTemperature: 21 }).decisions).toEqual([]);
  });

  it("RR-5 leaves a press alone when the version moved for another value", () => {
    const session = new Session();
    session.connect(5, { targetTemperature: 21, telemetryInterval: 30 });
    session.press("b");
    session.connect(6, { targetTemperature: 21, telemetryInterval: 40 });
    expect(session.told("targetTemperature")).toMatchObject({ value: 21.5, ac: 203, av: 0 });
    expect(session.told("telemetryInterval")).toMatchObject({ value: 40, ac: 200, av: 6 });
  });

  it("RR-6 refuses what does not fit with the value in force and why, and follows the rest", () => {
    const session = new Session();
    session.connect(1, {});
    const patch = { targetTemperature: 99, controlMode: 7, heaterSwitch: "x".repeat(9999), sensorOffset: 1 };
    const { decisions } = session.patch(2, patch);
    expect(session.told("targetTemperature")).toEqual({
      value: 19,
      ac: 400,
      av: 2,
      ad: "must be 5 to 30 °C, not 99; in force: default",
    });
    expect(session.told("controlMode")).toMatchObject({ value: "auto", ac: 400, av: 2 });
    expect(JSON.stringify(session.reported)).not.toContain("xx");
    expect(session.told("sensorOffset")).toMatchObject({ value: 1, ac: 200, av: 2 });
    expect(decisions.filter(({ rule }) => rule === "RR-6")).toHaveLength(3);
  });

  it("RR-6 judges a refused value again when the settings have made room for it", () => {
    const session = new Session();
    session.connect(1, { targetTemperature: 31 });
    const roomier = new Session({ targetMax: celsius(32) });
    roomier.device.restart(1, JSON.parse(JSON.stringify(stored(session))));
    roomier.connect(1, { targetTemperature: 31 });
    expect(roomier.told("targetTemperature")).toMatchObject({ value: 31, ac: 200, av: 1 });
  });

  it("RR-6 answers strangers without repeating what they say, a few by name, and forgets them with the cloud", () => {
    const session = new Session();
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`other${n}`, { evil: "payload" }]));
    const document = { ...many, faults: "none", "no-name": 1, ["__proto__"]: { polluted: true } };
    session.connect(3, JSON.parse(JSON.stringify(document)));
    const strangers = Object.keys(session.reported).filter((name) => name.startsWith("other"));
    expect(strangers).toHaveLength(8);
    expect(session.told("other0")).toEqual({
      ac: 400,
      av: 3,
      ad: "this device has no such writable property",
    });
    expect(JSON.stringify(session.reported)).not.toMatch(/payload|no-name|faults/);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    session.connect(4, {});
    expect(Object.keys(session.reported).filter((name) => name.startsWith("other"))).toEqual([]);
  });

  it("RR-7 goes back to the default when the cloud takes its value back, in a patch and in a document", () => {
    const session = new Session();
    session.connect(1, { targetTemperature: 25, telemetryInterval: 5 });
    session.patch(2, { targetTemperature: null });
    expect(session.told("targetTemperature")).toEqual({ value: 19, ac: 200, av: 2, ad: "default" });
    session.connect(3, {});
    expect(session.told("telemetryInterval")).toEqual({ value: 60, ac: 200, av: 3, ad: "default" });
  });

  it("RR-7 takes any JSON without an error, and stays within its limits", () => {
    const json = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom("targetTemperature", "sensorOffset", "$version", "constructor", "x"),
        fc.jsonValue(),
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(json, json, fc.integer()), { maxLength: 4 }), (messages) => {
        const session = new Session();
        for (const [desired, patch, version] of messages) {
          session.link = takeDocument(session.link, session.picture, desired).link;
          session.connect(version, Object(desired));
          session.patch(version + 1, patch);
        }
        const { targetTemperature, sensorOffset } = session.picture.values;
        expect(targetTemperature >= 5 && targetTemperature <= 30 && Math.abs(sensorOffset) <= 2.5).toBe(true);
        expect(JSON.stringify(session.picture.shadow).length).toBeLessThan(5000);
        expect(JSON.stringify(session.reported).length).toBeLessThan(5000);
      }),
    );
  });

  it("RR-7 survives depth, length and breadth", () => {
    const deep = JSON.parse(`${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`) as object;
    const wide = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`k${n}`, n]));
    const session = new Session();
    const version = () => session.picture.shadow.version + 1;
    for (const value of [
      deep,
      wide,
      [[[[]]]],
      "y".repeat(1_000_000),
      JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`),
    ]) {
      session.connect(version(), { targetTemperature: value, other: value, sensorOffset: 1 });
      session.patch(version(), { targetTemperature: value, other: value });
      session.get(session.picture.shadow.version, {
        targetTemperature: value,
        other: value,
        sensorOffset: 1,
      });
      expect(session.told("targetTemperature")).toMatchObject({ value: 19, ac: 400 });
    }
    expect(JSON.stringify(session.reported).length).toBeLessThan(5000);
  });

  it("RR-8 says nothing that the hub holds already, whatever comes twice", () => {
    const session = new Session();
    const desired = { targetTemperature: 21, controlMode: 5, other: 1 };
    session.connect(3, desired);
    const before = JSON.stringify(session.reported);
    const again = session.connect(3, desired);
    expect(again).toMatchObject({ requests: [], decisions: [], getAgain: false });
    expect(session.tell()).toBeUndefined();
    expect(JSON.stringify(session.reported)).toBe(before);
  });

  it("RR-9 remembers over a power cut that an old desired value was answered by a press", () => {
    const session = new Session();
    session.connect(5, { targetTemperature: 25 });
    session.press("a");
    session.device.restart(60);
    session.connect(5, { targetTemperature: 25 });
    expect(session.picture.values.targetTemperature).toBe(24.5);
    expect(session.told("targetTemperature")).toMatchObject({ value: 24.5, ac: 203, av: 0 });
  });

  it("takes the cloud's values when its own state was lost", () => {
    const session = new Session();
    session.connect(5, { targetTemperature: 25 });
    session.device.restart(60, "unreadable");
    expect(session.picture.shadow).toEqual(emptyShadow);
    session.connect(5, { targetTemperature: 25 });
    expect(session.told("targetTemperature")).toMatchObject({ value: 25, ac: 200, av: 5 });
  });
});

const stored = (session: Session): unknown => ({
  schema: 1,
  target: 19,
  mode: "auto",
  heaterSwitch: false,
  changes: toDurable(session.device.state).changes,
  counters: { relayCycles: 0, heaterSeconds: 0 },
  latched: [],
  twin: session.picture.shadow,
});
