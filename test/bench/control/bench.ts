/**
 * `npm run bench:control`: how well the whole core heats, beside other thermostats, in the published scenarios and in
 * rooms that nobody tuned it for.
 *
 * --only NAME one scenario, or sweep, cost; --rooms N and --seed N of the sweep; --seeds N of the sensor's noise in the
 * scenarios; --json FILE; --plots FOLDER; --home-assistant its genuine generic_thermostat as well; --smoke a little of
 * everything, which fails only if a part does not run. Else a missed limit ends with exit code 1.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isMainThread, workerData } from "node:worker_threads";
import { HomeAssistant, obtainHomeAssistant } from "./contenders/home-assistant/home-assistant.ts";
import type { Contest, Remote } from "./contest.ts";
import { contest } from "./contest.ts";
import { stepCost } from "./cost.ts";
import { plot } from "./output/plot.ts";
import { contestText, costText, roomHeading, roomText, summaryText } from "./output/table.ts";
import { defaultSeed, drawRooms } from "./rooms.ts";
import type { Summary, SweptRoom } from "./sweep.ts";
import { summarise, sweepRoom } from "./sweep.ts";
import { limitsOf, missed, variants } from "./variants.ts";
import { serve, spread } from "./workers.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

interface Sweep {
  readonly count: number;
  readonly seed: number;
}

function options() {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      rooms: { type: "string", default: "200" },
      seed: { type: "string", default: String(defaultSeed) },
      seeds: { type: "string", default: "3" },
      json: { type: "string" },
      plots: { type: "string" },
      "home-assistant": { type: "boolean", default: false },
      smoke: { type: "boolean", default: false },
    },
  });
  return {
    ...values,
    rooms: values.smoke ? 4 : Number(values.rooms),
    seed: Number(values.seed),
    seeds: Array.from({ length: values.smoke ? 1 : Number(values.seeds) }, (_, index) => index + 1),
  };
}

function writePlot(folder: string, { variant, traces }: Contest): void {
  const { ours, pid } = traces;
  const lines = [
    { name: "set-point", colour: "#999", points: ours.setPoint },
    { name: "PID", colour: "#8ac", points: pid.air },
    { name: "grove-heater", colour: "#036", points: ours.air },
  ];
  const file = `${variant.name.replaceAll(/[^a-z0-9]+/gi, "-")}.svg`;
  writeFileSync(join(folder, file), plot(variant.name, lines, ours.on));
}

async function sweep(sweptBy: Sweep): Promise<Summary[]> {
  const drawn = drawRooms(sweptBy.count, sweptBy.seed);
  print(`\nsweep of ${sweptBy.count} rooms, seed ${sweptBy.seed}\n${roomHeading}`);
  const swept = await spread<SweptRoom>(import.meta.url, drawn.length, sweptBy, (index, room) => {
    const of = drawn[index];
    if (of) print(roomText(of, room));
  });
  return (["well-sized", "undersized"] as const).flatMap(
    (size) =>
      summarise(
        size,
        swept.filter((_, index) => drawn[index]?.size === size),
      ) ?? [],
  );
}

/** None, with a word why, where they cannot be had. */
async function genuinePeers(): Promise<Readonly<Record<string, () => Remote>>> {
  const missing = await obtainHomeAssistant();
  if (missing !== undefined) {
    print(`skipped: Home Assistant's generic_thermostat: ${missing}`);
    return {};
  }
  return {
    "Home Assistant 0.3 K": () => new HomeAssistant(0.3, 0),
    "Home Assistant 0.1 K, 5 min": () => new HomeAssistant(0.1, 300),
  };
}

async function main(): Promise<void> {
  const { only, rooms, seed, seeds, json, plots, smoke, "home-assistant": homeAssistant } = options();
  const chosen = (name: string) => only === undefined || only === name;
  if (plots !== undefined) mkdirSync(plots, { recursive: true });
  const remotes = homeAssistant ? await genuinePeers() : {};
  const contests: Contest[] = [];
  for (const variant of variants) {
    if (!chosen(variant.name)) continue;
    const played = await contest(variant, seeds, remotes);
    contests.push(played);
    print(contestText(played));
    if (plots !== undefined) writePlot(plots, played);
  }
  const summaries = chosen("sweep") ? await sweep({ count: rooms, seed }) : [];
  for (const summary of summaries) print(summaryText(summary));
  const cost = chosen("cost") ? stepCost(smoke ? 1 : 20) : undefined;
  if (cost) print(costText(cost));
  const misses = [
    ...contests.flatMap(({ variant, ours }) => missed(limitsOf(variant, ours), ours).map(() => variant.name)),
    ...summaries.flatMap(({ size, missed: what }) => what.map(() => `sweep, ${size}`)),
  ];
  print(misses.length > 0 ? `\nmissed: ${[...new Set(misses)].join("; ")}` : "\nnothing missed");
  if (json !== undefined) {
    const scenarios = contests.map(({ variant, ours, faults, peers }) => ({
      name: variant.name,
      ours,
      faults,
      peers,
    }));
    writeFileSync(
      json,
      `${JSON.stringify({ node: process.version, seed, scenarios, sweep: summaries, cost }, null, 2)}\n`,
    );
  }
  if (smoke) print(`${contests.length + summaries.length} passed, 0 failed`);
  process.exitCode = misses.length > 0 && !smoke ? 1 : 0;
}

if (isMainThread) await main();
else {
  const { count, seed } = workerData as Sweep;
  const drawn = drawRooms(count, seed);
  serve((index) => {
    const room = drawn[index];
    if (!room) throw new Error(`no room ${index}`);
    return sweepRoom(room);
  });
}
