/** SR-13: a broken wire is never a command towards heat. */
import { describe, expect, it } from "vitest";
import { celsius } from "../../../src/base/units.ts";
import type { ButtonName } from "../../../src/control/input.ts";
import { toDurable } from "../../../src/control/to-durable.ts";
import { Device } from "../device.ts";

/** In a room at 19 °C, the set-point at 19 °C: nothing to heat. */
function content(settings: ConstructorParameters<typeof Device>[0] = {}): Device {
  const device = new Device({ law: "hysteresis", ...settings });
  device.read(20);
  device.run(10);
  expect(device.heater).toBe(false);
  return device;
}

/** The line goes to its active level and stays there. Heat within the time is noted. */
function broken(device: Device, buttons: readonly ButtonName[], seconds: number): boolean {
  for (const button of buttons) device.edge(button, true);
  let heated = false;
  for (let left = seconds; left > 0; left -= 2) {
    device.run(2);
    heated ||= device.heater;
  }
  return heated;
}

describe("SR-13: a button's line that does not come back", () => {
  it.each([
    ["auto", false],
    ["auto", true],
    ["manual", false],
    ["manual", true],
  ] as const)("mode in %s, switch %s: nothing changes, ever", (mode, on) => {
    const device = content({ modeInitial: mode });
    device.request({ kind: "set", name: "heaterSwitch", value: on, source: "cloud" });
    device.run(300);
    const before = device.state.panel;
    const heats = device.heater;
    expect(broken(device, ["mode"], 3600)).toBe(heats);
    device.edge("mode", false);
    device.run(10);
    expect(device.state.panel).toEqual(before);
    expect(device.heater).toBe(heats);
  });

  it("B: heats at no time, and the set-point is undone after a minute, with a word why", () => {
    const device = content();
    const { changes } = device.state.panel;
    expect(broken(device, ["b"], 58)).toBe(false);
    expect(device.screen.target).toBe(30);
    const { revision } = device.state;
    expect(broken(device, [], 600)).toBe(false);
    expect(device.screen).toMatchObject({ target: 19, fault: "buttons-failed" });
    expect(device.events).toContainEqual({
      kind: "changed",
      name: "targetTemperature",
      from: 30,
      to: 19,
      source: "device",
      because: "stuck-button",
      button: "b",
    });
    // Who made it what it was has made it so again; a new serial, so that the twin hears of it.
    const { serial, ...same } = changes.targetTemperature;
    expect(device.state.panel.changes.targetTemperature).toMatchObject(same);
    expect(device.state.panel.changes.targetTemperature.serial).toBeGreaterThan(serial);
    expect(device.state.revision).toBe(revision + 1);
    expect(toDurable(device.state).target).toBe(19);
    device.edge("b", false);
    device.run(10);
    expect(device.screen.target).toBe(19);
    device.press("b");
    expect(device.screen.target).toBe(19.5);
  });

  it("A: the house does not stay cold either", () => {
    const device = content();
    device.target(21);
    device.run(300);
    broken(device, ["a"], 70);
    expect(device.screen.target).toBe(21);
    expect(device.state.panel.changes.targetTemperature).toMatchObject({ source: "cloud" });
  });

  it("A and B together clear no fault", () => {
    const device = content();
    device.target(25);
    device.run(20);
    device.read(36);
    device.run(10);
    expect(device.faults).toEqual(["over-temperature"]);
    device.temperature = 30;
    device.run(120);
    broken(device, ["a", "b"], 120);
    expect(device.faults).toEqual(["over-temperature", "buttons-failed"]);
    expect(device.screen.target).toBe(25);
  });

  it("a boost that it ended goes on, for what is left of it", () => {
    const device = content();
    device.request({ kind: "boost", minutes: 30, source: "cloud" });
    const { boost } = device.state.panel;
    expect(boost).toBeDefined();
    broken(device, ["a"], 50);
    expect(device.state.panel.boost).toBeUndefined();
    broken(device, [], 20);
    expect(device.state.panel.boost).toEqual(boost);
    expect(device.screen.target).toBe(22);
    const ended = content();
    ended.request({ kind: "boost", minutes: 1, source: "cloud" });
    broken(ended, ["a"], 70);
    expect(ended.state.panel.boost).toBeUndefined();
  });

  it("what somebody else sets meanwhile stays, and is heated for at once", () => {
    const device = content();
    broken(device, ["b"], 10);
    device.target(24);
    expect(device.heater).toBe(true);
    broken(device, [], 60);
    expect(device.screen.target).toBe(24);
    expect(device.state.panel.changes.targetTemperature.source).toBe("cloud");
  });
});

describe("a button that is held and let go", () => {
  it("acts on the heat on release, and keeps what it did", () => {
    const device = content();
    device.edge("b", true);
    device.wait(3);
    expect(device.screen.target).toBeGreaterThan(22);
    device.read(20);
    expect(device.heater).toBe(false);
    const { target } = device.screen;
    device.edge("b", false);
    device.wait(0.1, 0.02);
    expect(device.heater).toBe(true);
    device.run(120);
    expect(device.screen.target).toBe(target);
  });

  it("lowers at once", () => {
    const device = content();
    device.target(25);
    device.run(200);
    expect(device.heater).toBe(true);
    device.edge("a", true);
    device.run(6);
    expect(device.heater).toBe(false);
  });

  it("shows on the mode LED, in manual, that letting go will switch the heater", () => {
    const device = content({ modeInitial: "manual", targetInitial: celsius(19) });
    expect(device.commands?.modeLed).toBe(false);
    device.edge("mode", true);
    device.wait(0.9);
    expect(device.commands?.modeLed).toBe(false);
    device.wait(0.2);
    expect(device.commands?.modeLed).toBe(true);
    expect(device.state.panel.values.heaterSwitch).toBe(false);
    device.edge("mode", false);
    device.wait(0.1);
    expect(device.commands?.modeLed).toBe(false);
    expect(device.state.panel.values.heaterSwitch).toBe(true);
  });
});
