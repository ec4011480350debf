import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { report, verb } from "../../src/commands/doctor.ts";
import { readArguments } from "../../src/commands/line/verb.ts";
import type { Finding } from "../../src/firmware/doctor/finding.ts";
import { capturePrinted } from "./printed.ts";

const findings: readonly Finding[] = [
  { check: "node", status: "ok", detail: "Node.js 24.4.0" },
  {
    check: "i2c-device",
    status: "fail",
    detail: "/dev/i2c-1 is missing",
    remedy: "sudo raspi-config nonint do_i2c 0",
  },
  { check: "sensor", status: "skip", detail: "the bus cannot be used" },
  { check: "display", status: "skip", detail: "the bus cannot be used" },
  { check: "clock-sync", status: "skip", detail: "unknown" },
  { check: "power", status: "warn", detail: "too low", remedy: "Use a better supply" },
];

describe("the doctor's report", () => {
  const lines = (options: { colour: boolean; width: number | undefined }) =>
    report(findings, options).split("\n");

  it("is an aligned table with the remedies below, and ends with the count", () => {
    expect(lines({ colour: false, width: undefined }).slice(2)).toEqual([
      "✓ node        Node.js 24.4.0",
      "✗ i2c-device  /dev/i2c-1 is missing",
      "              → sudo raspi-config nonint do_i2c 0",
      "– 2 checks    the bus cannot be used (sensor, display)",
      "– clock-sync  unknown",
      "! power       too low",
      "              → Use a better supply",
      "",
      "1 ok, 1 warnings, 1 problems; 3 skipped",
    ]);
  });

  it("has colour only when asked for", () => {
    expect(report(findings, { colour: false, width: 80 })).not.toContain("\u001b");
    expect(report(findings, { colour: true, width: 80 })).toContain("\u001b[31m✗\u001b[0m");
  });

  it("keeps within the terminal, without breaking a word", () => {
    const [long] = [{ check: "x", status: "ok" as const, detail: `${"word ".repeat(30)}${"w".repeat(90)}` }];
    const text = report([long], { colour: false, width: 60 }).split("\n").slice(2);
    expect(text.filter((line) => line.length > 60)).toEqual([`     ${"w".repeat(90)}`]);
    expect(text[1]).toMatch(/^ {5}word/);
  });
});

describe("the verb doctor", () => {
  let data: string;
  const printed = capturePrinted();
  beforeEach(() => {
    data = join(mkdtempSync(join(tmpdir(), "grove-doctor-verb-")), "not-there");
  });
  afterEach(() => {
    rmSync(join(data, ".."), { recursive: true });
  });
  const doctor = (...flags: string[]) => verb.run(readArguments(verb, ["--data", data, ...flags]));

  it("prints JSON, ends with 0 when there is no problem, and creates no data folder", async () => {
    expect(await doctor("--board", "virtual", "--json")).toBe(0);
    const result = JSON.parse(printed.text);
    expect(result.ok).toBe(true);
    expect(result.findings).toContainEqual({
      check: "board",
      status: "ok",
      detail: "virtual: the virtual hat",
    });
    expect(existsSync(data)).toBe(false);
  });

  it("ends with 1 when something is to fix", async () => {
    expect(await doctor("--board", "no-such-board")).toBe(1);
    expect(printed.text).toMatch(/✗ board .*no-such-board/);
    expect(printed.text).toMatch(/, 1 problems/);
  });
});
