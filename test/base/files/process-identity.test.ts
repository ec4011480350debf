/** Which process a number means. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { bootId, startOfProcess } from "../../../src/base/files/process-identity.ts";

/** A shell whose child has ended and is not asked for: the kernel keeps the child as a zombie. */
async function zombie(): Promise<number> {
  // `exec` leaves a program that never waits for the children of the shell before it.
  const parent: ChildProcess = spawn("sh", ["-c", "true & echo $!; exec sleep 600"]);
  onTestFinished(() => void parent.kill("SIGKILL"));
  const pid = await new Promise<number>((resolve) => {
    parent.stdout?.once("data", (text) => resolve(Number(String(text))));
  });
  for (let tries = 0; tries < 6000; tries += 1) {
    if (/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) return pid;
    await sleep(10);
  }
  throw new Error("the child did not end");
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
