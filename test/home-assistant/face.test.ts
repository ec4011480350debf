/** The face of Home Assistant on a running device: what it publishes, what it carries out, what it ignores. */
import { describe, expect, it } from "vitest";
import { millis, minutes, seconds } from "../../src/base/units.ts";
import { faceRig, topics } from "./rig.ts";

const monday = { schedule: { monday: "06:00 20, 22:00 16" } };

describe("what it publishes", () => {
  it("says what the device is, how it is, and then that it is there", async () => {
    const { broker, device, face } = await faceRig();
    expect(broker.published.slice(0, 3).map(({ topic }) => topic)).toEqual([
      topics.discovery,
      topics.state,
      topics.availability,
    ]);
    expect(broker.retained.get(topics.availability)).toBe("online");
    expect(face.state).toBe("online");
    expect(device.activeFaults).toEqual([]);
  });

  it("shows a press at the panel within 0.15 s, with its parts in one message", async () => {
    const { broker, hat, clock, state } = await faceRig();
    expect(state()).toMatchObject({ mode: "heat", action: "heating", target: 19, heating: true });
    hat.press("b");
    await clock.advance(millis(50));
    hat.release("b");
    await clock.advance(millis(150));
    expect(state()).toMatchObject({ target: 19.5 });
    hat.press("mode");
    await clock.advance(millis(50));
    hat.release("mode");
    await clock.advance(seconds(1));
    expect(state()).toMatchObject({ mode: "off", properties: { controlMode: "manual" } });
    expect(broker.retained.get(topics.state)).toBe(broker.published.at(-1)?.text);
  });

  it("publishes noise of the measurement every ten seconds at most, and at least once a minute", async () => {
    const { broker, clock } = await faceRig();
    const from = broker.published.length;
    await clock.advance(minutes(10));
    const states = broker.published.slice(from).filter(({ topic }) => topic === topics.state);
    expect(states.length).toBeLessThan(75);
    const gaps = states.slice(1).map(({ atMs }, at) => atMs - (states[at]?.atMs ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(62_000);
  });

  it("has no reading when the sensor is lost, and says so at once", async () => {
    const { hat, clock, state } = await faceRig();
    hat.fault("nack");
    await clock.advance(seconds(75));
    expect(state()).toMatchObject({
      temperature: null,
      humidity: null,
      fault: true,
      faults: { codes: ["sensor-stale"] },
      action: "idle",
    });
  });

  it("offers the mode auto once there is a schedule, and announces that", async () => {
    const { device, clock, discovery } = await faceRig();
    expect(discovery().components["thermostat"]).toMatchObject({ modes: ["off", "heat"] });
    const { schedule } = monday;
    device.request({ kind: "set", name: "schedule", value: schedule, source: "local" });
    await clock.advance(seconds(1));
    expect(discovery().components["thermostat"]).toMatchObject({ modes: ["off", "heat", "auto"] });
  });

  it("announces all of it again when Home Assistant has started", async () => {
    const { broker, clock } = await faceRig();
    const from = broker.published.length;
    broker.say(topics.homeAssistant, "online");
    await clock.advance(seconds(2));
    expect(broker.published.slice(from, from + 3).map(({ topic }) => topic)).toEqual([
      topics.discovery,
      topics.state,
      topics.availability,
    ]);
  });

  it("says itself that it is gone when it ends, and leaves that to the broker when it is cut off", async () => {
    const { broker, clock, face } = await faceRig();
    broker.cut();
    expect(broker.retained.get(topics.availability)).toBe("offline");
    await clock.advance(minutes(1));
    expect(broker.retained.get(topics.availability)).toBe("online");
    await clock.run(face.close());
    expect(broker.retained.get(topics.availability)).toBe("offline");
    expect(broker.isConnected).toBe(false);
  });
});

describe("what it carries out", () => {
  it.each([
    ["target", "21.5", { target: 21.5 }],
    ["mode", "off", { mode: "off", properties: { controlMode: "manual", heaterSwitch: false } }],
    ["preset", "comfort", { preset: "comfort", target: 20 }],
    ["preset", "eco", { preset: "eco", target: 17 }],
    ["preset", "away", { preset: "away", target: 12 }],
    ["preset", "boost", { preset: "boost", target: 22 }],
    ["sensorOffset", "-0.5", { properties: { sensorOffset: -0.5 } }],
    ["telemetryInterval", "30", { properties: { telemetryInterval: 30 } }],
    ["setPointHold", "permanent", { properties: { setPointHold: "permanent" } }],
    ["heaterSwitch", "ON", { properties: { heaterSwitch: true } }],
    ["controlMode", "manual", { mode: "off", properties: { controlMode: "manual" } }],
  ])("%s %s is in the state within 100 ms", async (name, text, expected) => {
    const { broker, clock, state } = await faceRig();
    broker.say(topics.set(name), text);
    await clock.advance(millis(100));
    expect(state()).toMatchObject(expected);
  });

  it("is a source of its own, beside panel and cloud", async () => {
    const { broker, clock, device, hub } = await faceRig();
    broker.say(topics.set("target"), "23");
    await clock.advance(seconds(1));
    expect(device.inForce.changes.targetTemperature).toMatchObject({ source: "home-assistant", from: 19 });
    expect(hub.record.reported.properties["targetTemperature"]).toMatchObject({ value: 23, ac: 203 });
  });

  it("presses the buttons of the table", async () => {
    const { broker, clock, device, acts } = await faceRig();
    const seen = new Set<boolean>();
    broker.say(topics.set("restart"), "PRESS");
    broker.say(topics.set("checkForUpdate"), "PRESS");
    broker.say(topics.set("identify"), "PRESS");
    await clock.advance(seconds(1));
    // Without a source of updates there is nothing to check.
    expect(acts).toEqual(["restart"]);
    device.watch(({ commands }) => seen.add(commands.statusLed));
    await clock.advance(seconds(2));
    // Without a fault it blinks only to be found.
    expect(device.activeFaults).toEqual([]);
    expect(seen.size).toBe(2);
  });

  it("heat holds the set-point against the schedule, auto follows it again", async () => {
    const { broker, clock, device, state } = await faceRig();
    const { schedule } = monday;
    device.request({ kind: "set", name: "schedule", value: schedule, source: "local" });
    await clock.advance(seconds(1));
    expect(state()).toMatchObject({ mode: "auto" });
    broker.say(topics.set("mode"), "heat");
    await clock.advance(millis(100));
    expect(state()).toMatchObject({ mode: "heat", properties: { setPointHold: "permanent" } });
    broker.say(topics.set("mode"), "off");
    await clock.advance(millis(100));
    expect(state()).toMatchObject({ mode: "off" });
    broker.say(topics.set("mode"), "auto");
    await clock.advance(millis(100));
    expect(state()).toMatchObject({ mode: "auto", properties: { setPointHold: "next-point" } });
  });
});
