/** Optimum start: the heat begins before the point, in a room that is learned. */
import { describe, expect, it } from "vitest";
import { wallMillis } from "../../../src/base/units.ts";
import { defaultRoom } from "../../../src/control/law/room-model.ts";
import { toDurable } from "../../../src/control/to-durable.ts";
import { ZoneClock } from "../../../src/firmware/local-time/zone-clock.ts";
import { Device } from "../device.ts";

const zone = new ZoneClock("UTC");

/** A room at 16 °C on a Monday at 5:30; the schedule asks for 16 °C until 6:30, then for 20 °C. */
function beforeSix(confidence: number, optimumStart = true): Device {
  const device = new Device({ optimumStart });
  const room = { ...defaultRoom, confidence, learnedMinutes: 6000 };
  device.restart(1, JSON.parse(JSON.stringify({ ...toDurable(device.state), room })));
  device.wallOffset = Date.parse("2027-01-11T05:30:00Z") - device.now;
  const requests = [
    { kind: "set", name: "schedule", value: { monday: "06:30 20, 22:00 16" }, source: "local" },
  ] as const;
  device.temperature = 16.1;
  device.step({ requests, local: zone.at(wallMillis(device.now + device.wallOffset)) });
  for (let second = 0; second < 2700; second += 10) {
    device.now += 10_000;
    const local = zone.at(wallMillis(device.now + device.wallOffset));
    device.step({ reading: device.reading(), local });
  }
  return device;
}

describe("optimum start", () => {
  it("heats before the point in a learned room, and shows the set-point of the schedule", () => {
    const device = beforeSix(0.8);
    expect(device.heater).toBe(true);
    expect(device.screen.target).toBe(16);
  });

  it("waits for the point in a room that is not learned, or without the setting", () => {
    expect(beforeSix(0.2).heater).toBe(false);
    expect(beforeSix(0.8, false).heater).toBe(false);
  });
});
