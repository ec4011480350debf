/** A few hours; `npm run test:soak` plays thirty days; `DAYS=…` and `SEED=…` others. */
import { expect, it } from "vitest";
import { soak } from "./soak.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const days = Number(process.env["DAYS"] ?? 0.1);

it(`holds every rule through ${days} days of faults in every part`, { timeout: 7_200_000 }, async () => {
  console.log(`SEED=${seed} DAYS=${days}`);
  const began = performance.now();
  const { steps, heating, happened } = await soak(seed, days);
  const took = ((performance.now() - began) / 1000).toFixed(0);
  console.log(
    `SEED=${seed}: ${days} days, ${steps} steps (${heating} heating) in ${took} s: ${JSON.stringify(happened)}`,
  );
  expect(steps).toBeGreaterThan(days * 20_000);
  expect(heating).toBeGreaterThan(0);
});
