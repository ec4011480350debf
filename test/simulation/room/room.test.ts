import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { celsius, hours, millis, minutes, relativeHumidity, seconds } from "../../../src/base/units.ts";
import { gaussian, uniform } from "../../../src/simulation/noise.ts";
import { dailyOutside, Room, roomPresets } from "../../../src/simulation/room/room.ts";

const start = { temperature: celsius(19), humidity: relativeHumidity(45), seed: 1 };
const frost = celsius(0);

describe("the room", () => {
  it("settles where heat in equals heat out: 22.8 W/K in all", () => {
    const room = new Room({ ...roomPresets.living, heaterPower: 456 }, start);
    room.advance(hours(500), true, frost);
    const total = 6.3 + 1 / (1 / 138 + 1 / 18.7);
    expect(room.temperature).toBeCloseTo(456 / total, 2);
    expect(room.sensorTemperature).toBeCloseTo(room.temperature, 3);
  });

  it("cools to the outside, and never below it", () => {
    const room = new Room(roomPresets.living, start);
    room.advance(hours(600), false, frost);
    expect(room.temperature).toBeGreaterThanOrEqual(0);
    expect(room.temperature).toBeLessThan(0.01);
  });

  it("goes on warming after the heater went off, and the sensor follows late", () => {
    const room = new Room(roomPresets.living, start);
    room.advance(minutes(20), true, frost);
    expect(room.sensorTemperature).toBeLessThan(room.temperature);
    const atOff = room.temperature;
    room.advance(minutes(3), false, frost);
    expect(room.temperature).toBeGreaterThan(atOff);
  });

  it("cools faster through an open window", () => {
    const [shut, open] = [new Room(roomPresets.living, start), new Room(roomPresets.living, start)];
    shut.advance(minutes(15), false, frost);
    open.advance(minutes(15), false, frost, 40);
    expect(open.temperature).toBeLessThan(shut.temperature - 0.5);
  });

  it("does not care how whole seconds are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 }), (cuts) => {
        const [whole, cut] = [new Room(roomPresets.shed, start), new Room(roomPresets.shed, start)];
        for (const seconds_ of cuts) cut.advance(seconds(seconds_), true, frost);
        whole.advance(seconds(cuts.reduce((sum, part) => sum + part, 0)), true, frost);
        expect(cut.temperature).toBe(whole.temperature);
      }),
    );
  });

  it("stays between outside and the hottest that heater and loss allow, whatever the steps", () => {
    const preset = fc.constantFrom(...Object.values(roomPresets));
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 7_200_000 }), fc.boolean()), { maxLength: 12 });
    fc.assert(
      fc.property(preset, steps, fc.integer({ min: -20, max: 15 }), (parameters, list, outside) => {
        const room = new Room(parameters, start);
        for (const [elapsed, on] of list) {
          room.advance(millis(elapsed), on, celsius(outside));
          expect(room.temperature).toBeGreaterThanOrEqual(outside);
          expect(room.temperature).toBeLessThan(outside + parameters.heaterPower / parameters.airToOutside);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("dries the air by warming it: the same water, a smaller share", () => {
    const room = new Room(roomPresets.living, { ...start, temperature: celsius(10) });
    expect(room.humidity).toBeCloseTo(45, 9);
    room.advance(hours(2), true, frost);
    // Saturation pressure by the WMO tables: 1228 Pa at 10 °C.
    const warm = 611.2 * Math.exp((17.62 * room.sensorTemperature) / (243.12 + room.sensorTemperature));
    expect(room.humidity).toBeCloseTo((45 * 1228) / warm, 0);
  });

  it("measures the same noise again from the same seed, in steps of 0.01 K", () => {
    const read = (seed: number) => {
      const room = new Room(roomPresets.noisySensor, { ...start, seed });
      return Array.from({ length: 50 }, () => room.measure());
    };
    expect(read(7)).toEqual(read(7));
    expect(read(7)).not.toEqual(read(8));
    for (const value of read(7)) expect(value * 100).toBeCloseTo(Math.round(value * 100), 6);
  });
});

describe("the noise", () => {
  it("is normal: mean 0, deviation 1, one value in twenty beyond 1.96", () => {
    const next = gaussian(42);
    const values = Array.from({ length: 20_000 }, next);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(square - 1)).toBeLessThan(0.04);
    expect(values.filter((value) => Math.abs(value) > 1.96).length / values.length).toBeCloseTo(0.05, 2);
  });

  it("is even between 0 and 1", () => {
    const next = uniform(42);
    const values = Array.from({ length: 10_000 }, next);
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const share = values.filter((value) => Math.floor(value * 10) === tenth).length;
      expect(Math.abs(share - 1000)).toBeLessThan(120);
    }
  });
});

describe("the outside", () => {
  it("is coldest at four in the night and warmest at four in the afternoon", () => {
    const outside = dailyOutside(celsius(2), 5);
    expect(outside(hours(4))).toBeCloseTo(-3, 6);
    expect(outside(hours(16))).toBeCloseTo(7, 6);
    expect(outside(hours(34))).toBeCloseTo(outside(hours(10)), 6);
  });
});
