/** The built firmware with slots: updates applied to a unit that runs, on the virtual hat. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { FirmwareProcess } from "../firmware-process.ts";
import { StagedProgram } from "./staged-program.ts";

let program: StagedProgram;
beforeAll(() => {
  program = new StagedProgram();
});
afterAll(() => program.remove());

function unit({ onTestFinished }: TestContext): FirmwareProcess {
  const device = new FirmwareProcess();
  device.main = program.main;
  onTestFinished(() => device.cleanUp());
  return device;
}

const status = (device: FirmwareProcess) => JSON.parse(device.command("update", "status", "--json").stdout);
const loopFile = (device: FirmwareProcess): string =>
  readFileSync(`/proc/${device.loopPid}/cmdline`, "utf8")
    .split("\0")
    .find((word) => word.endsWith("loop.js")) ?? "";

describe("the built firmware", () => {
  it("tries an update that is applied while it runs: the relay off, then the loop of the slot, which works", async (context) => {
    const device = unit(context);
    device.start();
    await device.event("first-decision");
    expect(loopFile(device)).toBe(`${program.root}/dist/loop.js`);
    const image = await program.image(6);
    expect(device.command("update", "apply", "--now", image).code).toBe(0);
    await device.event("update-starts");
    const from = device.log.length;
    const started = await device.event("program", from);
    expect(started).toMatchObject({ slot: "a", version: "0.6.0", trial: true });
    await device.event("first-decision", from);
    expect(loopFile(device)).toBe(`${device.data}/slots/a/dist/loop.js`);
    expect(status(device)).toMatchObject({
      active: null,
      trial: { slot: "a", startsLeft: 2 },
      waiting: null,
    });
    // SR-08: as after any restart, the new loop knows for how long the relay was off, or that nobody saw it on.
    const offs = device.log.filter(({ event }) => event === "relay-forced-off");
    expect(offs.length).toBeGreaterThanOrEqual(2);
  });

  it("goes back from one that throws at import, and says why", async (context) => {
    const device = unit(context);
    const image = await program.image(7, { loop: 'throw new Error("this release is broken");' });
    expect(device.command("update", "apply", image).code).toBe(0);
    device.start();
    await device.event("update-note");
    await device.event("first-decision");
    expect(device.log.filter(({ event }) => event === "program")).toHaveLength(3);
    expect(loopFile(device)).toBe(`${program.root}/dist/loop.js`);
    const { code, stdout } = device.command("update", "status");
    expect(code).toBe(1);
    expect(stdout).toContain("release 0.7.0 reverted: it did not prove its health in 3 starts");
    expect(device.command("update", "apply", image).stderr).toContain("Refused (known-bad)");
  });

  it("starts with its own program when the slots are a file", async (context) => {
    const device = unit(context);
    writeFileSync(`${device.data}/slots`, "?");
    device.start();
    await device.event("first-decision");
    await device.event("fault-raised", 0, ({ fault }) => fault === "firmware-unusable");
  });
});
