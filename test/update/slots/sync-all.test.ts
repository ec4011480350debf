/** Putting a whole folder on the disk, with the program sync and without it. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { syncAll } from "../../../src/update/slots/sync-all.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sync-all-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

/** A program that notes its arguments, and ends with an exit code. */
function program(code: number): string {
  writeFileSync(at("program"), `#!/bin/sh\necho "$@" > ${at("told")}\nexit ${code}\n`);
  chmodSync(at("program"), 0o755);
  return at("program");
}

function image(): string {
  mkdirSync(at("image/dist"), { recursive: true });
  writeFileSync(at("image/dist/loop.js"), "heat();\n");
  execFileSync("mkfifo", [at("image/dist/fifo")]);
  return at("image");
}

describe("a whole folder", () => {
  it.runIf(process.platform === "linux")(
    "is put on the disk by the program, which is told where",
    async () => {
      await syncAll(image(), program(0));
      expect(readFileSync(at("told"), "utf8")).toBe(`-f ${at("image")}\n`);
    },
  );

  it.each([
    ["knows no -f", () => program(1)],
    ["is not there", () => at("none")],
    ["cannot be run", () => folder],
  ])("is put there file by file where the program %s, and a FIFO holds nothing up", async (_, given) => {
    await syncAll(image(), given());
  });

  it.each([
    ["program", () => "sync"],
    ["file by file", () => at("none")],
  ])("that is not there is an error (%s)", async (_, given) => {
    await expect(syncAll(at("nowhere"), given())).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("that is a file is an error, and stays", async () => {
    writeFileSync(at("file"), "x");
    await expect(syncAll(at("file"), at("none"))).rejects.toMatchObject({ code: "ENOTDIR" });
    expect(existsSync(at("file"))).toBe(true);
  });
});
