/**
 * The schedule over two years in four time zones, against an oracle of its own: random weeks, set-points, away, power
 * cuts, a wall clock that is set, and times in which nobody knows whether it is right.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isoTime } from "../../src/base/iso-time.ts";
import { celsius, wallMillis } from "../../src/base/units.ts";
import type { Request } from "../../src/control/input.ts";
import { ZoneClock } from "../../src/firmware/local-time/zone-clock.ts";
import { defaultSettings } from "../../src/model/settings.ts";
import { pointText, type Week, weekdays } from "../../src/model/week.ts";
import { Device } from "../control/device.ts";
import { ScheduleOracle, zones } from "./schedule-oracle.ts";

const begin = Date.UTC(2027, 0, 1);
const end = Date.UTC(2029, 0, 1);
const minute = 60_000;
const hour = 60 * minute;

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function randomWeek(next: () => number): Week {
  const days = weekdays.map((day): [string, string] => {
    const count = Math.floor(next() * next() * 8);
    const minutes = new Set(Array.from({ length: count }, () => Math.floor(next() * 1440)));
    // The hours of daylight saving more often than others.
    if (next() < 0.4) minutes.add(60 + Math.floor(next() * 150));
    const points = [...minutes]
      .sort((a, b) => a - b)
      .map((at) => pointText({ minute: at, target: 10 + Math.floor(next() * 30) / 2 }));
    return [day, points.join(", ")];
  });
  return Object.fromEntries(days.filter(([, text]) => text !== ""));
}

/** @returns how many set-points were compared */
function live(zone: string, seed: number): number {
  const next = random(seed);
  const clock = new ZoneClock(zone);
  const device = new Device();
  device.wallOffset = begin - device.now;
  const oracle = new ScheduleOracle(zone, 19, defaultSettings.awayTemperature);
  let trusted = true;
  let looks = 0;
  const look = (...requests: readonly Request[]) => {
    const wall = wallMillis(device.now + device.wallOffset);
    oracle.look(wall, trusted);
    device.step({ requests, local: trusted ? clock.at(wall) : undefined });
    return wall;
  };
  const chance = (perMille: number) => next() * 1000 < perMille;
  while (device.now + device.wallOffset < end) {
    device.now += chance(20) ? Math.floor(next() * 60 * hour) : Math.floor(next() * 40 * minute);
    if (chance(1)) device.wallOffset += Math.floor((next() - 0.5) * 6 * hour);
    if (chance(4)) trusted = !trusted;
    if (chance(5)) device.restart(next() * 3600);
    const wall = look();
    if (chance(8)) {
      const target = 10 + Math.floor(next() * 30) / 2;
      oracle.set(target, wall, trusted);
      device.step({
        requests: [{ kind: "set", name: "targetTemperature", value: celsius(target), source: "local" }],
        local: trusted ? clock.at(wallMillis(wall)) : undefined,
      });
    }
    if (chance(2)) {
      const week = chance(100) ? {} : randomWeek(next);
      oracle.setWeek(week);
      look({ kind: "set", name: "schedule", value: week, source: "cloud" });
    }
    // With an unknown clock the end of away says nothing.
    if (trusted && chance(2)) {
      const until = chance(300) ? 0 : wall + Math.floor(next() * 100 * hour);
      oracle.setAway(until);
      look({ kind: "set", name: "awayUntil", value: isoTime(until), source: "cloud" });
    }
    oracle.look(wall, trusted);
    looks += 1;
    if (device.screen.target !== oracle.setPoint) {
      const shown = `${device.screen.target}, not ${oracle.setPoint}`;
      throw new Error(`${zone}, seed ${seed}: ${shown} at ${isoTime(wall)}, trusted ${trusted}`);
    }
  }
  return looks;
}

describe("the schedule, over two years", () => {
  it.each(Object.keys(zones))(
    "is that of the oracle in %s",
    (zone) => {
      const property = fc.property(fc.integer(), (seed) => {
        expect(live(zone, seed)).toBeGreaterThan(10_000);
      });
      // A failure prints its seed.
      fc.assert(property, { numRuns: 1, endOnFailure: true });
    },
    600_000,
  );
});
