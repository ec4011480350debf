import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readSmallBytes, readSmallFile, SmallFileError } from "../../../src/base/files/small-file.ts";

const folder = mkdtempSync(join(tmpdir(), "small-file-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const limit = 1024;

const refusal = (path: string): Pick<SmallFileError, "code" | "problem"> | undefined => {
  try {
    readSmallFile(path, { limit });
  } catch (error) {
    if (error instanceof SmallFileError) return { code: error.code, problem: error.problem };
    throw error;
  }
  return undefined;
};

describe("a small file", () => {
  it("is read as a whole, up to its limit and through a link", () => {
    writeFileSync(at("whole"), "ä".repeat(limit / 2));
    symlinkSync(at("whole"), at("link"));
    expect(readSmallFile(at("whole"), { limit })).toBe("ä".repeat(limit / 2));
    expect(readSmallBytes(at("link"), { limit })).toHaveLength(limit);
    writeFileSync(at("empty"), "");
    expect(readSmallFile(at("empty"), { limit })).toBe("");
  });

  it("that is not there, or lies below a file, is none", () => {
    expect(readSmallFile(at("none"), { limit })).toBeUndefined();
    expect(readSmallFile(at("whole/below"), { limit })).toBeUndefined();
  });

  it("one byte above its limit is refused, not cut off", () => {
    writeFileSync(at("large"), "x".repeat(limit + 1));
    expect(refusal(at("large"))).toEqual({ code: "EFBIG", problem: "is too large (2 KiB; at most 1 KiB)" });
  });

  it("of 10 GB, which costs nothing to make, is refused by its size", () => {
    writeFileSync(at("sparse"), "");
    truncateSync(at("sparse"), 10 * 2 ** 30);
    expect(refusal(at("sparse"))).toEqual({
      code: "EFBIG",
      problem: "is too large (10240 MiB; at most 1 KiB)",
    });
  });

  it.each([
    [limit * 1024 - 1, "1024 KiB"],
    [limit * 1024 * 1.5, "1.5 MiB"],
    [limit * 1024 * 9.5, "9.5 MiB"],
    [limit * 1024 * 10.4, "10 MiB"],
  ])("of %d bytes is said to have a size of %s", (bytes, size) => {
    writeFileSync(at("sized"), "");
    truncateSync(at("sized"), Math.floor(bytes));
    expect(refusal(at("sized"))?.problem).toBe(`is too large (${size}; at most 1 KiB)`);
  });

  it.runIf(process.platform === "linux")("of the kernel, which claims to be empty, has the limit too", () => {
    expect(() => readSmallFile("/proc/self/stat", { limit: 10 })).toThrow(
      "/proc/self/stat is too large (1 KiB; at most 1 KiB)",
    );
    expect(readSmallFile("/proc/self/comm", { limit: 64 })).toMatch(/^[^\0]+\n$/);
  });

  it("names the file and itself in its refusal", () => {
    const path = at("folder-named");
    mkdirSync(path);
    expect(() => readSmallFile(path, { limit })).toThrow(
      expect.objectContaining({ name: "SmallFileError", message: `${path} is a folder, not a file` }),
    );
  });

  it.runIf(process.platform === "linux")("leaves no descriptor open, read or refused", () => {
    writeFileSync(at("read"), "1");
    const count = (): number => readdirSync("/proc/self/fd").length;
    const before = count();
    readSmallFile(at("read"), { limit });
    refusal(folder);
    expect(count()).toBe(before);
  });

  it("whose place a folder has is refused", () => {
    mkdirSync(at("folder"));
    expect(refusal(at("folder"))).toEqual({ code: "EISDIR", problem: "is a folder, not a file" });
  });

  it.runIf(process.platform === "linux")("whose place a FIFO has is refused at once, not waited for", () => {
    expect(spawnSync("mkfifo", [at("fifo")]).status).toBe(0);
    expect(refusal(at("fifo"))).toEqual({ code: "not-a-file", problem: "is a FIFO, not a file" });
  });

  it.runIf(process.platform === "linux")("whose place a device or a socket has is refused", async () => {
    expect(refusal("/dev/zero")).toEqual({ code: "not-a-file", problem: "is a device, not a file" });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at("socket"), resolve));
    expect(refusal(at("socket"))).toEqual({ code: "not-a-file", problem: "is a socket, not a file" });
    server.close();
  });

  it.runIf(process.platform === "linux")(
    "of the kernel, which claims to be empty, is read all the same",
    () => {
      expect(readSmallFile("/proc/self/stat", { limit: 4096 })).toContain(String(process.pid));
    },
  );

  it("keeps the system's code where it fails otherwise", () => {
    symlinkSync(at("circle"), at("circle"));
    expect(refusal(at("circle"))).toEqual({ code: "ELOOP", problem: "cannot be read (ELOOP)" });
  });
});
