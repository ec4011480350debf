import { describe, expect, it } from "vitest";
import { exactDutyRipple, fullPowerDiscomfort } from "./bounds.ts";
import { Core } from "./contenders/core.ts";
import { onOff } from "./contenders/on-off.ts";
import { pid } from "./contenders/pid.ts";
import { matched } from "./matched.ts";
import { plot, Trace } from "./output/plot.ts";
import { Plant, settledAt } from "./plant.ts";
import { type Contender, play } from "./play.ts";
import { defaultSeed, drawRooms } from "./rooms.ts";
import { scenarios } from "./scenarios.ts";
import type { Score } from "./score.ts";
import type { SweptRoom } from "./sweep.ts";
import { ratio, summarise } from "./sweep.ts";
import { limitsOf, missed, settingsOf, variants } from "./variants.ts";

const within = (value: number, of: number, by: number) =>
  expect(Math.abs(value - of), `${value}`).toBeLessThan(by);

describe("the plant scores peers as the genuine ones were recorded to", () => {
  it("an on/off thermostat of 0.3 K in a cold start: 11.9 K·h, 0.92 K over, 0.8 starts an hour", () => {
    const { discomfort, over, startsPerHour } = play(scenarios["cold start"], onOff(0.3));
    within(discomfort, 11.9, 0.15);
    within(over, 0.92, 0.05);
    within(startsPerHour, 0.8, 0.15);
  });

  it("one of 0.1 K: steady RMSE 0.42 and 1.23 K from peak to peak, unreachable RMSE 0.502", () => {
    const { rmse, peakToPeak } = play(scenarios.steady, onOff(0.1));
    within(rmse, 0.42, 0.01);
    within(peakToPeak, 1.23, 0.03);
    within(play(scenarios.unreachable, onOff(0.1)).rmse, 0.502, 0.005);
  });

  it("a PID that winds up: step 0.52 K·h, window RMSE 0.355, set-back 9.12 K·h, unreachable RMSE 0.555", () => {
    const windingUp = () => pid({ periodS: 600, likeEspHome: true });
    const step = play(scenarios.step, windingUp());
    within(step.discomfort, 0.52, 0.02);
    within(step.over, 0.81, 0.02);
    const window = play(scenarios.window, windingUp());
    within(window.rmse, 0.355, 0.005);
    within(window.over, 1.11, 0.02);
    within(play(scenarios["set-back"], windingUp()).discomfort, 9.12, 0.05);
    within(play(scenarios.unreachable, windingUp()).rmse, 0.555, 0.005);
  });

  it("a perfect sensor without limit of starts: window 0.150 K·h, unreachable RMSE 0.476", () => {
    const perfect: Contender = { tick: (reading, target) => reading < target };
    const seen = (name: "window" | "unreachable") => {
      const room = { ...scenarios[name].room, sensorNoise: 0, sensorLag: 1 };
      return play({ ...scenarios[name], room, quantum: 1e-6, periodS: 1 }, perfect);
    };
    within(seen("window").discomfort, 0.15, 0.005);
    within(seen("unreachable").rmse, 0.476, 0.005);
  });
});

describe("the bounds", () => {
  it.each([
    [600, 0.06],
    [1200, 0.24],
    [1800, 0.53],
    [3600, 1.75],
  ])("exact duty every %i s ripples by %f K", (periodS, ripple) => {
    within(exactDutyRipple(scenarios.steady, 3600 / periodS)?.peakToPeak ?? 0, ripple, 0.03);
  });

  it("full power all the way costs 9.37 K·h in a cold start and 0.37 in a step", () => {
    within(fullPowerDiscomfort(scenarios["cold start"]), 9.37, 0.01);
    within(fullPowerDiscomfort(scenarios.step), 0.37, 0.01);
  });

  it("has none where the heater is too small", () => {
    expect(exactDutyRipple(scenarios.unreachable, 6)).toBeUndefined();
  });
});

describe("the plant", () => {
  it("stays where it was settled, at the duty that holds it", () => {
    const course = scenarios.steady;
    const start = settledAt(course.room, 19, 0);
    const plant = new Plant({ ...course, start }, 1);
    const power = ((start.heater - 19) / course.room.heaterExcess) * course.room.heaterPower;
    for (let second = 0; second < 3600; second++) plant.advanceSecond(power, plant.around(0));
    within(plant.state.air, 19, 1e-6);
    within(power, 22.8 * 19, 2);
  });

  it("takes what the heater draws apart from the command", () => {
    const dead = play({ ...scenarios.steady, hours: 30, power: () => 0 }, { tick: () => true });
    const welded = play({ ...scenarios.steady, hours: 30, power: () => 1000 }, { tick: () => false });
    expect(dead.energy).toBe(0);
    expect(dead.under).toBeGreaterThan(8);
    expect(welded.energy).toBeCloseTo(6);
    expect(welded.over).toBeGreaterThan(8);
  });

  it("is read in steps of the quantum", () => {
    const plant = new Plant({ ...scenarios.noise, quantum: 0.0625 }, 3);
    for (let count = 0; count < 50; count++) expect((plant.read() / 0.0625) % 1).toBeCloseTo(0, 1);
  });
});

describe("the drawn rooms", () => {
  const rooms = drawRooms(200);

  it(`are the same for the same seed, ${defaultSeed}`, () => {
    const figures = () => drawRooms(20).map(({ course }) => [course.room, course.start, course.gain(12)]);
    expect(figures()).toEqual(figures());
    expect(drawRooms(1, 12)[0]?.course.room).not.toEqual(rooms[0]?.course.room);
  });

  it("cover the range", () => {
    const spans = (of: (room: (typeof rooms)[number]) => number, low: number, high: number) => {
      const values = rooms.map(of);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...values)).toBeLessThanOrEqual(high);
      expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(0.8 * (high - low));
    };
    spans(({ timeConstantH }) => timeConstantH, 0.5, 60);
    spans(({ course }) => course.room.heaterPower, 300, 3000);
    spans(({ course }) => course.room.heaterTimeConstant, 40, 1500);
    spans(({ course }) => course.room.sensorLag, 60, 600);
    spans(({ course }) => course.room.sensorNoise, 0, 0.3);
    spans(({ course }) => course.quantum, 0.01, 0.5);
    spans(({ course }) => course.periodS, 1, 15);
  });

  it("are of both sizes, and a well-sized one can hold its set-point at the coldest hour", () => {
    const small = rooms.filter(({ size }) => size === "undersized");
    expect(small.length).toBeGreaterThan(40);
    expect(small.length).toBeLessThan(80);
    for (const { size, loss, course } of rooms) {
      const needed = loss * (course.target(3) - course.outside(3));
      expect(needed * 1.1 <= course.room.heaterPower).toBe(size === "well-sized");
    }
  });
});

describe("a matched peer", () => {
  it("starts as often as it may, and no more than 2 % more often", () => {
    const held = matched((periodS) => pid({ periodS }), scenarios.steady, 3, { seed: 1, shortestS: 120 });
    expect(held.score.startsPerHour).toBeLessThanOrEqual(3.06);
    expect(held.score.startsPerHour).toBeGreaterThan(2.8);
    const noisy = play({ ...scenarios.noise, hours: 30 }, pid({ periodS: 600 }));
    expect(noisy.startsPerHour).toBeLessThanOrEqual(6);
  });
});

const score = (changes: Partial<Score> = {}): Score => ({
  discomfort: 0,
  over: 0,
  under: 0,
  rmse: 0.1,
  peakToPeak: 0,
  startsPerHour: 3,
  energy: 1,
  ...changes,
});

describe("the verdict", () => {
  const swept = (ours: number, best: number): SweptRoom => ({
    ours: score({ rmse: ours }),
    raised: [],
    peers: {
      "on/off 0.3 K": score({ rmse: best + 1 }),
      "on/off 0.1 K": score({ rmse: best }),
      PID: score({ rmse: best + 2 }),
    },
  });

  it("names each limit that is missed, and the ripple's where that is limited", () => {
    const steady = variants.find(({ name }) => name === "steady");
    const fan = variants.find(({ name }) => name === "fan heater");
    if (!steady || !fan) throw new Error("no such variant");
    const rippling = score({ rmse: 0.06, peakToPeak: 0.26 });
    expect(missed(limitsOf(steady, rippling), rippling)).toEqual([{ figure: "peakToPeak", atMost: 0.25 }]);
    const bound = exactDutyRipple(scenarios["fan heater"], 6)?.peakToPeak ?? 0;
    expect(limitsOf(fan, score({ startsPerHour: 6 })).at(-1)?.atMost).toBeCloseTo(1.15 * bound);
  });

  it("compares with the best peer of each room", () => {
    expect(ratio(swept(0.5, 0.4))).toBeCloseTo(1.25);
    const all = summarise("well-sized", [swept(0.1, 0.2), swept(0.5, 0.4)]);
    expect(all).toMatchObject({ rooms: 2, share: 0.5, missed: ["95 % of rooms ≤ × 1", "none above × 1.1"] });
    expect(summarise("undersized", [swept(0.405, 0.4)])?.missed).toEqual([]);
    expect(summarise("undersized", [])).toBeUndefined();
  });

  it("plays a variant whose setting does not exist with the defaults, and says so", () => {
    const variant = {
      name: "x",
      scenario: "steady",
      settings: { nonesuch: 1, cutOff: 30 },
      limits: [],
    } as const;
    expect(settingsOf(variant)).toEqual({
      settings: { sensorPeriodSeconds: 10, cutOff: 30 },
      unknown: ["nonesuch"],
    });
  });
});

describe("our own core", () => {
  it("is driven through step alone: it warms the room, follows the set-point, and notes its faults", () => {
    const course = {
      ...scenarios.step,
      hours: 3,
      scoreFrom: 2,
      target: (hour: number) => (hour < 1 ? 19 : 20),
    };
    const core = new Core({ sensorPeriodSeconds: 10 });
    expect(play(course, core).rmse).toBeLessThan(0.5);
    expect(core.raised).toEqual([]);
    expect(core.device.state.panel.values.targetTemperature).toBe(20);
  });
});

describe("a plot", () => {
  it("shows temperature, set-point and the relay's hours", () => {
    const trace = new Trace(0, 2);
    const course = { ...scenarios.steady, hours: 2, scoreFrom: 0 };
    const everyOtherHour: Contender = { tick: (_reading, _target, second) => second < 3600 };
    play(course, everyOtherHour, { watch: trace.watch });
    expect(trace.on).toEqual([[0, 1]]);
    expect(trace.setPoint).toEqual([
      [0, 19],
      [expect.closeTo(2, 1), 19],
    ]);
    const drawn = plot("a < b", [{ name: "air", colour: "#036", points: trace.air }], trace.on);
    expect(drawn).toContain("a &lt; b");
    expect(drawn.match(/<polyline/g)).toHaveLength(1);
    expect(drawn).not.toContain("NaN");
  });
});
