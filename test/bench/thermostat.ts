/** Prints how our heating law scores beside other thermostats in simulated rooms. `--json` for machines. */
import type { Controller, ScenarioName, Score } from "../simulation/room/scoring.ts";
import { defaultLaw, hysteresisPeer, ours, pidPeer, play, scenarios } from "../simulation/room/scoring.ts";

const laws: Readonly<Record<string, () => Controller>> = {
  "grove-heater": () => ours(),
  "grove-heater, hysteresis": () => ours({ ...defaultLaw, law: "hysteresis" }),
  "PID, 600 s pulses": () => pidPeer(),
  "hysteresis ±0.1 K": () => hysteresisPeer(0.1),
};

/** What the peers themselves scored, with at most 7.5 starts an hour: recorded, not computed here. */
const recorded: Readonly<Partial<Record<ScenarioName, string>>> = {
  coldStart: "ESPHome PID 9.38 K·h, over 0.25 K; full power all the way 9.37 K·h",
  steady: "ESPHome PID RMSE 0.024, p-p 0.09 K, 7.2/h; HA ±0.1 K 0.42, 1.23 K",
  step: "ESPHome PID 0.52 K·h, over 0.81 K; HA ±0.1 K 0.95 K·h, 0.61 K; bound 0.37 K·h",
  setBack: "ESPHome PID 9.12 K·h, 5.5/h; HA ±0.1 K 10.99 K·h",
  window: "ESPHome PID RMSE 0.355, 0.43 K·h, over 1.11 K; HA ±0.1 K 0.443, 0.32 K·h, 0.97 K",
  noise: "HA ±0.1 K RMSE 0.161 at 5.0/h; ESPHome PID 0.060 at 25.5/h",
  fanHeater: "ESPHome PID RMSE 0.167, p-p 0.71 K, 7.0/h",
};

const rows = (Object.keys(scenarios) as ScenarioName[]).flatMap((scenario) =>
  Object.entries(laws).map(([law, make]) => ({ scenario, law, ...play(scenarios[scenario], make()) })),
);

if (process.argv.includes("--json")) console.log(JSON.stringify(rows, undefined, 2));
else print();

function print(): void {
  const cell = (value: number, digits: number) => value.toFixed(digits).padStart(9);
  const figures = (score: Score) =>
    cell(score.discomfort, 2) +
    cell(score.over, 2) +
    cell(score.rmse, 3) +
    cell(score.peakToPeak, 2) +
    cell(score.cyclesPerHour, 1);
  let last = "";
  for (const { scenario, law, ...score } of rows) {
    if (scenario !== last) {
      console.log(
        `\n${scenario.padEnd(26)}${["K·h", "over K", "RMSE", "p-p K", "starts/h"].map((name) => name.padStart(9)).join("")}`,
      );
      const note = recorded[scenario];
      if (note) console.log(`  on record: ${note}`);
    }
    last = scenario;
    console.log(`  ${law.padEnd(24)}${figures(score)}`);
  }
}
