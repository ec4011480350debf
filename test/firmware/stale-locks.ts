/** The locks of a data folder as a power cut leaves them: their notes name a process of the boot before. */
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Number of a process: one that lives now, as after a boot where somebody else got it, or any. */
export function someProcess(random: () => number): number {
  const living = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const other = Number(living[Math.floor(random() * living.length)]);
  const kind = Math.floor(random() * 4);
  return [process.pid, process.ppid, other, 1 + Math.floor(random() * 4_194_304)][kind] ?? 1;
}

const startTicks = (pid: number): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")[19];
  } catch {
    return undefined;
  }
};

/** As a holder left them, in the boot before, under this number; with the very start time that it has now, if it lives. */
export function leaveNotes(data: string, pid: number): void {
  const boot = randomUUID();
  const ticks = Number(startTicks(pid) ?? 12_345);
  const pidNamespace = "pid:[4026531836]";
  const note = { pid, user: "root", dataFolder: data, pidNamespace, boot, startTicks: ticks };
  writeFileSync(join(data, "lock"), JSON.stringify(note));
  mkdirSync(join(data, "outbox"), { recursive: true });
  const outbox = join(data, "outbox", "lock");
  rmSync(outbox, { force: true });
  symlinkSync(`${pid} ${ticks} ${boot}`, outbox);
  mkdirSync(join(data, "hub"), { recursive: true });
  const page = "http://localhost:8780/";
  writeFileSync(
    join(data, "hub", "address"),
    JSON.stringify({ process: pid, page, host: "127.0.0.1", port: 9 }),
  );
}
