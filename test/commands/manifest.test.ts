import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readArguments } from "../../src/commands/line/verb.ts";
import { verb } from "../../src/commands/manifest.ts";
import { capturePrinted } from "./printed.ts";

let folder: string;
const printed = capturePrinted();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grove-heater-test-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const shipped = new URL("../../manifest/app_manifest.json", import.meta.url);
const check = (file: string) =>
  verb.run(readArguments(verb, ["check", "--board", "virtual", "--data", folder, "--file", file]));

describe("manifest check", () => {
  it("accepts the shipped manifest for the board", async () => {
    expect(await check(shipped.pathname)).toBe(0);
    expect(printed.text).toContain("valid for grove-heater on a simulated Grove Base Hat");
  });

  it("says what is granted: each line and bus, whom it may talk to, where it listens, how much it keeps, what it may defer", async () => {
    expect(await check(shipped.pathname)).toBe(0);
    const rows = printed.text.trimEnd().split("\n").slice(1);
    expect(rows.map((row) => row.trim().split(/ {2,}/)[0])).toEqual([
      "lines",
      "I²C",
      "connections",
      "listening",
      "storage",
      "updates",
    ]);
    const [lines, bus, hosts, ports, storage, updates] = rows;
    expect(lines).toMatch(/\$RELAY GPIO16\b/);
    expect(bus).toMatch(/bus 1 at .*0x44\b/);
    expect(hosts).toContain("azure-devices.net");
    expect(ports).toMatch(/\b8780\b/);
    expect(storage).toMatch(/\d+ KiB$/);
    expect(updates).toMatch(/may be deferred$/);
  });

  it("says the same as JSON", async () => {
    const args = ["check", "--board", "virtual", "--data", folder, "--json"];
    expect(await verb.run(readArguments(verb, args))).toBe(0);
    expect(JSON.parse(printed.text)).toMatchObject({
      gpio: { 16: "$RELAY" },
      i2c: [{ bus: 1, addresses: expect.arrayContaining([0x44]) }],
      tcpServerPorts: expect.arrayContaining([8780]),
    });
  });

  it("does not call a manifest good that keeps a line or the bus from the board", async () => {
    const manifest = JSON.parse(readFileSync(shipped, "utf8"));
    manifest.Capabilities.Gpio = manifest.Capabilities.Gpio.filter((name: string) => name !== "$RELAY");
    manifest.Capabilities.I2cMaster = [];
    manifest.Capabilities.I2cAddresses = {};
    const file = join(folder, "manifest.json");
    writeFileSync(file, JSON.stringify(manifest));
    await expect(check(file)).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringMatching(/does not grant \$RELAY \(Gpio\), I²C bus 1 \(I2cMaster\)/),
    });
    expect(printed.text).toBe("");
  });

  it("distinguishes a folder in its place from a missing file", async () => {
    await expect(check(folder)).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining("is a folder"),
    });
    await expect(check(join(folder, "none.json"))).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining("there is no manifest"),
    });
  });
});
