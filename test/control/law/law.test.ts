import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { celsius, hours, kelvin, millis, minutes, seconds } from "../../../src/base/units.ts";
import { cycleS } from "../../../src/control/law/cycle.ts";
import type { LawInput, LawOutput, LawSettings, LawState } from "../../../src/control/law/law.ts";
import { lawStep, startLaw } from "../../../src/control/law/law.ts";

const settings: LawSettings = {
  law: "proportional",
  hysteresis: kelvin(0.3),
  minimumOn: seconds(60),
  minimumOff: seconds(120),
};
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

  it("gives exactly the share of heat that it asks for", () => {
    // At the set-point nothing moves the demand: it stays where the law begins, three tenths.
    const rig = new Rig(settings).run(hours(10), { temperature: 19 });
    expect(rig.demand).toBeCloseTo(30, 6);
    expect(rig.onS / 36_000).toBeCloseTo(0.3, 2);
  });

  it.each([0.15, 0.3, 0.5, 0.75, 0.9])(
    "cycles evenly at a duty of %f, after a disturbance too",
    (integral) => {
      const rig = new Rig(settings);
      rig.state = { ...rig.state, regulator: { ...rig.state.regulator, integral } };
      rig.run(hours(1), { temperature: 19 }).run(minutes(4), { temperature: 19, forced: integral < 0.5 });
      rig.run(hours(1), { temperature: 19 });
      const first = rig.starts.length;
      const onBefore = rig.onS;
      rig.run(hours(10), { temperature: 19 });
      const spacings = rig.starts.slice(first).map((at, index, all) => at - (all[index - 1] ?? at));
      // The heater's shortest on and off time stretch the cycle at both ends.
      const expected = Math.max(540, 60 / integral, 120 / (1 - integral));
      for (const spacing of spacings.slice(1)) expect(Math.abs(spacing / 1000 - expected)).toBeLessThan(45);
      expect((rig.onS - onBefore) / 36_000).toBeCloseTo(integral, 2);
    },
  );

  it("pays back heat that a safety rule withheld, and no more than a few minutes of it", () => {
    const rig = new Rig(settings).run(hours(2), { temperature: 19 });
    rig.run(hours(1), { temperature: 19, forced: false });
    const before = rig.onS;
    rig.run(hours(1), { temperature: 19 });
    expect(rig.onS - before).toBeGreaterThan(0.3 * 3600 + 100);
    expect(rig.onS - before).toBeLessThan(0.3 * 3600 + 320);
  });

  it("does not wind up while the heat that it asks for is withheld", () => {
    const rig = new Rig(settings).run(hours(5), { temperature: 18.8, forced: false });
    expect(rig.state.regulator.integral).toBeLessThan(0.35);
  });

  it("does not wind up while the set-point is out of reach", () => {
    const rig = new Rig(settings).run(hours(24), { temperature: 15 });
    expect(rig.state.regulator.integral).toBeCloseTo(0.3, 2);
  });

  it("forgets nothing and learns nothing while somebody else decides", () => {
    const rig = new Rig(settings).run(hours(2), { temperature: 18.9 });
    const { integral } = rig.state.regulator;
    rig.run(hours(3), { temperature: 21, isActive: false, forced: true });
    expect(rig.state.regulator.integral).toBe(integral);
    expect(rig.state.cycle.deficit).toBe(0);
  });

  it("serves a new set-point at once and lets an unchanged one wait for the cycle", () => {
    const rig = new Rig(settings).run(seconds(20), { temperature: 16 });
    expect(rig.starts).toHaveLength(1);
    rig.run(minutes(3), { temperature: 18, target: 16 }).run(seconds(10), { temperature: 18, target: 21 });
    expect(rig.starts).toHaveLength(2);
    const waiting = new Rig(settings)
      .run(minutes(2), { temperature: 10 })
      .run(minutes(2), { temperature: 30 });
    waiting.run(minutes(4), { temperature: 10 });
    expect(waiting.starts).toHaveLength(1);
    waiting.run(minutes(2), { temperature: 10 });
    expect(waiting.starts).toHaveLength(2);
  });

  it("looks ahead: a room that warms quickly gets less heat than one that stands still", () => {
    const still = new Rig(settings).run(minutes(10), { temperature: 18.5 });
    const rising = new Rig(settings);
    for (let step = 0; step < 60; step += 1) rising.run(seconds(10), { temperature: 18 + step / 120 });
    expect(rising.demand).toBeLessThan(still.demand - 10);
  });

  it("asks for the same whether readings come every 2 s or every 10 s", () => {
    const often = new Rig(settings).run(hours(2), { temperature: 18.8, everyS: 2 });
    const seldom = new Rig(settings).run(hours(2), { temperature: 18.8, everyS: 10 });
    expect(Math.abs(often.demand - seldom.demand)).toBeLessThan(1);
    expect(Math.abs(often.onS - seldom.onS)).toBeLessThan(150);
  });

  it("takes a gap of hours for no more than a minute of error", () => {
    const rig = new Rig(settings).run(minutes(5), { temperature: 18.5 });
    const { integral } = rig.state.regulator;
    rig.now += hours(5);
    rig.run(seconds(10), { temperature: 18.5 });
    expect(rig.state.regulator.integral - integral).toBeLessThan(0.01);
  });

  it("does not count time twice when the clock seems to go back", () => {
    const rig = new Rig(settings).run(minutes(5), { temperature: 18.5 });
    const { filter, regulator } = rig.state;
    rig.now -= 60_000;
    rig.run(seconds(10), { temperature: 30 });
    expect(rig.state.filter).toEqual(filter);
    expect(rig.state.regulator.integral).toBe(regulator.integral);
  });

  it("lowers its gain in a room that swings with every cycle, and raises it again when that ends", () => {
    const rig = new Rig(settings);
    const wave = (heightK: number, cycles: number) => {
      for (let step = 0; step < cycles * 54; step += 1) {
        rig.run(seconds(10), { temperature: 19 + heightK * Math.sin((step / 54) * 2 * Math.PI) });
      }
    };
    wave(0.02, 12);
    expect(rig.state.regulator.swing).toBeLessThan(0.15);
    wave(0.6, 24);
    expect(rig.state.regulator.swing).toBeGreaterThan(0.5);
    const swinging = rig.run(minutes(5), { temperature: 18.5 }).demand;
    wave(0.02, 60);
    expect(rig.state.regulator.swing).toBeLessThan(0.15);
    const calm = rig.run(minutes(5), { temperature: 18.5 }).demand;
    expect(calm - swinging).toBeGreaterThan(10);
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

  it("can be chosen and left while running without a jump of the integral or a debt", () => {
    const rig = new Rig(settings).run(hours(2), { temperature: 18.9 });
    const input = { temperature: celsius(18.9), target: celsius(19), heaterOn: false, isActive: true };
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
              nowMs: millis(now),
            });
            ({ state, heat } = output);
            const { integral, swing } = state.regulator;
            // One expectation per step: an `expect` costs more than the law.
            const sound =
              output.demand >= 0 &&
              output.demand <= 100 &&
              integral >= 0 &&
              integral <= 1 &&
              Math.abs(state.cycle.deficit) <= 1200 &&
              Number.isFinite(swing) &&
              Math.abs(state.filter?.slower ?? Number.NaN) <= 60;
            if (!sound) expect.unreachable(JSON.stringify(output));
          }
        }
      }),
      { numRuns: 150 },
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
          if (previous !== undefined) expect(at - previous).toBeGreaterThanOrEqual(cycleS * 1000);
        }
      }),
      { numRuns: 150 },
    );
  });
});
