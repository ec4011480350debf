import { expect, test } from "vitest";
import { hours, minutes } from "../../src/base/units.ts";
import { type SimulationRow, simulate } from "../../src/firmware/simulation.ts";
import { builtInScenario } from "../../src/simulation/scenario/scenarios.ts";

async function played(): Promise<{ rows: SimulationRow[]; unmet: number }> {
  const rows: SimulationRow[] = [];
  const scenario = { ...builtInScenario("sensor-lost"), duration: hours(2) };
  const { unmet } = await simulate({ scenario, every: minutes(10), onRow: (row) => rows.push(row) });
  return { rows, unmet };
}

test("a scenario's device runs from the first moment, and does what the scenario expects of it", async () => {
  const first = await played();
  expect(first.unmet).toBe(0);
  expect(first.rows.filter((row) => row.observation === undefined)).toEqual([]);
  // The first play had the drivers to load, the second one has them: that shows nowhere.
  expect(await played()).toEqual(first);
});
