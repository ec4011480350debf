import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { celsius, hours, kelvin, millis, minutes, seconds } from "../../../src/base/units.ts";
import type { LawInput, LawOutput, LawSettings, LawState } from "../../../src/control/law/law.ts";
import { lawStep, shiftTemperature, startLaw } from "../../../src/control/law/law.ts";
import { parseRoom, storeRoom } from "../../../src/control/law/room-model.ts";

const settings: LawSettings = {
  law: "proportional",
  hysteresis: kelvin(0.3),
  minimumOn: seconds(60),
  minimumOff: seconds(120),
  rippleLimit: 0.25,
  maxStartsPerHour: 7,
  windowDetection: false,
};
const shortestCycle = 3_600_000 / settings.maxStartsPerHour;
const plain: LawSettings = { ...settings, law: "hysteresis" };

interface Wish {
  readonly temperature: number;
  readonly target?: number;
  readonly everyS?: number;
  readonly isActive?: boolean;
  /** What the heater does; the law's own wish when not given. */
  readonly forced?: boolean;
}

/** The law over time, with a heater that obeys it. */
class Rig {
  state: LawState;
  output: LawOutput | undefined;
  now = 0;
  onS = 0;
  readonly starts: number[] = [];
  readonly #settings: LawSettings;
  #on = false;

  constructor(rules: LawSettings) {
    this.#settings = rules;
    this.state = startLaw();
  }

  run(durationMs: number, wish: Wish): this {
    const everyMs = (wish.everyS ?? 10) * 1000;
    for (const end = this.now + durationMs; this.now < end; this.now += everyMs) {
      const input: LawInput = {
        temperature: celsius(wish.temperature),
        target: celsius(wish.target ?? 19),
        heaterOn: this.#on,
        isActive: wish.isActive ?? true,
        mayLearn: true,
        nowMs: millis(this.now),
      };
      this.output = lawStep(this.state, this.#settings, input);
      this.state = this.output.state;
      const on = wish.forced ?? this.output.heat;
      if (on && !this.#on) this.starts.push(this.now);
      this.#on = on;
      if (on) this.onS += everyMs / 1000;
    }
    return this;
  }

  get demand(): number {
    return this.output?.demand ?? Number.NaN;
  }
}

describe("the proportional law", () => {
  it("heats without pause when the room is far too cold", () => {
    const rig = new Rig(settings).run(hours(1), { temperature: 12 });
    expect(rig.demand).toBe(100);
    expect(rig.onS).toBe(3600);
  });

  it("does not heat when the room is far too warm", () => {
    const rig = new Rig(settings).run(hours(1), { temperature: 24 });
    expect(rig.demand).toBe(0);
    expect(rig.onS).toBe(0);
  });

  it("owes nothing while somebody else decides", () => {
    const rig = new Rig(settings).run(hours(2), { temperature: 18.9 });
    rig.run(hours(3), { temperature: 21, isActive: false, forced: true });
    expect(rig.state.cycle.deficit).toBe(0);
  });

  it("serves a new set-point at once and lets an unchanged one wait for the cycle", () => {
    const rig = new Rig(settings).run(seconds(20), { temperature: 16 });
    expect(rig.starts).toHaveLength(1);
    rig.run(minutes(3), { temperature: 18, target: 14 }).run(seconds(10), { temperature: 18, target: 21 });
    expect(rig.starts).toHaveLength(2);
  });

  it("looks ahead: a room that warms quickly gets less heat than one that stands still", () => {
    const still = new Rig(settings).run(minutes(20), { temperature: 18.8 });
    const rising = new Rig(settings);
    for (let step = 0; step < 120; step += 1) rising.run(seconds(10), { temperature: 17.6 + step / 100 });
    expect(rising.demand).toBeLessThan(still.demand - 10);
  });

  it("does not count time twice when the clock seems to go back", () => {
    const rig = new Rig(settings).run(minutes(5), { temperature: 18.5 });
    const { filter, learning } = rig.state;
    rig.now -= 60_000;
    rig.run(seconds(10), { temperature: 30 });
    expect(rig.state.filter).toEqual(filter);
    expect(rig.state.learning).toEqual(learning);
  });

  it("takes a gap of hours for no more than a minute of them", () => {
    const rig = new Rig(settings).run(minutes(5), { temperature: 18.5 });
    const before = rig.state.learning?.active.estimate.load ?? Number.NaN;
    rig.now += hours(5);
    rig.run(seconds(40), { temperature: 18.5 });
    expect(Math.abs((rig.state.learning?.active.estimate.load ?? Number.NaN) - before)).toBeLessThan(0.1);
  });

  it("moves what it knows of the room along when the sensor is calibrated", () => {
    const rig = new Rig(settings).run(hours(1), { temperature: 18.5 });
    const before = rig.state;
    rig.state = shiftTemperature(before, 1.5);
    const moved = new Rig(settings);
    moved.state = rig.state;
    moved.now = rig.now;
    moved.run(seconds(10), { temperature: 20, target: 20.5 });
    const still = new Rig(settings);
    still.state = before;
    still.now = rig.now;
    still.run(seconds(10), { temperature: 18.5, target: 19 });
    expect(Math.abs(moved.demand - still.demand)).toBeLessThan(2);
    expect(shiftTemperature(before, 0)).toBe(before);
  });
});

describe("the hysteresis law", () => {
  it("switches at half a band on both sides of the set-point", () => {
    const rig = new Rig(plain).run(hours(1), { temperature: 18.71 });
    expect(rig.output?.heat).toBe(false);
    rig.run(hours(1), { temperature: 18.69 });
    expect(rig.output?.heat).toBe(true);
    rig.run(hours(1), { temperature: 19.29 });
    expect(rig.output?.heat).toBe(true);
    rig.run(hours(1), { temperature: 19.31 });
    expect(rig.output?.heat).toBe(false);
  });

  it("can be chosen and left while running without a jump of the demand or a debt", () => {
    const rig = new Rig(settings).run(hours(2), { temperature: 18.9 });
    const input = {
      temperature: celsius(18.9),
      target: celsius(19),
      heaterOn: false,
      isActive: true,
      mayLearn: true,
    };
    const away = lawStep(rig.state, plain, { ...input, nowMs: millis(rig.now) });
    const back = lawStep(away.state, settings, { ...input, nowMs: millis(rig.now + 10_000) });
    expect(Math.abs(back.demand - rig.demand)).toBeLessThan(1);
    expect(Math.abs(back.state.cycle.deficit)).toBeLessThan(10);
  });
});

describe("both laws, whatever comes in", () => {
  const step = fc.record({
    temperature: fc.double({ min: -20, max: 60, noNaN: true }),
    elapsedMs: fc.oneof(fc.integer({ min: 0, max: 15_000 }), fc.constantFrom(-5000, 3_600_000, 10 ** 12)),
    heaterOn: fc.boolean(),
    obeys: fc.boolean(),
    isActive: fc.boolean(),
    target: fc.constantFrom(5, 18.5, 19, 21, 30),
    hold: fc.integer({ min: 1, max: 150 }),
  });
  const rules = fc.record({
    law: fc.constantFrom<LawSettings["law"]>("proportional", "hysteresis"),
    hysteresis: fc.constantFrom(kelvin(0), kelvin(0.3), kelvin(2)),
    minimumOn: fc.constantFrom(millis(0), seconds(60), seconds(1200)),
    minimumOff: fc.constantFrom(millis(0), seconds(120), seconds(1200)),
    rippleLimit: fc.constantFrom(0.05, 0.25, 1),
    maxStartsPerHour: fc.constantFrom(7),
    windowDetection: fc.boolean(),
  });

  it("keep the demand within 0 and 100 % and the state finite and bounded", () => {
    fc.assert(
      fc.property(rules, fc.array(step, { minLength: 1, maxLength: 30 }), (law, steps) => {
        let state = startLaw();
        let now = 0;
        let heat = false;
        for (const { elapsedMs, hold, heaterOn, obeys, ...rest } of steps) {
          for (let turn = 0; turn < hold; turn += 1) {
            now += turn === 0 ? elapsedMs : Math.min(10_000, Math.max(0, elapsedMs));
            const output = lawStep(state, law, {
              temperature: celsius(rest.temperature),
              target: celsius(rest.target),
              heaterOn: obeys ? heat : heaterOn,
              isActive: rest.isActive,
              mayLearn: rest.isActive,
              nowMs: millis(now),
            });
            ({ state, heat } = output);
            const { active } = state.learning ?? {};
            const { load = Number.NaN, thermal, sensor = Number.NaN } = active?.estimate ?? {};
            // One expectation per step: an `expect` costs more than the law.
            const sound =
              output.demand >= 0 &&
              output.demand <= 100 &&
              Math.abs(load) <= 20 &&
              Math.abs(sensor) <= 300 &&
              Math.abs(thermal?.air ?? Number.NaN) <= 300 &&
              Math.abs(thermal?.fabric ?? Number.NaN) <= 300 &&
              Math.abs(state.cycle.deficit) <= 1200 &&
              state.cycle.lengthS >= 514 &&
              state.cycle.lengthS <= 1800 &&
              parseRoom(storeRoom(state.room)) !== undefined;
            if (!sound) expect.unreachable(JSON.stringify(output));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("start at most once per cycle while the set-point stands still, whatever the temperature does", () => {
    const noise = fc.array(
      fc.tuple(fc.double({ min: 15, max: 23, noNaN: true }), fc.integer({ min: 1, max: 60 })),
      {
        minLength: 20,
        maxLength: 120,
      },
    );
    fc.assert(
      fc.property(rules, noise, (law, readings) => {
        const rig = new Rig(law);
        for (const [temperature, count] of readings) rig.run(seconds(10 * count), { temperature });
        for (const [index, at] of rig.starts.entries()) {
          const previous = rig.starts[index - 1];
          if (previous !== undefined) expect(at - previous).toBeGreaterThanOrEqual(shortestCycle - 1);
        }
      }),
      { numRuns: 60 },
    );
  });
});
