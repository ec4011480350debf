/** Settings that change while the device runs: what is stored, what is in force, what is refused. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { celsius } from "../../../src/base/units.ts";
import type { Request } from "../../../src/control/input.ts";
import { durableSystemFiles } from "../../../src/firmware/storage/durable-files.ts";
import { LiveSettings, type LiveSettingsOptions } from "../../../src/firmware/storage/live-settings.ts";
import { defaultSettings } from "../../../src/model/settings.ts";

function rig(text?: string, options: Partial<LiveSettingsOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "live-settings-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "settings.json");
  if (text !== undefined) writeFileSync(path, text);
  const requests: Request[] = [];
  const kept: string[] = [];
  const live = new LiveSettings({
    device: { request: (request: Request) => void requests.push(request) } as LiveSettingsOptions["device"],
    source: { path, named: false },
    data: { path: folder },
    files: durableSystemFiles,
    log: silentLog,
    settings: defaultSettings,
    problem: undefined,
    onStored: (stored) => kept.push(stored),
    ...options,
  });
  return { live, path, folder, requests, kept, file: () => readFileSync(path, "utf8") };
}

describe("settings that change while the device runs", () => {
  it("are in the file before they are in force, the others as they were", async () => {
    const { live, file, requests, kept } = rig('{"$schema": "x.json", "targetMin": 8}\n', {
      settings: { ...defaultSettings, targetMin: celsius(8) },
    });
    expect(await live.change({ targetMax: 25, conflictSchedule: "device-wins" })).toBeUndefined();
    expect(JSON.parse(file())).toEqual({
      $schema: "x.json",
      targetMin: 8,
      targetMax: 25,
      conflictSchedule: "device-wins",
    });
    expect(kept).toEqual([file()]);
    expect(requests).toEqual([
      expect.objectContaining({ kind: "use-settings", settings: live.values, source: "local" }),
    ]);
    expect(live.changed).toEqual({ targetMin: 8, targetMax: 25, conflictSchedule: "device-wins" });
  });

  it("go back to the default with null, and the file says nothing of it any more", async () => {
    const { live, file } = rig();
    await live.change({ law: "hysteresis" });
    await live.change({ law: null });
    expect([JSON.parse(file()), live.changed]).toEqual([{}, {}]);
  });

  it.each([
    [{ targetMax: 99 }, "7 to 35 °C"],
    [{ targetMax: 4 }, "targetMax"],
    [{ cutOff: 31 }, "targetMax + 2 K ≤ cutOff"],
    [{ law: "magic" }, "proportional, hysteresis"],
    [{ buttonsLocked: "yes" }, "must be a boolean"],
    [{ board: "virtual" }, "at a start only"],
    [{ nonsense: 1 }, "there is no setting nonsense"],
    [JSON.parse('{"__proto__": {}}'), "there is no setting __proto__"],
  ])("are refused as a whole when one is wrong: %j", async (changes, why) => {
    const { live, requests, kept } = rig();
    expect(await live.change({ hysteresis: 0.5, ...changes })).toContain(why);
    expect(await live.change(changes)).toContain(why);
    expect([live.changed, requests, kept]).toEqual([{}, [], []]);
  });

  it("write nothing when nothing changes", async () => {
    const text = '{"law":"hysteresis"}';
    const { live, file, kept } = rig(text, { settings: { ...defaultSettings, law: "hysteresis" } });
    expect(await live.change({ law: "hysteresis" })).toBeUndefined();
    expect([file(), kept]).toEqual([text, []]);
  });

  it("take over what was written into the file by hand, but for what needs a start", async () => {
    const { live } = rig('{"targetMax": 26, "sensorPeriodSeconds": 5}');
    await live.change({ law: "hysteresis" });
    expect(live.values).toMatchObject({ targetMax: 26, law: "hysteresis", sensorPeriodSeconds: 2 });
  });

  it("leave a file with a mistake as it is", async () => {
    for (const text of ["{", "[]", '{"targetMax": 99}']) {
      const { live, file, requests } = rig(text);
      expect(await live.change({ law: "hysteresis" })).toContain("has a mistake");
      expect([file(), requests]).toEqual([text, []]);
    }
    const { live } = rig("{}", { problem: new Error("bad") });
    expect(live.fixed).toContain("has a mistake");
    expect(await live.change({ law: "hysteresis" })).toContain("has a mistake");
  });

  it("cannot be changed where the file is outside of the data folder", async () => {
    const { folder } = rig();
    const data = join(folder, "data");
    mkdirSync(data);
    const { live } = rig("{}", { data: { path: data } });
    expect(live.fixed).toContain("outside of the data folder");
    expect(await live.change({ law: "hysteresis" })).toBe(live.fixed);
  });

  it("stay as they were when the disk does not take them", async () => {
    const fails = () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
    const { live, requests } = rig("{}", { files: { ...durableSystemFiles, writeDurably: fails } });
    expect(await live.change({ law: "hysteresis" })).toBe("the settings file cannot be written: ENOSPC");
    expect([live.changed, requests]).toEqual([{}, []]);
  });

  it("change one after the other", async () => {
    const { live, file } = rig();
    await Promise.all([live.change({ law: "hysteresis" }), live.change({ displayUnit: "F" })]);
    expect(JSON.parse(file())).toEqual({ law: "hysteresis", displayUnit: "F" });
  });
});
