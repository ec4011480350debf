/** What was learned of the room, over restarts and on request. */
import { describe, expect, it } from "vitest";
import { defaultRoom } from "../../src/control/law/room-model.ts";
import { toDurable } from "../../src/control/to-durable.ts";
import { inForce } from "../../src/control/twin/in-force.ts";
import { Device } from "./device.ts";

describe("what was learned of the room", () => {
  const learned = { ...defaultRoom, airRiseK: 20, confidence: 0.6, learnedMinutes: 500 };

  it("is kept over a power cut, shown, and forgotten when someone asks", () => {
    const device = new Device();
    device.read();
    const stored = toDurable(device.state);
    device.restart(1, JSON.parse(JSON.stringify({ ...stored, room: learned })));
    device.read();
    expect(inForce(device.state).room).toMatchObject({ learned: 60, windowOpen: false });
    expect(toDurable(device.state).room).toMatchObject({ airRiseK: 20 });
    const before = device.state.revision;
    device.request({ kind: "forget-room", source: "cloud" });
    device.read();
    expect(device.state.revision).toBeGreaterThan(before);
    expect(inForce(device.state).room.learned).toBe(0);
    expect(toDurable(device.state).room).toBeUndefined();
  });

  it("stays when the relay is replaced, whose cycles are stored as 0", () => {
    const device = new Device();
    device.read();
    device.restart(1, {
      ...toDurable(device.state),
      counters: { relayCycles: 100_000, heaterSeconds: 7200 },
    });
    device.read();
    expect(device.faults).toEqual(["relay-worn"]);
    const before = device.state.revision;
    device.request({ kind: "relay-replaced", source: "local" });
    device.read();
    expect(device.faults).toEqual([]);
    expect(device.state.revision).toBeGreaterThan(before);
    expect(toDurable(device.state).counters.relayCycles).toBeLessThanOrEqual(1);
  });

  it("is learned anew, without loss of the rest, when its stored form is damaged", () => {
    const device = new Device();
    device.target(21);
    const stored = { ...toDurable(device.state), room: { ...learned, heaterLagS: -1 } };
    device.restart(1, JSON.parse(JSON.stringify(stored)));
    expect(device.state.panel.values.targetTemperature).toBe(21);
    expect(device.state.law.state.room).toEqual(defaultRoom);
  });
});
