import { describe, expect, it } from "vitest";
import { fuzz } from "./harness.ts";
import { targets } from "./targets/targets.ts";

const cases = Number(process.env["FUZZ"] ?? 300);
const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const only = process.env["CASE"] === undefined ? undefined : Number(process.env["CASE"]);

describe("whatever comes in", () => {
  it.each(targets.map((target) => [target.name, target] as const))(
    "%s: is taken or refused, and never throws or hangs",
    { timeout: 3_600_000 },
    async (name, target) => {
      const { taken, seconds, slowestMs } = await fuzz(target, seed, cases, only);
      const figures = `${cases} cases, ${taken} taken, ${seconds.toFixed(1)} s, slowest ${slowestMs.toFixed(0)} ms`;
      console.log(`${name}: SEED=${seed}, ${figures}`);
      // Of a few hundred damaged files with a checksum it may well be that none is whole; every sample was taken before.
      if (only === undefined && cases >= 10_000) expect(taken).toBeGreaterThan(0);
    },
  );

  it("is found: a reader that throws, with the input and how to play it again", async () => {
    const broken = {
      name: "broken",
      samples: ['{"a":1}'],
      read: (input: Buffer) => input.length < 20 || fail(),
    };
    await expect(fuzz(broken, 1, 300)).rejects.toThrow(/^broken, SEED=1 CASE=\d+: Error: found\ninput/);
  });
});

function fail(): never {
  throw new Error("found");
}
