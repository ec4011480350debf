/**
 * Whatever happens on the way, device and twin end as RR-1 to RR-9 say. `RUNS=1000000` for a million runs, `SEED=…` to play
 * one again.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { action, policy, TwinWorld } from "./twin-world.ts";

const runs = Number(process.env["RUNS"] ?? 10_000);
const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);

describe("the device twin", () => {
  it("ends by the rules after any edits, cuts, losses, repetitions and crashes", {
    timeout: 3_600_000,
  }, () => {
    const seen = { conflicts: 0, repeats: 0, refusals: 0, reports: 0 };
    const began = performance.now();
    const converges = fc.property(
      policy,
      fc.array(action, { minLength: 20, maxLength: 60 }),
      (chosen, actions) => {
        const world = new TwinWorld(chosen);
        for (const next of actions) world.play(next);
        world.rest();
        const { oracle } = world.device;
        seen.conflicts += oracle.conflicts;
        seen.repeats += oracle.repeats;
        seen.refusals += oracle.refusals;
        seen.reports += world.device.reports;
      },
    );
    try {
      fc.assert(converges, { seed, numRuns: runs });
    } finally {
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      console.log(`SEED=${seed}: ${runs} runs in ${seconds} s, ${JSON.stringify(seen)}`);
    }
    // A world in which nothing happens breaks no rule either.
    expect(seen.conflicts).toBeGreaterThan(runs / 10);
    expect(seen.repeats).toBeGreaterThan(runs / 100);
    expect(seen.refusals).toBeGreaterThan(runs / 10);
    expect(seen.reports).toBeGreaterThan(runs);
  });
});
