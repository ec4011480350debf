import { describe, expect, it } from "vitest";
import { millis } from "../../../src/base/units.ts";
import {
  type RelayLineState,
  relayLineDeadline,
  startRelayLine,
  stepRelayLine,
} from "../../../src/control/safety/relay-line.ts";
import { faultEffects } from "../../../src/model/faults.ts";
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

describe("SR-07: a line that somebody else switches", () => {
  /** Two controllers on one relay, out of step: each reads the line, decides, and asserts. */
  function fight(minutes: number) {
    const warm = new Device();
    const cool = new Device();
    let line = false;
    let closures = 0;
    for (const device of [warm, cool]) device.line = () => line;
    const look = (device: Device, now: number) => {
      device.now = now;
      device.step({ reading: device.reading() });
      if (device.heater && !line) closures++;
      line = device.heater;
    };
    warm.target(24);
    cool.target(19);
    for (let second = 1; second <= minutes * 60; second++) {
      // The warm one looks twice a second, so that each difference that it sees is gone before two seconds.
      look(warm, second * 1000);
      look(warm, second * 1000 + 300);
      look(cool, second * 1000 + 600);
    }
    return { closures, faults: [...warm.faults, ...cool.faults], heater: warm.heater || line };
  }

  it("is given up: two controllers at 24 and 19 °C in a room of 20 °C close the relay a few times in 30 min", () => {
    const { closures } = fight(30);
    console.log(`${closures} closures in 30 min`);
    expect(closures).toBeGreaterThan(0);
    expect(closures).toBeLessThanOrEqual(15);
  });

  it("shows the fault, names the reason, and stays off", () => {
    const { faults, heater, closures } = fight(5);
    expect(faults).toContain("relay-mismatch");
    expect(heater).toBe(false);
    expect(fight(9).closures).toBe(closures);
  });

  /** Another program switches the line to the other level for a moment, so often, so far apart. */
  function disturbed(device: Device, times: number, apart: number): Device {
    device.run(4);
    for (let left = times; left > 0; left--) {
      device.line = (on) => !on;
      device.wait(0.5);
      device.line = (on) => on;
      device.run(apart);
    }
    return device;
  }

  it("is OFF at the fifth time in ten minutes, and not at the fourth", () => {
    const device = disturbed(heating(), 4, 100);
    expect(device.faults).toEqual([]);
    expect(device.heater).toBe(true);
    disturbed(device, 1, 10);
    expect(device.faults).toEqual(["relay-mismatch"]);
    expect(device.heater).toBe(false);
    const { remedy } = faultEffects["relay-mismatch"];
    expect(device.events).toContainEqual({
      kind: "fault-raised",
      fault: "relay-mismatch",
      detail: `another program or device switches it repeatedly. ${remedy}`,
    });
  });

  it("is nothing to give up for when it happens now and then", () => {
    expect(disturbed(heating(), 20, 200).faults).toEqual([]);
  });

  it("is not what a line does that follows each command late", () => {
    const device = new Device({ law: "hysteresis", minimumOnSeconds: 10, minimumOffSeconds: 10 });
    device.read(18);
    let before = false;
    device.line = (on) => {
      const seen = before;
      before = on;
      return seen;
    };
    for (let count = 0; count < 30; count++) {
      device.target(count % 2 === 0 ? 25 : 10);
      device.run(14, 1);
    }
    expect(device.state.counters.relayCycles).toBeGreaterThan(10);
    expect(device.faults).toEqual([]);
  });

  it("is given up at once when it happens again within an hour of the fault's end, and not later", () => {
    const device = disturbed(heating(), 5, 10);
    device.run(620);
    expect(device.faults).toEqual([]);
    expect(device.heater).toBe(true);
    disturbed(device, 1, 10);
    expect(device.faults).toEqual(["relay-mismatch"]);
    device.run(620 + 3600);
    disturbed(device, 1, 10);
    expect(device.faults).toEqual([]);
  });

  it("ends when a person clears it while the line follows, not while it differs", () => {
    const device = disturbed(heating(), 5, 10);
    device.line = (on) => !on;
    device.wait(3);
    device.request({ kind: "clear-faults", source: "device" });
    expect(device.faults).toEqual(["relay-mismatch"]);
    device.line = (on) => on;
    device.run(4);
    device.request({ kind: "clear-faults", source: "device" });
    expect(device.faults).toEqual([]);
  });
});

describe("SR-07: the reason of a mismatch", () => {
  const reasons = (device: Device) =>
    device.events.flatMap((event) =>
      (event.kind === "fault-raised" || event.kind === "fault-reason") && event.fault === "relay-mismatch"
        ? [event.detail.split(".")[0]]
        : [],
    );

  it("is today's: a fault that goes on in another way says so, once that has lasted", () => {
    const device = new Device();
    device.read(25);
    device.line = () => undefined;
    device.wait(5);
    expect(reasons(device)).toEqual(["cannot be read"]);
    device.line = () => true;
    device.wait(1);
    expect(reasons(device)).toEqual(["cannot be read"]);
    device.wait(86_400, 1);
    expect(reasons(device)).toEqual(["cannot be read", "differs from the command"]);
    device.line = () => undefined;
    device.wait(3);
    expect(reasons(device)).toEqual(["cannot be read", "differs from the command", "cannot be read"]);
  });

  it("is of the difference that raised it, not of an earlier one", () => {
    const device = new Device();
    device.read(25);
    device.line = () => undefined;
    device.wait(1);
    device.line = (on) => on;
    device.wait(5);
    device.line = () => true;
    device.wait(3);
    expect(reasons(device)).toEqual(["differs from the command"]);
  });
});
