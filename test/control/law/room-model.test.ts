/** The value that says what the law knows of the room: its response, its limits and its stored form. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  airRiseAfter,
  boundedRoom,
  defaultRoom,
  parseRoom,
  type RoomModel,
  riseAfter,
  roomLimits,
  storeRoom,
} from "../../../src/control/law/room-model.ts";

/** The same response in steps of a second. */
function simulated(room: RoomModel, seconds: number): number {
  let [heater, air, fabric, sensor] = [0, 0, 0, 0];
  for (let second = 0; second < seconds; second++) {
    sensor += (air + fabric - sensor) / room.sensorLagS;
    air += (room.airRiseK * heater - air) / room.airTimeS;
    fabric += (room.fabricRiseKPerH / 3600) * heater;
    heater += (1 - heater) / room.heaterLagS;
  }
  return sensor;
}

const rooms = fc.record(
  Object.fromEntries(
    Object.entries(roomLimits).map(([name, [min, max]]) => [name, fc.double({ min, max, noNaN: true })]),
  ),
) as unknown as fc.Arbitrary<RoomModel>;

describe("the room model", () => {
  it.each([
    defaultRoom,
    { ...defaultRoom, heaterLagS: 300 },
    { ...defaultRoom, heaterLagS: 60, airTimeS: 300 },
  ])("tells the rise at full power as a simulation does (%o)", (room) => {
    for (const seconds of [60, 600, 3600, 4 * 3600]) {
      expect(riseAfter(room, seconds)).toBeCloseTo(simulated(room, seconds), 1);
    }
    expect(airRiseAfter(room, 600)).toBeGreaterThan(riseAfter(room, 600));
    expect([riseAfter(room, 0), riseAfter(room, Number.NaN)]).toEqual([0, 0]);
  });

  it("gives finite rises for every model within the limits", () => {
    fc.assert(
      fc.property(rooms, fc.integer({ min: 0, max: 10 ** 6 }), (room, seconds) => {
        expect(Number.isFinite(riseAfter(room, seconds))).toBe(true);
      }),
    );
  });

  it("survives being stored, to four digits", () => {
    fc.assert(
      fc.property(rooms, (room) => {
        const back = parseRoom(JSON.parse(JSON.stringify(storeRoom(room))));
        for (const [name, value] of Object.entries(room)) {
          const stored = back?.[name as keyof RoomModel] ?? Number.NaN;
          expect(Math.abs(stored - value)).toBeLessThanOrEqual(1e-3 * Math.abs(value));
        }
      }),
    );
  });

  it("is refused when a member is missing, is no number or is out of range", () => {
    expect(parseRoom(defaultRoom)).toEqual(defaultRoom);
    for (const value of [undefined, null, 3, [], {}, { ...defaultRoom, airRiseK: "8" }]) {
      expect(parseRoom(value)).toBeUndefined();
    }
    expect(parseRoom({ ...defaultRoom, heaterLagS: 0 })).toBeUndefined();
    expect(parseRoom({ ...defaultRoom, noiseK: Number.NaN })).toBeUndefined();
  });

  it("is moved into its limits", () => {
    const wild = boundedRoom({ ...defaultRoom, heaterLagS: 1e9, airRiseK: Number.NaN });
    expect(wild).toEqual({ ...defaultRoom, heaterLagS: roomLimits.heaterLagS[1] });
  });
});
