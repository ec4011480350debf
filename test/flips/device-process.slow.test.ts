/**
 * The built firmware with its hub, each time started on a data folder with one file of the device damaged, those of its
 * cloud process among them: it heats, comes online and follows its twin within a minute. The hub's own files have a suite
 * of their own.
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { FirmwareProcess, type LogLine } from "../firmware/firmware-process.ts";
import { flipCount, flipText, playFlips } from "./flip.ts";

const minimumOffSeconds = 10;
/** Of real time, on a machine that is busy with other things; the minute is counted on the firmware's own clock. */
const patience = 4 * 60_000;

it("heats, comes online and follows its twin after damage to its files", {
  timeout: 60 * 60_000,
}, async () => {
  const [pristine, work] = ["pristine", "work"].map(() => mkdtempSync(join(tmpdir(), "grove-flips-"))) as [
    string,
    string,
  ];
  onTestFinished(() => {
    for (const folder of [pristine, work]) rmSync(folder, { recursive: true, force: true });
  });
  const first = new FirmwareProcess();
  first.settings({ sensorPeriodSeconds: 1, minimumOffSeconds });
  first.startConnected();
  await first.event("cloud-online");
  await first.heaterOn();
  await follow(first, 24);
  first.signal(first.guardianPid, "SIGTERM");
  await first.exit();
  cpSync(first.data, pristine, { recursive: true });
  await first.cleanUp();
  await playFlips({
    pristine,
    work,
    flips: flipCount(12),
    isTarget: (file) => !/^(virtual-hat|hub)\//.test(file),
    async startAndCheck(folder, flip) {
      console.log(flipText(flip));
      const device = new FirmwareProcess(folder);
      device.startConnected();
      try {
        const [heat] = await inTime(
          Promise.all([device.heaterOn(), device.event("cloud-online").then(() => follow(device, 25))]),
        );
        expect(device.log.map(({ event }) => event)).not.toContain("loop-lost");
        const seconds = (Date.parse(timeOf(heat)) - Date.parse(timeOf(device.log[0]))) / 1000;
        expect(seconds).toBeLessThan(60 + minimumOffSeconds);
        device.signal(device.guardianPid, "SIGTERM");
        expect(await device.exit()).toBe(0);
      } catch (error) {
        console.log(device.log.map((line) => JSON.stringify(line)).join("\n"));
        throw error;
      } finally {
        await device.cleanUp();
      }
    },
  });
});

const timeOf = (line: LogLine | undefined): string => String(line?.["time"]);

/** A hub's user sets the set-point. */
async function follow(device: FirmwareProcess, target: number): Promise<void> {
  const page = String((await device.event("local-hub"))["page"]);
  const [found] = (await (await fetch(new URL("/api/devices", page))).json()) as { readonly id: string }[];
  const edited = await fetch(new URL(`/api/devices/${found?.id}/desired`, page), {
    method: "PATCH",
    headers: { "content-type": "application/json", origin: new URL(page).origin },
    body: JSON.stringify({ properties: { targetTemperature: target } }),
  });
  expect(edited.status).toBe(200);
  await device.event("target", 0, (line) => line["to"] === target);
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no heat or no twin after ${patience / 1000} s`)), patience);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
