/** How much faster than real time a simulated day runs, with every driver, byte and step of the real firmware. */
import { hours } from "../../src/base/units.ts";
import { simulate } from "../../src/firmware/simulation.ts";
import { builtInScenario } from "../../src/simulation/scenario/scenarios.ts";
import type { Figure } from "./figures.ts";

export async function simulationFigures(simulatedHours: number): Promise<Figure[]> {
  const scenario = { ...builtInScenario("day"), duration: hours(simulatedHours) };
  const startedAt = performance.now();
  await simulate({ scenario, every: hours(1), onRow: () => {} });
  const seconds = (performance.now() - startedAt) / 1000;
  return [
    { name: "simulated time / real time", value: (simulatedHours * 3600) / seconds, unit: "×" },
    { name: `${simulatedHours} simulated hours`, value: seconds, unit: "s" },
  ];
}
