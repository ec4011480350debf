/** Rooms that nobody described: what the law learns of them, and that bad evidence does not make it worse. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { celsius, kelvin, millis, seconds } from "../../../src/base/units.ts";
import type { LawSettings, LawState } from "../../../src/control/law/law.ts";
import { isWindowOpen, lawStep, startLaw } from "../../../src/control/law/law.ts";
import { leadTime, setPointAhead } from "../../../src/control/law/optimum-start.ts";
import { defaultRoom, riseAfter } from "../../../src/control/law/room-model.ts";
import { noise, Plant, type Room } from "../plant.ts";

const settings: LawSettings = {
  law: "proportional",
  hysteresis: kelvin(0.3),
  minimumOn: seconds(60),
  minimumOff: seconds(120),
  rippleLimit: 0.25,
  maxStartsPerHour: 7,
  windowDetection: true,
};

const fanHeater: Room = { power: 2000, radiator: 60, sensor: 300, start: 19, outside: () => 5 };

/** The law in a simulated room. */
class Heated {
  state: LawState;
  heat = false;
  second = 0;
  readonly air: number[] = [];
  readonly plant: Plant;
  readonly #noise = noise(5, 0.013);
  readonly #rules: LawSettings;

  constructor(room: Room, rules: LawSettings = settings, state: LawState = startLaw()) {
    this.plant = new Plant(room);
    this.#rules = rules;
    this.state = state;
  }

  run(
    hours: number,
    { target = 19, mayLearn = true, everyS = 10, reading = (sensed: number) => sensed } = {},
  ): this {
    for (const end = this.second + hours * 3600; this.second < end; this.second += everyS) {
      const temperature = Math.round((reading(this.plant.sensed) + this.#noise()) * 100) / 100;
      const output = lawStep(this.state, this.#rules, {
        temperature: celsius(temperature),
        target: celsius(target),
        heaterOn: this.heat,
        isActive: true,
        mayLearn,
        nowMs: millis(this.second * 1000),
      });
      this.state = output.state;
      this.heat = output.heat;
      this.plant.run(everyS, this.heat);
      this.air.push(this.plant.sensed);
    }
    return this;
  }
}

describe("what the law learns", () => {
  it("is the response of a fan heater, within a day, nearer than the default by far", () => {
    const { room } = new Heated(fanHeater).run(24).state;
    // 2 kW on 2.25e5 J/K against 144 W/K, and on the fabric: simulated.
    const truth = { ...defaultRoom, heaterLagS: 60, airRiseK: 13.9, airTimeS: 1560, fabricRiseKPerH: 2.7 };
    for (const after of [600, 1200]) {
      const ratio = riseAfter(room, after) / riseAfter(truth, after);
      expect(Math.abs(Math.log(ratio))).toBeLessThan(Math.log(1.8));
    }
    expect(riseAfter(defaultRoom, 600) / riseAfter(truth, 600)).toBeLessThan(0.4);
    expect(room.learnedMinutes).toBeGreaterThan(60);
    expect(room.noiseK).toBeCloseTo(0.013, 2);
  });

  it("keeps such a room nearer to its set-point than the default does", () => {
    const worst = (heated: Heated) => Math.max(...heated.air.slice(-8640).map((air) => Math.abs(air - 19)));
    const learned = worst(new Heated(fanHeater).run(48));
    const untaught = worst(new Heated(fanHeater).run(48, { mayLearn: false }));
    expect(learned).toBeLessThan(0.6 * untaught);
  });

  it("is nothing while it may not learn", () => {
    const { room, learning } = new Heated(fanHeater).run(6, { mayLearn: false }).state;
    expect(room).toEqual({ ...defaultRoom, noiseK: room.noiseK });
    expect(learning?.bank.hours).toBe(0);
  });

  it("gives way to the default when the default predicts the room better", () => {
    const wrong = { ...defaultRoom, heaterLagS: 50, airRiseK: 60, confidence: 1, learnedMinutes: 9999 };
    const ordinary: Room = { power: 1000, radiator: 800, sensor: 300, start: 19, outside: () => 0 };
    const { learning, room } = new Heated(ordinary, settings, startLaw(wrong)).run(24).state;
    expect(room.airRiseK).toBeLessThan(20);
    expect(learning?.active.square).toBeLessThan(1.5 * (learning?.fallback.square ?? 0));
  });

  it("never predicts clearly worse than the default, whatever the sensor says", () => {
    const hostile = fc.record({
      size: fc.double({ min: 0, max: 6, noNaN: true }),
      periodS: fc.integer({ min: 60, max: 20_000 }),
      jumps: fc.integer({ min: 1, max: 4000 }),
    });
    fc.assert(
      fc.property(hostile, ({ size, periodS, jumps }) => {
        let count = 0;
        const reading = (sensed: number) => {
          count += 1;
          const wave = Math.sin((2 * Math.PI * count * 10) / periodS);
          return sensed + size * (Math.floor(count / jumps) % 2 === 0 ? wave : -1);
        };
        const { learning } = new Heated(fanHeater).run(14, { reading }).state;
        const { active, fallback } = learning ?? {};
        if (!active || !fallback) throw new Error("nothing was read");
        const fewest = Math.min(active.count, fallback.count);
        if (fewest >= 5)
          expect(active.square * (1 - 2 / Math.sqrt(fewest))).toBeLessThanOrEqual(fallback.square);
      }),
      { numRuns: 8 },
    );
  });
});

describe("the period of the sensor", () => {
  it.each([1, 2, 7, 15])("does not matter: %d s", (everyS) => {
    const swing = (every: number) => {
      const late = new Heated(fanHeater)
        .run(30, { everyS: every })
        .air.slice(-Math.round((6 * 3600) / every));
      return Math.sqrt(late.reduce((sum, air) => sum + (air - 19) ** 2, 0) / late.length);
    };
    expect(swing(everyS)).toBeLessThan(1.25 * swing(10));
  });
});

describe("an opened window", () => {
  const aired: Room = { power: 1000, radiator: 800, sensor: 300, start: 19, outside: () => 0 };
  const opened = (from: number, until: number): Room => ({
    ...aired,
    // 40 W/K to the outside.
    gain: (hour) => (hour >= from && hour < until ? -760 : 0),
  });
  const openHours = (heated: Heated, hours: number) => {
    let open = 0;
    for (let left = hours * 360; left > 0; left--) {
      heated.run(10 / 3600);
      if (isWindowOpen(heated.state)) {
        open += 10 / 3600;
        expect(heated.heat).toBe(false);
      }
    }
    return open;
  };

  it("pauses heat until it is shut", () => {
    const heated = new Heated(opened(24, 24.25)).run(24);
    const open = openHours(heated, 2);
    expect(open).toBeGreaterThan(0.1);
    expect(open).toBeLessThan(0.4);
  });

  it("pauses heat for half an hour at most, and not again at once", () => {
    const heated = new Heated(opened(24, 30)).run(24);
    expect(openHours(heated, 0.9)).toBeLessThan(0.52);
  });

  it("does not, where the setting says so, and none is seen where none was opened", () => {
    const off = new Heated(opened(24, 24.25), { ...settings, windowDetection: false }).run(24);
    expect(openHours(off, 1)).toBe(0);
    expect(openHours(new Heated(fanHeater), 30)).toBe(0);
  });
});

describe("optimum start", () => {
  const heated = new Heated({ power: 1000, radiator: 800, sensor: 300, start: 16, outside: () => 0 });
  heated.run(6, { target: 16 });
  const estimate = heated.state.learning?.active.estimate;
  if (!estimate) throw new Error("nothing was read");
  const { room } = heated.state;

  it("begins as long before a higher set-point as full power needs", () => {
    const lead = leadTime(room, estimate, 19);
    const begun = heated.second;
    const next = { target: 19, at: millis(begun * 1000 + lead) };
    expect(setPointAhead(16, next, room, estimate, millis(begun * 1000 - 600_000))).toBe(16);
    expect(setPointAhead(16, next, room, estimate, millis(begun * 1000))).toBe(19);
    heated.run(lead / 3.6e6, { target: 19 });
    // The sensor is still some minutes behind the air.
    expect(Math.abs(heated.plant.sensed - 18.5)).toBeLessThan(0.7);
  });

  it("never begins early for a lower one, for a room that is warm, nor further ahead than six hours", () => {
    const now = millis(0);
    expect(setPointAhead(19, { target: 16, at: millis(1000) }, room, estimate, now)).toBe(19);
    expect(setPointAhead(19, undefined, room, estimate, now)).toBe(19);
    expect(leadTime(room, estimate, 10)).toBe(0);
    expect(leadTime(room, estimate, 30)).toBe(6 * 3_600_000);
  });
});
