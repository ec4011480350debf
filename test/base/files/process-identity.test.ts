/** Which process a number means. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { bootId, startOfProcess } from "../../../src/base/files/process-identity.ts";

/** A process that has ended and that its parent does not ask for: the kernel keeps it as a zombie. */
async function zombie(): Promise<number> {
  // `exec` leaves a program that never asks for the children of the shell before it.
  const parent = spawn("sh", ["-c", "sleep 600 & echo $!; exec sleep 600"]);
  onTestFinished(() => void parent.kill("SIGKILL"));
  const pid = await new Promise<number>((resolve) => {
    parent.stdout.once("data", (text) => resolve(Number(String(text))));
  });
  // The shell itself would ask for a child that ended before.
  await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, "utf8")).toBe("sleep\n");
  process.kill(pid, "SIGKILL");
  await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "utf8")).toMatch(/\) Z /);
  return pid;
}

describe.runIf(process.platform === "linux")("the start of a process", () => {
  it("is a number of ticks that stays the same while it lives", () => {
    const start = startOfProcess(process.pid);
    expect(start).toBeGreaterThan(0);
    expect(startOfProcess(process.pid)).toBe(start);
  });

  it("is unknown for one that has ended, also while its parent has not asked for it", async () => {
    expect(startOfProcess(await zombie())).toBeUndefined();
    expect(startOfProcess(2 ** 30)).toBeUndefined();
  });

  it.each([0, -1, Number.NaN, 1.5])("is unknown for %s, which is no process number", (pid) => {
    expect(startOfProcess(pid)).toBeUndefined();
  });

  it("belongs to a boot with an id", () => {
    expect(bootId()).toMatch(/^[0-9a-f-]{36}$/);
  });
});
