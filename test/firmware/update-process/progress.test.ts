/** How far an update is, from the updater's report to the screen of a running device. */
import { describe, expect, it } from "vitest";
import { progressOf } from "../../../src/firmware/update-process/start-update-process.ts";
import { type FirmwareReport, updateStates } from "../../../src/model/cloud-model.ts";
import { startWith } from "../faults/cause.ts";

const report = (state: FirmwareReport["state"]) => ({ state, progress: 40 }) as FirmwareReport;

describe("an update on the screen of a device", () => {
  it("is shown while something happens, not while it waits", () => {
    expect(updateStates.filter((state) => progressOf(report(state)) !== undefined)).toEqual([
      "downloading",
      "installing",
      "starting",
      "on-trial",
    ]);
    expect(progressOf(report("downloading"))).toEqual({ state: "downloading", percent: 40 });
  });

  it("reaches the screen at once, and leaves it when it is over", async () => {
    const { device } = await startWith();
    const seen: unknown[] = [];
    device.watch(({ commands }) => seen.push(commands.screen.update));
    const update = { state: "downloading", percent: 7 } as const;
    device.setUpdate(update);
    device.setUpdate({ ...update });
    device.setUpdate(undefined);
    expect(seen).toEqual([update, undefined]);
    device.abandon();
  });
});
