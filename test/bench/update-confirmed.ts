/**
 * The built firmware through a whole update on the virtual hat: from the moment that its feed assigns a release until the
 * owner could see it confirmed, and what all its processes write to the disk meanwhile.
 *
 * Of that time 60 s are the trial itself, which no machine makes shorter (firmware/update/trial.ts).
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { trialTicks } from "../../src/firmware/update/trial.ts";
import { FirmwareProcess, type LogLine } from "../firmware/firmware-process.ts";
import { StagedProgram } from "../firmware/update/staged-program.ts";
import { type Figure, median } from "./figures.ts";

interface Measured {
  readonly started: number;
  readonly confirmed: number;
  readonly written: number;
}

/** @param rounds of more than a minute each */
export async function confirmedFigures(rounds: number): Promise<Figure[]> {
  const program = new StagedProgram();
  try {
    const all: Measured[] = [];
    for (let round = 0; round < rounds; round += 1) all.push(await measured(program));
    const of = (name: keyof Measured): number => median(all.map((each) => each[name]));
    const note = `${rounds} rounds; a feed in a folder, the program without its packages, the heater off`;
    return [
      { name: "update: assigned until it runs on trial", value: of("started"), unit: "s", note },
      {
        name: "update: assigned until confirmed",
        value: of("confirmed"),
        unit: "s",
        note: `${trialTicks} s of it are the trial`,
      },
      {
        name: "update: written by all processes, assigned until confirmed",
        value: of("written") / 2 ** 20,
        unit: "MiB",
        note: "telemetry and state included; 0 on a disk in memory",
      },
    ];
  } finally {
    program.remove();
  }
}

async function measured(program: StagedProgram): Promise<Measured> {
  const device = new FirmwareProcess();
  device.main = program.main;
  try {
    const url = await program.publish(await program.image(6));
    writeFileSync(join(device.data, "updates.json"), JSON.stringify({ feed: { url, group: "home" } }), {
      mode: 0o600,
    });
    device.settings({ sensorPeriodSeconds: 1, updateDeferralHours: 0 });
    if (device.command("seal").code !== 0) throw new Error("it could not be sealed");
    device.startConnected();
    await device.event("first-decision");
    const before = written(device.guardianPid);
    device.command("update", "check");
    const assigned = await device.event("update-assigned");
    const trial = await device.event("program", 0, ({ slot }) => slot !== undefined);
    const confirmed = await device.event("update-report-sent", 0, ({ report }) => report === "confirmed");
    return {
      started: secondsBetween(assigned, trial),
      confirmed: secondsBetween(assigned, confirmed),
      written: written(device.guardianPid) - before,
    };
  } finally {
    await device.cleanUp();
  }
}

const secondsBetween = (from: LogLine, to: LogLine): number =>
  (Date.parse(String(to["time"])) - Date.parse(String(from["time"]))) / 1000;

/**
 * To any disk, by a process and all below it: those that have ended count in who waited for them (proc_pid_io(5),
 * `task_io_accounting`).
 */
function written(pid: number): number {
  const own = Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
  return childrenOf(pid).reduce((sum, child) => sum + writtenIfThere(child), own);
}

function writtenIfThere(pid: number): number {
  try {
    return written(pid);
  } catch {
    // It has ended since.
    return 0;
  }
}

const childrenOf = (pid: number): number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
