import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { folderDisk } from "../../src/base/files/folder-disk.ts";
import { momentOf } from "../../src/commands/line/moment.ts";
import { readArguments } from "../../src/commands/line/verb.ts";
import { verb } from "../../src/commands/running-device/history.ts";
import { dayOf } from "../../src/firmware/history/export.ts";
import type { HistoryRow } from "../../src/firmware/history/row.ts";
import { historyFolder } from "../../src/firmware/history/segment.ts";
import { HistoryStore } from "../../src/firmware/history/store.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import { minuteMs, rowAt } from "../firmware/history/rig.ts";
import { capturePrinted } from "./printed.ts";

const now = Date.UTC(2026, 11, 25, 12);
const args = (...argv: string[]) => readArguments(verb, argv);

describe("history", () => {
  const printed = capturePrinted();
  let warned = "";
  beforeEach(() => {
    warned = "";
    vi.spyOn(systemClock, "wallNow").mockReturnValue(now as never);
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      warned += String(text);
      return true;
    });
  });

  async function place(rows: readonly HistoryRow[] = [], settings?: object) {
    const data = mkdtempSync(join(tmpdir(), "history-"));
    onTestFinished(() => rmSync(data, { recursive: true }));
    if (settings !== undefined) writeFileSync(join(data, "settings.json"), JSON.stringify(settings));
    if (rows.length > 0) {
      const store = new HistoryStore(folderDisk(historyFolder(data)));
      await store.open();
      await store.append(rows);
    }
    const run = async (...argv: string[]) => {
      printed.text = "";
      expect(await verb.run(args(...argv, "--data", data))).toBe(0);
      return printed.text;
    };
    return { data, run };
  }

  /** Two days ago, and in the last day: half of each hour the heater was on. */
  const someRows = [
    ...[0, 1, 2].map((at) => rowAt(at - 2000)),
    ...Array.from({ length: 120 }, (_, at) => rowAt(at, { heaterSeconds: 30, setPoint: 20 })),
  ];

  it("says that nothing is recorded, in each form, and leaves no trace", async () => {
    const { data, run } = await place();
    expect(await run()).toMatch(/^time +room °C/);
    expect(warned).toContain("Nothing is recorded in this time.");
    expect(JSON.parse(await run("--json"))).toEqual([]);
    expect((await run("--csv")).trim().split("\n")).toHaveLength(1);
    expect(readdirSync(data)).toEqual([]);
  });

  it("shows the last day by the hour, with duty and hours, and what the heater was on in all", async () => {
    const { run } = await place(someRows);
    const lines = (await run()).trimEnd().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d +19\.5 +45 +20\.0 +40 +50 +0\.50 {2}auto$/);
    expect(lines[3]).toBe("In 2.00 h that were recorded: heater on for 1.00 h (50 %).");
  });

  it("derives energy per day from the heater's power, in the unit of the screen", async () => {
    const { run } = await place(someRows, { heaterPower: 1500, displayUnit: "F" });
    const text = await run("--every", "day", "--from", "1w");
    expect(text).toContain("room °F");
    const days = text.trimEnd().split("\n").slice(1, -1);
    expect(days.map((line) => line.split(/ {2,}/)[0])).toEqual(
      [...new Set(someRows.map(({ atMs }) => dayOf(atMs)))].map((at) =>
        expect.stringContaining(String(new Date(at).getDate())),
      ),
    );
    expect(text).toMatch(/67\.1 .* 1\.00 +1\.50 {2}auto/);
    expect(text).toContain("kWh.");
  });

  it("prints CSV and JSON in °C and UTC, by the minute", async () => {
    const { run } = await place(someRows, { heaterPower: 1500, displayUnit: "F" });
    const csv = (await run("--csv", "--every", "minute", "--from", "7d")).trim().split("\n");
    expect(csv).toHaveLength(1 + someRows.length);
    expect(csv.at(-1)).toBe("2026-12-24T13:59:00.000Z,true,60,19.5,45,20,40,30,0.013,auto,");
    const all = JSON.parse(await run("--json", "--every", "minute", "--from", "7d")) as object[];
    expect(all).toHaveLength(someRows.length);
    expect(all[0]).toMatchObject({ temperature: 19.5, heaterSeconds: 24, clockTrusted: true, faults: [] });
  });

  it("keeps a gap a gap, leaves a missing reading empty and marks a wrong clock", async () => {
    const { run } = await place([
      rowAt(1, { temperature: null, humidity: null, faults: ["sensor-stale"] }),
      rowAt(300, { clockTrusted: false }),
    ]);
    const lines = (await run("--every", "minute")).split("\n");
    expect(lines[1]).toMatch(/--\.- +-- .*sensor-stale$/);
    expect(lines[2]).toMatch(/:00\? /);
    expect(lines).toHaveLength(5);
  });

  it("leaves out what is damaged, and says how much", async () => {
    const { data, run } = await place(someRows);
    const [name = ""] = readdirSync(historyFolder(data));
    writeFileSync(join(historyFolder(data), name), "x\n", { flag: "a" });
    expect((await run("--every", "minute")).trim().split("\n")).toHaveLength(122);
    expect(warned).toContain("Left out: damaged rows 1,");
  });

  it.each([
    [["--from", "yesterday"], "invalid value: --from yesterday."],
    [["--from", "2026-02-31"], "invalid value: --from 2026-02-31."],
    [["--from", "1h", "--to", "2h"], "--from is not before --to."],
    [["--every", "week"], "invalid value: --every week."],
  ])("refuses %j", async (argv, message) => {
    const { run } = await place();
    await expect(run(...argv)).rejects.toThrow(message);
  });
});

describe("a moment", () => {
  it.each([
    ["90min", now - 90 * minuteMs],
    ["24h", now - 1440 * minuteMs],
    ["1.5d", now - 2160 * minuteMs],
    ["2026-11-01T18:30Z", Date.UTC(2026, 10, 1, 18, 30)],
    ["2026-11-01 18:30:15+01:00", Date.UTC(2026, 10, 1, 17, 30, 15)],
    ["2026-11-01", new Date(2026, 10, 1).getTime()],
    ["2026-11-01T06:00", new Date(2026, 10, 1, 6).getTime()],
  ])("%s", (text, at) => {
    expect(momentOf(args("--from", text), "from", now)).toBe(at);
  });
});
