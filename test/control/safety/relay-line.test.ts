import { describe, expect, it } from "vitest";
import {
  type RelayLineState,
  relayLineDeadline,
  startRelayLine,
  stepRelayLine,
} from "../../../src/control/safety/relay-line.ts";
import { millis } from "../../../src/control/units.ts";
import { Device, heating } from "../device.ts";

describe("SR-07: the relay's line", () => {
  it.each([false, undefined])("reads %s while ON for 2 s: OFF, and the fault is shown", (level) => {
    const device = heating();
    device.wait(5);
    device.line = () => level;
    device.wait(2);
    expect(device.faults).toEqual([]);
    device.wait(0.5);
    expect(device.heater).toBe(false);
    expect(device.screen.fault).toBe("relay-mismatch");
  });

  it("may differ for a moment", () => {
    const device = heating();
    device.line = (on) => !on;
    device.wait(1.5);
    device.line = (on) => on;
    device.run(60);
    expect(device.faults).toEqual([]);
    expect(device.heater).toBe(true);
  });

  it("is seen when it stays on while OFF is commanded", () => {
    const device = new Device();
    device.read(25);
    device.line = () => true;
    device.wait(3);
    expect(device.faults).toEqual(["relay-mismatch"]);
  });

  it("is trusted again after ten minutes of following", () => {
    const device = heating();
    device.line = () => false;
    device.wait(3);
    device.line = (on) => on;
    device.run(598);
    expect(device.faults).toEqual(["relay-mismatch"]);
    device.run(10);
    expect(device.faults).toEqual([]);
    expect(device.heater).toBe(true);
  });

  it("wakes the loop when the two seconds are over", () => {
    const device = heating();
    device.line = () => false;
    device.now += 500;
    device.step();
    device.now += 1500;
    device.step();
    expect(device.wakeAt).toBe(device.now + 500);
  });

  it("is trusted again to the moment, counted from when it began to follow, and wakes the loop for it", () => {
    const off = (seconds: number, line: boolean | undefined, state: RelayLineState) =>
      stepRelayLine(state, line, false, millis(seconds * 1000));
    let state = startRelayLine(millis(0));
    for (const seconds of [0, 1, 2, 50]) state = off(seconds, true, state);
    expect(state).toMatchObject({ mismatch: true, differsSince: 0 });
    expect(relayLineDeadline(state)).toBeUndefined();
    state = off(100, false, state);
    expect(relayLineDeadline(state)).toBe(700_000);
    state = off(699.999, false, state);
    expect(state).toMatchObject({ mismatch: true, agreesSince: 100_000 });
    state = off(700, false, state);
    expect(state).toMatchObject({ mismatch: false, differsSince: undefined, agreesSince: 100_000 });
    expect(relayLineDeadline(state)).toBeUndefined();
  });
});
