import { describe, expect, it } from "vitest";
import { hours } from "../../../src/base/units.ts";
import {
  builtInScenario,
  isScenarioName,
  scenarioNames,
  scenarioText,
} from "../../../src/simulation/scenario/scenarios.ts";
import { runScenario } from "../room/small-firmware.ts";

describe("the built-in scenarios", () => {
  it.each(scenarioNames)("%s: everything that it expects holds for the core", async (name) => {
    const run = await runScenario(builtInScenario(name));
    expect(run.unmet).toEqual([]);
  });

  it("give the same trace for the same seed, and another one for another", async () => {
    const scenario = { ...builtInScenario("sensor-troubles"), duration: hours(2) };
    const [once, again, other] = [
      await runScenario(scenario),
      await runScenario(scenario),
      await runScenario({ ...scenario, seed: 2 }),
    ];
    expect(again.trace).toEqual(once.trace);
    expect(again.hat.gpio.history(16)).toEqual(once.hat.gpio.history(16));
    expect(other.trace).not.toEqual(once.trace);
  });

  it("can be printed as files, and are known by name alone", () => {
    expect(JSON.parse(scenarioText("frost"))).toMatchObject({ settings: { frostInManual: true } });
    expect([isScenarioName("frost"), isScenarioName("toString")]).toEqual([true, false]);
  });
});
