/**
 * Every stored file of the device, damaged at random, each time followed by a start: heat and the twin are there within a
 * minute (after the minimum off time, SR-08). In one process and virtual time, for the number; the built firmware and
 * the files of its cloud process are in device-process.slow.test.ts. FLIPS=2000 for more.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { seconds } from "../../src/base/units.ts";
import { packageRoot } from "../../src/firmware/process/package-root.ts";
import { startStored } from "../firmware/storage/stored-device.ts";
import { flipCount, flipText, playFlips } from "./flip.ts";

const minimumOffSeconds = 10;

it("heats and follows its twin after every damage to its files", { timeout: 30 * 60_000 }, async () => {
  const [pristine, work] = ["pristine", "work"].map(() => mkdtempSync(join(tmpdir(), "grove-flips-"))) as [
    string,
    string,
  ];
  onTestFinished(() => {
    for (const folder of [pristine, work]) rmSync(folder, { recursive: true, force: true });
  });
  // Its own board file stands among its files; what it imports is shipped.
  copyFileSync(join(packageRoot, "boards", "virtual.json"), join(pristine, "board.json"));
  const settings = { sensorPeriodSeconds: 1, minimumOffSeconds, targetMax: 25 };
  // Two runs, with other settings and another state in the second: there is a last generation of everything.
  for (const targetMax of [24, 25]) {
    writeFileSync(join(pristine, "settings.json"), JSON.stringify({ ...settings, targetMax }));
    const run = await startStored({ folder: pristine, board: join(pristine, "board.json") });
    await run.until("heat", run.heatDue, () => run.hat.contactClosed);
    await run.follow(targetMax - 2);
    await run.stop();
  }
  const kinds = new Map<string, number>();
  let lost = 0;
  await playFlips({
    pristine,
    work,
    flips: flipCount(400),
    isTarget: (file) => !file.startsWith("virtual-hat"),
    async startAndCheck(folder, flip) {
      const run = await startStored({ folder, board: join(folder, "board.json") });
      kinds.set(flip.file, (kinds.get(flip.file) ?? 0) + 1);
      // The newest or the one before: a set-point is never lost (a damaged file of settings may say other limits).
      const { targetTemperature } = run.device.inForce.values;
      if (flip.file !== "settings.json") expect([22, 23]).toContain(targetTemperature);
      if (run.device.activeFaults.includes("state-lost")) lost += 1;
      // A damaged file of settings may say another time, and be right: that is in force then.
      await run.until(`heat after ${flipText(flip)}`, run.heatDue, () => run.hat.contactClosed);
      expect(await run.follow(20.5)).toMatchObject({ value: 20.5, ac: 200 });
      expect(run.device.activeFaults).not.toContain("storage-failed");
      await run.until("the disk", seconds(30), () => run.device.stored);
      run.cutPower();
    },
  });
  console.log(`by file: ${JSON.stringify(Object.fromEntries(kinds))}; state lost and said so: ${lost}`);
  // Every file had its share: the names are those that a run leaves, and no others.
  expect([...kinds.keys()].sort()).toEqual(
    [
      "board.json",
      "last-good.json",
      "last-good.json.previous",
      "relay.json",
      "settings.json",
      "state.json",
      "state.json.previous",
    ].sort(),
  );
});
