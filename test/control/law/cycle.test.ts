/** When the heater starts and stops for a demand: the debt of heat, the cycle, and what minimum times make of them. */
import { describe, expect, it } from "vitest";
import {
  type CycleState,
  follow,
  maxDeficit,
  mayStart,
  modulate,
  startCycle as standardCycle,
  updateDeficit,
} from "../../../src/control/law/cycle.ts";

const cycleS = 540;
const startCycle: CycleState = { ...standardCycle, lengthS: cycleS, shortestS: cycleS };
const times = { minimumOnS: 60, minimumOffS: 120 };
/** With half of full power the debt runs between −67.5 and +67.5 s. */
const band = (0.5 * 0.5 * cycleS) / 2;
const afterCycle = cycleS * 1000;

const off = (owed: number, startedMs?: number): CycleState => ({ ...startCycle, deficit: owed, startedMs });
const on = (owed: number, owedAtStart: number, startedMs: number | undefined = 0): CycleState => ({
  ...startCycle,
  deficit: owed,
  on: true,
  startedMs,
  deficitAtStart: owedAtStart,
});

describe("a start", () => {
  it("comes when the debt is worth one: three tenths of the band", () => {
    expect(modulate(off(0.29 * band), 0.5, times, 0)).toBe(false);
    expect(modulate(off(0.31 * band), 0.5, times, 0)).toBe(true);
  });

  it("waits until the minimum on time is owed where that is long", () => {
    const long = { minimumOnS: 600, minimumOffS: 120 };
    // A quarter of full power: 600 s of heat for 2400 s, so that the debt runs between −225 and +225 s.
    expect(modulate(off(224), 0.25, long, 0)).toBe(false);
    expect(modulate(off(226), 0.25, long, 0)).toBe(true);
  });

  it("is a whole cycle after the last one, or at once when nothing has started", () => {
    expect([
      mayStart(startCycle, 0),
      mayStart(off(0, 0), afterCycle - 1),
      mayStart(off(0, 0), afterCycle),
    ]).toEqual([true, false, true]);
    expect(modulate(off(200, 0), 0.5, times, afterCycle - 1)).toBe(false);
    expect(modulate(off(200, 0), 0.5, times, afterCycle)).toBe(true);
  });

  it("comes early, after the shortest cycle, when far more is owed than a cycle gives or full power is needed", () => {
    const long = { ...off(0, 0), lengthS: 1200, shortestS: 520 };
    const owed = 0.5 * 0.5 * 600 * 1.7;
    expect(modulate({ ...long, deficit: owed }, 0.5, times, 519_000)).toBe(false);
    expect(modulate({ ...long, deficit: owed }, 0.5, times, 520_000)).toBe(true);
    expect(modulate({ ...long, deficit: owed / 2 }, 0.5, times, 520_000)).toBe(false);
    expect(modulate(long, 1, times, 520_000)).toBe(true);
  });

  it("comes without any debt for full power, and never for none", () => {
    expect(modulate(off(-200), 1, times, 0)).toBe(true);
    expect(modulate(off(200), 0, times, 0)).toBe(false);
    expect(modulate(on(200, 0), 0, times, 0)).toBe(false);
  });
});

describe("a stop", () => {
  it("comes when as much was given in advance as was owed", () => {
    expect(modulate(on(-band + 1, band), 0.5, times, 1000)).toBe(true);
    expect(modulate(on(-band - 1, band), 0.5, times, 1000)).toBe(false);
  });

  it("comes earlier after a start with a larger debt, so that an error does not grow from cycle to cycle", () => {
    // Half of the 40 s that were owed beyond the band.
    expect(modulate(on(-band + 21, band + 40), 0.5, times, 1000)).toBe(true);
    expect(modulate(on(-band + 19, band + 40), 0.5, times, 1000)).toBe(false);
    expect(modulate(on(-band - 19, band - 40), 0.5, times, 1000)).toBe(true);
    expect(modulate(on(-band - 21, band - 40), 0.5, times, 1000)).toBe(false);
  });

  it("is at the band once the cycle is over, and where nobody knows when it began", () => {
    for (const [startedMs, now] of [
      [0, afterCycle],
      [undefined, 1000],
    ] as const) {
      expect(modulate({ ...on(-band + 1, band + 40), startedMs }, 0.5, times, now)).toBe(true);
      expect(modulate({ ...on(-band - 1, band - 40), startedMs }, 0.5, times, now)).toBe(false);
    }
  });

  it("does not come for full power", () => {
    expect(modulate(on(-200, 0), 1, times, 1000)).toBe(true);
  });
});

describe("the debt", () => {
  it("is what was asked for less what was given", () => {
    expect(updateDeficit(off(0), 0.25, 60, times).deficit).toBe(15);
    expect(updateDeficit(on(0, 0), 0.25, 60, times).deficit).toBe(-45);
  });

  it("is forgotten beyond a fifth of the cycle, or beyond what minimum times alone can cause", () => {
    const { minimumOffS } = times;
    expect([
      maxDeficit({ ...startCycle, lengthS: 1000 }, times),
      maxDeficit(startCycle, times),
      maxDeficit(startCycle, { ...times, minimumOffS: 900 }),
      maxDeficit(startCycle, { ...times, minimumOnS: 700 }),
    ]).toEqual([200, minimumOffS, 900, 700]);
    expect(updateDeficit(off(110), 0.9, 60, times).deficit).toBe(120);
    expect(updateDeficit(on(-110, 0), 0.1, 60, times).deficit).toBe(-120);
  });

  it("is dropped within minutes at full power and at none, where nothing can be made up for", () => {
    expect(updateDeficit(off(100), 1, 120, times).deficit).toBeCloseTo(100 / Math.E);
    expect(updateDeficit(on(-100, 0), 0, 120, times).deficit).toBeCloseTo(-100 / Math.E);
  });

  it("is noted when the heater goes on, and only then", () => {
    expect(follow(off(30, 5), true, 1000)).toEqual(on(30, 30, 1000));
    expect(follow(on(20, 30, 1000), true, 2000)).toEqual(on(20, 30, 1000));
    expect(follow(on(20, 30, 1000), false, 2000)).toEqual({ ...on(20, 30, 1000), on: false });
  });
});
