import { describe, expect, it } from "vitest";
import { seconds } from "../../../src/base/units.ts";
import { roomPresets } from "../../../src/simulation/room/room.ts";
import type { Controller, ScenarioName, Score } from "./scoring.ts";
import { defaultLaw, hysteresisPeer, ours, pidPeer, play, scenarios } from "./scoring.ts";
import { drawRooms, settled, unavoidableRipple, warmUp } from "./scoring-rooms.ts";

const known = new Map<string, Score>();

/** The worst of three seeds, figure by figure. */
function worst(name: ScenarioName, controller: () => Controller): Score {
  const key = `${name} ${controller.name}`;
  const score = known.get(key) ?? worstOf(name, controller);
  known.set(key, score);
  return score;
}

function worstOf(name: ScenarioName, controller: () => Controller): Score {
  const scores = [1, 2, 3].map((seed) => play(scenarios[name], controller(), seed));
  const top = (figure: keyof Score) => Math.max(...scores.map((score) => score[figure]));
  return {
    discomfort: top("discomfort"),
    over: top("over"),
    rmse: top("rmse"),
    peakToPeak: top("peakToPeak"),
    cyclesPerHour: top("cyclesPerHour"),
  };
}

describe("the bench", () => {
  it("scores plain hysteresis as it was scored elsewhere: cold start 11.9 K·h and 0.92 K over, steady RMSE 0.42", () => {
    const cold = play(scenarios.coldStart, hysteresisPeer(0.3));
    expect(cold.discomfort).toBeCloseTo(11.9, 0);
    expect(Math.abs(cold.over - 0.92)).toBeLessThan(0.04);
    const steady = play(scenarios.steady, hysteresisPeer(0.1));
    expect(Math.abs(steady.rmse - 0.42)).toBeLessThan(0.02);
    expect(Math.abs(steady.peakToPeak - 1.23)).toBeLessThan(0.03);
  });

  it("scores the PID as it was scored elsewhere: window RMSE 0.355, step 0.52 K·h and 0.81 K over", () => {
    expect(Math.abs(play(scenarios.window, pidPeer()).rmse - 0.355)).toBeLessThan(0.01);
    const step = play(scenarios.step, pidPeer());
    expect(Math.abs(step.discomfort - 0.52)).toBeLessThan(0.02);
    expect(Math.abs(step.over - 0.81)).toBeLessThan(0.02);
  });
});

describe("the proportional law against the best peer with at most 7.5 starts an hour", () => {
  // Figures: what issue 11 asks for or a peer has on record → ours, the worst of three seeds. Where the ripple limit of
  // 0.25 K allows fewer starts, a peer at twice as many swings less.
  it.each<[ScenarioName, keyof Score, number]>([
    ["coldStart", "discomfort", 9.39], // → 9.38; full power all the way is 9.37
    ["coldStart", "over", 0.25], // → 0.18
    ["steady", "rmse", 0.08], // → 0.073, at 3.5 to 4 starts an hour
    ["steady", "peakToPeak", 0.33], // → 0.31
    ["step", "discomfort", 0.52], // → 0.45; the bound is 0.37
    ["step", "over", 0.2], // → 0.13
    ["setBack", "discomfort", 9.12], // → 8.7
    ["window", "rmse", 0.324], // → 0.263
    ["window", "discomfort", 0.3], // → 0.23
    ["window", "over", 0.5], // → 0.15
    ["noise", "rmse", 0.095], // → 0.088
    ["fanHeater", "rmse", 0.15], // → 0.139
    ["fanHeater", "peakToPeak", 0.71], // → 0.60
  ])("is at least as good: %s, %s, %d", (name, figure, peer) => {
    expect(worst(name, ours)[figure]).toBeLessThanOrEqual(peer);
  });

  it.each(Object.keys(scenarios) as ScenarioName[])("starts at most 7 times an hour: %s", (name) => {
    expect(worst(name, ours).cyclesPerHour).toBeLessThanOrEqual(7);
  });

  it("comes within 6 % of a thermostat with a perfect sensor where the set-point is out of reach", () => {
    const perfectRoom = { ...roomPresets.smallHeater, sensorLag: 1.01, sensorNoise: 0 };
    const perfect = play({ ...scenarios.unreachable, room: perfectRoom }, (reading) => reading < 19);
    expect(worst("unreachable", ours).rmse).toBeLessThan(perfect.rmse * 1.06);
  });

  it("does not overheat by more than 0.3 K when the weather turns mild after a day too cold for the heater", () => {
    expect(worst("thaw", ours).over).toBeLessThan(0.3);
  });
});

describe("the proportional law without tuning", () => {
  const rooms = drawRooms(32, 1).map((drawn) => ({ drawn, ripple: unavoidableRipple(drawn, 540) }));

  it("holds every room of the range without swinging by itself", () => {
    for (const { drawn, ripple } of rooms) {
      const score = play(settled(drawn), ours());
      expect(score.peakToPeak, JSON.stringify(drawn)).toBeLessThan(1.6 * ripple + 0.65);
      expect(score.cyclesPerHour, JSON.stringify(drawn)).toBeLessThanOrEqual(7);
    }
  });

  it("overshoots a warm-up by 1 K at most, and in light rooms by their ripple more", () => {
    for (const { drawn, ripple } of rooms) {
      const { over } = play(warmUp(drawn), ours());
      // A shed is another room than the default: it is learned while it overshoots for the first time.
      const shed = drawn.timeConstantH < 3 ? 2.5 : 0;
      const light = drawn.timeConstantH < 10 ? 0.8 + shed + ripple / 2 : 0;
      expect(over - ripple / 2, JSON.stringify(drawn)).toBeLessThan(1 + light);
    }
  });

  it.each([
    [60, 120],
    [240, 240],
    [600, 600],
  ])("keeps an oil radiator within 0.6 K with minimum times of %d s and %d s", (onS, offS) => {
    const settings = { ...defaultLaw, minimumOn: seconds(onS), minimumOff: seconds(offS) };
    expect(play(scenarios.steady, ours(settings)).over).toBeLessThan(0.6);
  });
});

describe("the hysteresis law", () => {
  it("switches no more often with a noisy sensor than with a good one", () => {
    const ourHysteresis = () => ours({ ...defaultLaw, law: "hysteresis" });
    expect(worst("noise", ourHysteresis).cyclesPerHour).toBeLessThan(1.5);
    expect(worst("steady", ourHysteresis).peakToPeak).toBeLessThan(1.9);
    expect(worst("steady", ourHysteresis).over).toBeLessThan(1.1);
  });
});
