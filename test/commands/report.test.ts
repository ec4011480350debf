import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { readArguments } from "../../src/commands/line/verb.ts";
import { verb } from "../../src/commands/unit/report.ts";
import { aReport, clockAt, noon, reportsPlace, storeIn } from "../firmware/reports/rig.ts";
import { capturePrinted } from "./printed.ts";

async function place(printed: { text: string }) {
  const folder = await reportsPlace();
  const run = async (...argv: string[]) => {
    printed.text = "";
    await verb.run(readArguments(verb, [...argv, "--data", dirname(folder)]));
    return printed.text;
  };
  return { folder, run };
}

describe("report", () => {
  const printed = capturePrinted();

  it("says that there are none, and leaves no trace", async () => {
    const { run } = await place(printed);
    expect(await run()).toContain("There are no error reports.");
    expect(JSON.parse(await run("--json"))).toEqual([]);
  });

  it("lists them newest last, one in full by its number, and all in JSON", async () => {
    const { folder, run } = await place(printed);
    const clock = clockAt(noon);
    const events = [{ upMs: 3_598_500, level: "info", event: "board", text: "board=virtual" }] as const;
    await storeIn(folder, clock).add(
      aReport(clock, { code: "loop-lost", kind: "unclean-end", wallMs: 0, boot: "b" }),
    );
    await storeIn(folder, clock).add(aReport(clock, { events, heldBack: 3 }));
    const lines = (await run()).trim().split("\n");
    expect(lines[0]).toMatch(
      /^1 {2}at an unknown time {2}unclean-end {2}loop-lost {2}1\.0\.0 .*not sent yet/,
    );
    expect(lines[1]).toMatch(/^2 {2}2026-12-24T12:00:00Z {2}crash/);
    const whole = await run("2");
    expect(whole).toContain("-1.5 s  info  board board=virtual");
    expect(whole).toContain("3 earlier ones of this kind");
    const all = JSON.parse(await run("--json"));
    expect(all).toHaveLength(2);
    expect(all[0]).toMatchObject({ number: 1, at: null, clockTrusted: false, sent: false });
    await expect(run("7")).rejects.toThrow("There is no report 7.");
  });
});
