/**
 * `npm run bench [-- --smoke] [--json FILE] [--only PART]`: what the project promises about speed, measured on this
 * machine; of one part alone when it is named.
 *
 * Figures are ratios within one run wherever they can be. A missed limit ends with exit code 1, but for --smoke,
 * which only shows that every part of the benchmark runs.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { homeFigures } from "./at-home.ts";
import { busFigures } from "./bus-bytes.ts";
import { cloudMemoryFigures, cloudStartFigures } from "./cloud-cost.ts";
import { cloudPressFigures } from "./cloud-press.ts";
import { type Figure, table, withinLimit } from "./figures.ts";
import { fleetFigures } from "./fleet.ts";
import { jitterFigures } from "./jitter.ts";
import { pressFigures } from "./press.ts";
import { simulationFigures } from "./simulated-day.ts";
import { memoryFigures, startFigures } from "./start.ts";
import { updateFigures } from "./update.ts";
import { confirmedFigures } from "./update-confirmed.ts";

const { values } = parseArgs({
  options: { smoke: { type: "boolean" }, json: { type: "string" }, only: { type: "string" } },
});
const smoke = values.smoke === true;
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const fewDevices = { devices: 20, messagesEach: 10, rounds: 2, settleMs: 500 };
const manyDevices = { devices: 200, messagesEach: 100, rounds: 5, settleMs: 5000 };

const parts: readonly (readonly [name: string, run: () => Promise<Figure[]>])[] = [
  ["start", () => startFigures(smoke ? 2 : 15)],
  ["memory", () => memoryFigures(smoke ? 2000 : 15_000)],
  ["bus", busFigures],
  ["press", () => pressFigures(smoke ? 5 : 60)],
  ["jitter", () => jitterFigures(smoke ? 3000 : 20_000)],
  ["simulated day", () => simulationFigures(smoke ? 1 : 24)],
  ["press with cloud", () => cloudPressFigures(smoke ? 1 : 3, smoke ? 10 : 120)],
  ["memory with cloud", () => cloudMemoryFigures(smoke ? 3000 : 20_000)],
  ["at home", () => homeFigures(smoke ? 4000 : 60_000)],
  ["start with cloud", () => cloudStartFigures(smoke ? 2 : 15)],
  ["update", () => updateFigures(smoke ? 1 : 3, !smoke)],
  ["update confirmed", () => (smoke ? Promise.resolve([]) : confirmedFigures(3))],
  ["fleet", () => fleetFigures(smoke ? fewDevices : manyDevices)],
];
const chosen = parts.filter(([name]) => values.only === undefined || values.only === name);
if (chosen.length === 0) throw new Error(`--only takes one of: ${parts.map(([name]) => name).join(", ")}`);

const figures: Figure[] = [];
for (const [name, run] of chosen) {
  say(`measuring: ${name}…`);
  figures.push(...(await run()));
}
process.stdout.write(`${table(figures)}\n`);
const json = JSON.stringify({ node: process.version, figures }, null, 2);
if (values.json === undefined) process.stdout.write(`${json}\n`);
else writeFileSync(values.json, `${json}\n`);
const missed = figures.filter((figure) => !withinLimit(figure));
if (missed.length > 0) say(`missed: ${missed.map(({ name }) => name).join("; ")}`);
if (smoke) process.stdout.write(`${chosen.length} passed, 0 failed\n`);
process.exitCode = missed.length > 0 && !smoke ? 1 : 0;
