/** When there is something to write: every write wears the card. */
import { describe, expect, it } from "vitest";
import { millis } from "../../src/base/units.ts";
import { stop } from "../../src/control/step.ts";
import { toDurable } from "../../src/control/to-durable.ts";
import { Device, heating } from "./device.ts";

describe("the revision, which says when to write", () => {
  it("rises with a press, in the step that shows it", () => {
    const device = new Device();
    device.read(25);
    const before = device.state.revision;
    device.press("b");
    expect(device.state.revision).toBe(before + 1);
  });

  it("rises once more for a whole hold, when the finger lifts", () => {
    const device = new Device();
    device.read(33);
    const before = device.state.revision;
    device.press("b", 3000);
    expect(device.screen.target).toBeGreaterThan(23);
    expect(device.state.revision).toBe(before + 2);
    expect(toDurable(device.state).target).toBe(device.screen.target);
  });

  it("rises with a switch of the heater and with a latched fault, not with readings", () => {
    const device = heating();
    device.run(60);
    device.target(5);
    device.run(10);
    expect(device.heater).toBe(false);
    const before = device.state.revision;
    device.run(600);
    expect(device.state.revision).toBe(before);
    device.temperature = 36;
    device.run(200);
    expect(device.faults).toEqual(["over-temperature"]);
    expect(device.state.revision).toBe(before + 1);
  });

  it("rises when the heater turns on, not as it comes and goes, and again after it was off for an hour", () => {
    // No room jumps like this: the other law would not believe it.
    const device = new Device({ law: "hysteresis" });
    device.target(25);
    device.read(15);
    expect(toDurable(device.state).lastSwitch?.on).toBe(true);
    const before = device.state.revision;
    for (let cycle = 0; cycle < 4; cycle += 1) {
      device.temperature = 26;
      device.run(400);
      expect(device.heater).toBe(false);
      device.temperature = 15;
      device.run(400);
      expect(device.heater).toBe(true);
    }
    expect(device.state.revision).toBe(before);
    device.temperature = 26;
    device.run(3700, 10);
    // Off for an hour, and the counters of that time.
    expect(device.state.revision - before).toBeLessThanOrEqual(2);
    expect(device.state.storedOn).toBe(false);
    const rested = device.state.revision;
    device.temperature = 15;
    device.run(400);
    expect([device.heater, device.state.revision, device.state.storedOn]).toEqual([true, rested + 1, true]);
  });

  it("rises at an orderly end while the stored state still says that the heater is on", () => {
    const device = new Device();
    device.target(25);
    device.read(15);
    device.temperature = 26;
    device.run(400);
    const { revision } = device.state;
    expect([device.heater, device.state.storedOn]).toEqual([false, true]);
    expect(stop(device.state, millis(device.now)).revision).toBe(revision + 1);
  });

  it("rises once an hour while only the counters move", () => {
    const device = new Device();
    device.target(30);
    device.read(15);
    const before = device.state.revision;
    device.run(3.5 * 3600, 10);
    expect(device.heater).toBe(true);
    expect(device.state.revision - before).toBe(3);
  });
});
