/**
 * What page and Home Assistant cost beside the cloud: memory of all processes, processor time at rest, and what is handed
 * to the disk. Through the built firmware, at a local hub and a broker in this process.
 *
 * Rest: the heater is off and nobody touches anything, in a warm simulated room.
 */
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Aedes } from "aedes";
import { eventOf, startFirmware, stop } from "./cloud-cost.ts";
import { type Figure, median } from "./figures.ts";
import { withHub, writeCredentials } from "./hub-rig.ts";
import { familyOf, pidOf, processorMs, proportionalKiB, writtenBytes } from "./processes.ts";

const rows = [
  { name: "alone", flags: ["--offline", "--no-page"], cloud: false, broker: false },
  { name: "with page", flags: ["--offline"], cloud: false, broker: false },
  { name: "with cloud", flags: ["--no-page"], cloud: true, broker: false },
  { name: "with cloud, page and Home Assistant", flags: [], cloud: true, broker: true },
] as const;

const mebi = 1024;
const dayMs = 86_400_000;

export function homeFigures(settleMs: number): Promise<Figure[]> {
  return withHub(async ({ hub, place, folder }) => {
    const broker = await startBroker();
    const figures: Figure[] = [];
    try {
      for (const [index, row] of rows.entries()) {
        const [device] = await hub.call("enrol", [`bench-home-${index}`]);
        if (device === undefined) throw new Error("not enrolled");
        const data = join(folder, `home-${index}`);
        writeCredentials(data, place, device, "hub");
        if (row.broker)
          writeFileSync(join(data, "mqtt.json"), JSON.stringify({ url: `mqtt://127.0.0.1:${broker.port}` }), {
            mode: 0o600,
          });
        const run = startFirmware("--data", data, ...row.flags);
        try {
          await eventOf(run, ({ event }) => event === (row.cloud ? "cloud-online" : "first-decision"));
          figures.push(...(await figuresOf(row.name, pidOf(run), settleMs)));
        } finally {
          await stop(run);
        }
      }
    } finally {
      await broker.close();
    }
    return figures;
  });
}

async function figuresOf(name: string, guardian: number, settleMs: number): Promise<Figure[]> {
  // What loads late has loaded.
  await sleep(settleMs / 2);
  const family = familyOf(guardian);
  const before = { processor: sum(family.map(processorMs)), written: sum(family.map(writtenBytes)) };
  const start = performance.now();
  const memory: number[] = [];
  for (let sample = 0; sample < 10; sample += 1) {
    await sleep(settleMs / 20);
    memory.push(sum(family.map(proportionalKiB)));
  }
  const took = performance.now() - start;
  const processor = sum(family.map(processorMs)) - before.processor;
  const written = sum(family.map(writtenBytes)) - before.written;
  return [
    {
      name: `memory, PSS, ${name}`,
      value: median(memory) / mebi,
      unit: "MiB",
      note: `${family.length} processes`,
    },
    { name: `processor at rest, ${name}`, value: (100 * processor) / took, unit: "% of a core" },
    {
      name: `written in a day, ${name}`,
      value: (written / took) * (dayMs / 2 ** 20),
      unit: "MiB",
      note: `from ${(took / 1000).toFixed(0)} s`,
    },
  ];
}

async function startBroker(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the broker has no port");
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        broker.close(() => server.close(() => resolve()));
      }),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
