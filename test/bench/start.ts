/** From process start to the relay forced off and to the first decision, and memory, against bare Node.js. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type Figure, median, quantile } from "./figures.ts";
import { loopOf, pidOf, residentKiB } from "./processes.ts";

const firmware = ["dist/main.js", "run", "--offline", "--plain", "--log", "json", "--board", "virtual"];

/** The whole run of `node -e 0`, in ms. */
async function bareNode(): Promise<number> {
  const startedAt = performance.now();
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
  return performance.now() - startedAt;
}

/** Time from the spawn until each event stands in the log, in ms. */
async function firmwareStart(): Promise<{ readonly relayOff: number; readonly decision: number }> {
  const data = mkdtempSync(join(tmpdir(), "grove-heater-bench-"));
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...firmware, "--data", data], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const seen = new Map<string, number>();
  for await (const line of createInterface({ input: child.stdout })) {
    const { event } = JSON.parse(line) as { event: string };
    if (!seen.has(event)) seen.set(event, performance.now() - startedAt);
    if (event === "first-decision") child.kill("SIGTERM");
  }
  rmSync(data, { recursive: true, force: true });
  const relayOff = seen.get("relay-forced-off");
  const decision = seen.get("first-decision");
  if (relayOff === undefined || decision === undefined) throw new Error("the firmware did not start");
  return { relayOff, decision };
}

/** Interleaved, so that whatever else the machine does falls on both sides. */
export async function startFigures(rounds: number): Promise<Figure[]> {
  const bare: number[] = [];
  const relayOff: number[] = [];
  const decision: number[] = [];
  await firmwareStart();
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await bareNode());
    const start = await firmwareStart();
    relayOff.push(start.relayOff);
    decision.push(start.decision);
  }
  const base = median(bare);
  const note = `${rounds} rounds, medians; bare node ${base.toFixed(0)} ms`;
  return [
    {
      name: "start to relay forced off / bare node",
      value: median(relayOff) / base,
      unit: "×",
      limit: 2,
      note,
    },
    { name: "start to first decision / bare node", value: median(decision) / base, unit: "×", limit: 3.5 },
    { name: "start to first decision, p90", value: quantile(decision, 0.9), unit: "ms" },
  ];
}

/** Of the control loop's process, after it has run a while. */
export async function memoryFigures(settleMs: number): Promise<Figure[]> {
  const data = mkdtempSync(join(tmpdir(), "grove-heater-bench-"));
  const bare = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const guardian = spawn(process.execPath, [...firmware, "--data", data], { stdio: "ignore" });
  await sleep(settleMs);
  const base = residentKiB(pidOf(bare));
  const figures: Figure[] = [
    {
      name: "memory of the control loop / bare node",
      value: residentKiB(loopOf(guardian)) / base,
      unit: "×",
      limit: 1.6,
    },
    { name: "memory of the guardian / bare node", value: residentKiB(pidOf(guardian)) / base, unit: "×" },
    { name: "memory of the control loop", value: residentKiB(loopOf(guardian)) / 1024, unit: "MiB" },
  ];
  bare.kill();
  guardian.kill("SIGTERM");
  await once(guardian, "exit");
  rmSync(data, { recursive: true, force: true });
  return figures;
}
