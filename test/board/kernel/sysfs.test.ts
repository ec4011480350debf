/** On a real file system: short files as sysfs has them. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { errnoOf } from "../../../src/base/errors.ts";
import { systemFiles } from "../../../src/board/kernel/sysfs.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sysfs-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

const codeOf = (action: () => unknown): string | undefined => {
  try {
    action();
  } catch (error) {
    return errnoOf(error);
  }
  return "nothing thrown";
};

describe("the files of sysfs", () => {
  it("are there or not, and are listed by name", () => {
    writeFileSync(at("value"), "");
    expect([systemFiles.exists(at("value")), systemFiles.exists(at("none"))]).toEqual([true, false]);
    expect(systemFiles.list(folder)).toEqual(["value"]);
    expect(codeOf(() => systemFiles.list(at("none")))).toBe("ENOENT");
  });

  it("are read without their line end", () => {
    writeFileSync(at("label"), "pinctrl-bcm2711\n");
    expect(systemFiles.read(at("label"))).toBe("pinctrl-bcm2711");
    expect(codeOf(() => systemFiles.read(at("none")))).toBe("ENOENT");
  });

  it("are written, never made: one that sysfs does not have is an error", () => {
    writeFileSync(at("value"), "0");
    systemFiles.write(at("value"), "1");
    expect(readFileSync(at("value"), "utf8")).toBe("1");
    expect(codeOf(() => systemFiles.write(at("none"), "1"))).toBe("ENOENT");
    expect(existsSync(at("none"))).toBe(false);
  });

  it.runIf(process.platform === "linux")("are not waited for when a FIFO is in their place", () => {
    spawnSync("mkfifo", [at("value")]);
    expect(systemFiles.read(at("value"))).toBe("");
    expect(codeOf(() => systemFiles.write(at("value"), "1"))).toBe("ENXIO");
  });

  it("are asked whether they may be written", () => {
    writeFileSync(at("value"), "0");
    expect(systemFiles.writable(at("value"))).toBe(true);
    expect(systemFiles.writable(at("none"))).toBe(false);
    if (process.getuid?.() === 0) return;
    chmodSync(at("value"), 0o400);
    expect(systemFiles.writable(at("value"))).toBe(false);
  });

  it("are tried again after a pause that blocks the thread", () => {
    const before = performance.now();
    systemFiles.blockFor(30);
    expect(performance.now() - before).toBeGreaterThanOrEqual(29);
  });
});

describe("the code of an error", () => {
  it.each([
    [Object.assign(new Error("busy"), { code: "EBUSY" }), "EBUSY"],
    [{ code: "EIO" }, "EIO"],
    [Object.assign(new Error("a number"), { code: 5 }), undefined],
    [new Error("none"), undefined],
    ["EBUSY", undefined],
    [null, undefined],
    [undefined, undefined],
  ])("of %j is %s", (error, code) => {
    expect(errnoOf(error)).toBe(code);
  });
});
