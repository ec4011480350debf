/**
 * No sequence of inputs, faults and times leaves a safety rule broken. `STEPS=1000000` for a million steps, `SEED=…` to
 * play a run again.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { action, settings, World } from "./world.ts";

const wanted = Number(process.env["STEPS"] ?? 100_000);
const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);

describe("the safety rules", () => {
  it("hold for every sequence of inputs, faults, times and restarts", { timeout: 600_000 }, () => {
    let steps = 0;
    let heating = 0;
    let switches = 0;
    const began = performance.now();
    const holds = fc.property(
      settings,
      fc.array(action, { minLength: 20, maxLength: 80 }),
      (chosen, actions) => {
        const world = new World(chosen);
        for (const next of actions) world.play(next);
        steps += world.steps;
        heating += world.heater.filter(Boolean).length;
        switches += world.heater.filter((on, index) => on !== (world.heater[index - 1] ?? false)).length;
      },
    );
    try {
      for (let batch = 0; steps < wanted; batch++) fc.assert(holds, { seed: seed + batch, numRuns: 50 });
    } finally {
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      console.log(`SEED=${seed}: ${steps} steps (${heating} heating, ${switches} switches) in ${seconds} s`);
    }
    expect(steps).toBeGreaterThanOrEqual(wanted);
    // A device that never heats breaks no rule either: the run counts only if it did.
    expect(heating).toBeGreaterThan(steps / 50);
    expect(switches).toBeGreaterThan(steps / 2000);
  });

  it("SR-11: failing parts and the cloud's link change no command of the heater", {
    timeout: 600_000,
  }, () => {
    const same = fc.property(
      settings,
      fc.array(action, { minLength: 20, maxLength: 60 }),
      (chosen, actions) => {
        const failing = new World(chosen);
        const healthy = new World(chosen, true);
        for (const next of actions) {
          failing.play(next);
          healthy.play(next);
        }
        expect(failing.heater).toEqual(healthy.heater);
      },
    );
    fc.assert(same, { seed, numRuns: 40 });
  });

  it("SR-13: a button's wire that breaks for good changes no command of the heater", {
    timeout: 600_000,
  }, () => {
    // What presses and power cuts do is left out: the one acts, and the other is a start of its own.
    const calm = action.filter(
      ({ kind, ...rest }) =>
        kind !== "edge" && kind !== "restart" && !("request" in rest && rest.request.kind === "boost"),
    );
    const same = fc.property(
      settings,
      fc.array(calm, { minLength: 5, maxLength: 30 }),
      fc.array(calm, { minLength: 5, maxLength: 30 }),
      fc.constantFrom("b" as const, "mode" as const),
      (chosen, before, after, button) => {
        const broken = new World(chosen);
        const sound = new World(chosen);
        for (const world of [broken, sound]) for (const next of before) world.play(next);
        broken.play({ kind: "edge", button, pressed: true, dt: 20 });
        sound.play({ kind: "wait", dt: 20 });
        for (const world of [broken, sound]) {
          for (const ms of [4000, 61_000]) world.play({ kind: "look", ms });
          for (const next of after) world.play(next);
        }
        expect(broken.heater).toEqual(sound.heater);
      },
    );
    fc.assert(same, { seed, numRuns: 40 });
  });
});
