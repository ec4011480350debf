/** A hundred real starts after hundred ends without warning, each with notes of some other process's number. */
import { afterEach, expect, it } from "vitest";
import { uniform } from "../../src/simulation/noise.ts";
import { FirmwareProcess, gone } from "./firmware-process.ts";
import { leaveNotes, someProcess } from "./stale-locks.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const starts = Number(process.env["STARTS"] ?? 100);

const firmware = new FirmwareProcess();
afterEach(() => firmware.cleanUp());

it(`the firmware starts ${starts} times of ${starts}`, { timeout: 3_600_000 }, async () => {
  const random = uniform(seed);
  for (let count = 1; count <= starts; count += 1) {
    const pid = someProcess(random);
    leaveNotes(firmware.data, pid);
    const from = firmware.log.length;
    firmware.start();
    await firmware.event("first-decision", from);
    expect(firmware.relay, `SEED=${seed}, start ${count}, process ${pid}`).toMatch(/^[01]$/);
    const { guardianPid, loopPid, watcherPid } = firmware;
    // As a power cut: none of them can tidy up.
    for (const each of [watcherPid, guardianPid, loopPid]) firmware.signal(each, "SIGKILL");
    for (const each of [watcherPid, loopPid]) await gone(each);
    await firmware.exit();
  }
});
