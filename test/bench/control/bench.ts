/**
 * `npm run bench:control`: how well the whole core heats, beside other thermostats, in the published scenarios and in
 * rooms that nobody tuned it for.
 *
 * --only NAME one scenario, or sweep, cost, alarms (which takes long and runs on request alone); --rooms N and --seed N of the sweep; --seeds N of the sensor's noise in the
 * scenarios; --json FILE; --plots FOLDER; --home-assistant its genuine generic_thermostat as well; --smoke a little of
 * everything, which fails only if a part does not run. Else a missed limit ends with exit code 1.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isMainThread, workerData } from "node:worker_threads";
import type { Defect } from "./alarms.ts";
import { alarmRun, alarmText } from "./alarms.ts";
import { HomeAssistant, obtainHomeAssistant } from "./contenders/home-assistant/home-assistant.ts";
import type { Contest, Remote } from "./contest.ts";
import { contest } from "./contest.ts";
import { stepCost } from "./cost.ts";
import { plot } from "./output/plot.ts";
import { contestText, costText, roomHeading, roomText, summaryText } from "./output/table.ts";
import { shortened } from "./plant.ts";
import { defaultSeed, drawRooms } from "./rooms.ts";
import type { Summary, SweptRoom } from "./sweep.ts";
import { summarise, sweepRoom } from "./sweep.ts";
import { limitsOf, missed, variants } from "./variants.ts";
import { serve, spread } from "./workers.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

interface Sweep {
  readonly count: number;
  readonly seed: number;
  readonly smoke: boolean;
}

function optionsOf() {
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
  const { only, smoke } = values;
  const names = [...variants.map(({ name }) => name), "sweep", "cost", "alarms"];
  if (only !== undefined && !names.includes(only)) {
    process.stderr.write(
      `bench:control: nothing is called "${only}"; --only takes one of: ${names.join("; ")}\n`,
    );
    process.exit(64);
  }
  return {
    ...values,
    chosen: (name: string) => only === undefined || only === name,
    sweep: { count: smoke ? 4 : Number(values.rooms), seed: Number(values.seed), smoke },
    seeds: Array.from({ length: smoke ? 1 : Number(values.seeds) }, (_, index) => index + 1),
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

async function playSweep(asked: Sweep): Promise<{ summaries: Summary[]; rooms: object[] }> {
  const drawn = drawRooms(asked.count, asked.seed);
  print(`\nsweep of ${asked.count} rooms, seed ${asked.seed}\n${roomHeading}`);
  const swept = await spread<SweptRoom>(import.meta.url, drawn.length, asked, (index, room) => {
    const of = drawn[index];
    if (of) print(roomText(of, room));
  });
  const summaries = (["well-sized", "undersized"] as const).flatMap((size) => {
    const summary = summarise(
      size,
      swept.filter((_, index) => drawn[index]?.size === size),
    );
    if (summary) print(summaryText(summary));
    return summary ?? [];
  });
  const rooms = drawn.map(({ name, size, sizing, timeConstantH, course }, index) => {
    const { room, quantum, periodS } = course;
    return { name, size, sizing, timeConstantH, quantum, periodS, ...room, ...swept[index] };
  });
  return { summaries, rooms };
}

function playAlarms({ count, seed }: Sweep): void {
  for (const defect of ["dead", "welded"] as const satisfies readonly Defect[]) {
    const runs = drawRooms(count, seed).map((room) => alarmRun(room, defect));
    print(alarmText(defect, runs, seed));
  }
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

async function playContests(options: ReturnType<typeof optionsOf>): Promise<Contest[]> {
  const { chosen, seeds, plots, smoke } = options;
  const contests: Contest[] = [];
  const remotes = options["home-assistant"] ? await genuinePeers() : {};
  if (plots !== undefined) mkdirSync(plots, { recursive: true });
  for (const variant of variants.filter(({ name }) => chosen(name))) {
    const played = await contest(variant, { seeds, remotes, smoke });
    contests.push(played);
    print(contestText(played));
    if (plots !== undefined) writePlot(plots, played);
  }
  return contests;
}

async function main(): Promise<void> {
  const options = optionsOf();
  const { chosen, sweep, json, smoke } = options;
  if (options.only === "alarms") return playAlarms(sweep);
  const contests = await playContests(options);
  const { summaries, rooms } = chosen("sweep") ? await playSweep(sweep) : { summaries: [], rooms: [] };
  const cost = chosen("cost") ? stepCost(smoke ? 0.5 : 20) : undefined;
  if (cost) print(costText(cost));
  const misses = [
    ...contests
      .filter(({ variant, ours, faults }) => faults.length + missed(limitsOf(variant, ours), ours).length > 0)
      .map(({ variant }) => variant.name),
    ...summaries.filter((summary) => summary.missed.length > 0).map(({ size }) => `sweep, ${size}`),
    ...(cost && cost.step > 50 ? ["cost of a step"] : []),
    ...(cost && cost.year > 60 ? ["time of a year"] : []),
  ];
  if (json !== undefined) {
    const scenarios = contests.map(({ variant, traces: _, ...figures }) => ({
      name: variant.name,
      ...figures,
    }));
    const all = {
      node: process.version,
      seed: sweep.seed,
      scenarios,
      sweep: { summaries, rooms },
      cost,
      misses,
    };
    writeFileSync(json, `${JSON.stringify(all, null, 2)}\n`);
  }
  if (smoke) return print(`${contests.length + rooms.length} passed, 0 failed`);
  print(misses.length > 0 ? `\nmissed: ${misses.join("; ")}` : "\nnothing missed");
  process.exitCode = misses.length > 0 ? 1 : 0;
}

if (isMainThread) await main();
else {
  const { count, seed, smoke } = workerData as Sweep;
  const drawn = drawRooms(count, seed);
  serve((index) => {
    const room = drawn[index];
    if (!room) throw new Error(`no room ${index}`);
    return sweepRoom(smoke ? { ...room, course: shortened(room.course) } : room);
  });
}
