/**
 * What the cloud costs a device: memory against the least program that connects with the same SDK, and the way to the
 * first decision against the same firmware without cloud. Through the built firmware, at a local hub.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Child, withoutCredentials } from "./child.ts";
import { type Figure, median } from "./figures.ts";
import { type HubRig, withHub, writeCredentials } from "./hub-rig.ts";
import { familyOf, loopOf, pidOf, proportionalKiB, residentKiB } from "./processes.ts";
import type { SdkServices } from "./sdk-child.ts";

const firmware = [
  process.env["BENCH_MAIN"] ?? "dist/main.js",
  "run",
  "--plain",
  "--log",
  "json",
  "--board",
  "virtual",
];

/** The loop's memory once it is connected and has run a while. */
export function cloudMemoryFigures(settleMs: number): Promise<Figure[]> {
  return withHub(async ({ hub, place, folder }) => {
    const [device, least] = await hub.call("enrol", ["bench-device", "bench-least"]);
    if (device === undefined || least === undefined) throw new Error("not enrolled");
    const data = writeCredentials(join(folder, "device"), place, device, "hub");
    const sdk = await Child.start<SdkServices>("sdk-child");
    const run = startFirmware("--data", data);
    try {
      await Promise.all([sdk.call("connect", least.connectionString, place.caPem), eventOf(run, isOnline)]);
      const loop: number[] = [];
      const bare: number[] = [];
      const all: number[] = [];
      const shares: number[] = [];
      // The heap breathes: the middle of the last third counts.
      await sleep((settleMs * 2) / 3);
      for (let sample = 0; sample < 10; sample += 1) {
        await sleep(settleMs / 30);
        loop.push(residentKiB(loopOf(run)));
        bare.push(residentKiB(sdk.pid));
        // Guardian, loop, cloud process and whatever else the run consists of.
        const family = familyOf(pidOf(run));
        all.push(sum(family.map(residentKiB)));
        shares.push(sum(family.map(proportionalKiB)));
      }
      const note = `${mebi(median(loop))} against ${mebi(median(bare))} MiB, both online with their twin`;
      const processes = `${familyOf(pidOf(run)).length} processes`;
      return [
        {
          name: "memory of the loop with cloud / least SDK program",
          value: median(loop) / median(bare),
          unit: "×",
          limit: 1,
          note,
        },
        {
          name: "memory of all processes with cloud, RSS",
          value: median(all) / 1024,
          unit: "MiB",
          note: processes,
        },
        { name: "memory of all processes with cloud, PSS", value: median(shares) / 1024, unit: "MiB" },
      ];
    } finally {
      await Promise.all([sdk.end(), stop(run)]);
    }
  });
}

/** Interleaved and in changing order, each in a folder of its own, so that every one is a first start. */
export function cloudStartFigures(rounds: number): Promise<Figure[]> {
  return withHub(async (rig) => {
    const [device] = await rig.hub.call("enrol", ["bench-start"]);
    if (device === undefined) throw new Error("not enrolled");
    writeCredentials(join(rig.folder, "credentials"), rig.place, device, "hub");
    const taken = { cloud: [] as number[], offline: [] as number[] };
    await firstDecision(rig, "warm-up", "cloud");
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 === 0 ? (["cloud", "offline"] as const) : (["offline", "cloud"] as const);
      for (const kind of order) taken[kind].push(await firstDecision(rig, `${kind}-${round}`, kind));
    }
    const [cloud, offline] = [median(taken.cloud), median(taken.offline)];
    const note = `${rounds} rounds, medians of ${cloud.toFixed(0)} and ${offline.toFixed(0)} ms; 0.05 is noise`;
    return [
      { name: "first decision, cloud / no cloud", value: cloud / offline, unit: "×", limit: 1.05, note },
    ];
  });
}

async function firstDecision({ folder }: HubRig, name: string, kind: "cloud" | "offline"): Promise<number> {
  const data = join(folder, name);
  cpSync(join(folder, "credentials"), data, { recursive: true });
  const startedAt = Date.now();
  const run = startFirmware("--data", data, ...(kind === "offline" ? ["--offline"] : []));
  const line = await eventOf(run, ({ event }) => event === "first-decision");
  await stop(run);
  // By the line's own time: what loads after it may hold up whoever reads it.
  return Date.parse(line.time) - startedAt;
}

interface LogLine {
  readonly time: string;
  readonly event: string;
  readonly state?: unknown;
}

const isOnline = ({ event }: LogLine): boolean => event === "cloud-online";

export function startFirmware(...flags: string[]): ChildProcess {
  const stdio = ["ignore", "pipe", "inherit"] as const;
  return spawn(process.execPath, [...firmware, ...flags], { stdio: [...stdio], env: withoutCredentials() });
}

/** Resolves at the first such line of the log; goes on reading, so that the pipe never fills. */
export function eventOf({ stdout }: ChildProcess, wanted: (line: LogLine) => boolean): Promise<LogLine> {
  return new Promise((resolve, reject) => {
    if (stdout === null) throw new Error("its log is not read");
    createInterface({ input: stdout })
      .on("line", (text) => {
        const line = JSON.parse(text) as LogLine;
        if (wanted(line)) resolve(line);
      })
      .on("close", () => reject(new Error("the firmware ended too soon")));
  });
}

export async function stop(run: ChildProcess): Promise<void> {
  if (run.exitCode !== null || run.signalCode !== null) return;
  const gone = once(run, "exit");
  run.kill("SIGTERM");
  await gone;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mebi = (kibi: number): string => (kibi / 1024).toFixed(1);
