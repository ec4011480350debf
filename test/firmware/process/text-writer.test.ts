/** Writing to a reader that is slow, gone or held: a real pipe. */
import { spawnSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { LineWriter } from "../../../src/firmware/process/line-writer.ts";
import { TextWriter } from "../../../src/firmware/process/text-writer.ts";
import { until } from "../firmware-process.ts";

/** Both ends of a pipe; the writing one blocks, as a shell hands it to a program. */
function pipe() {
  const folder = mkdtempSync(join(tmpdir(), "grove-heater-pipe-"));
  const path = join(folder, "pipe");
  if (spawnSync("mkfifo", [path]).status !== 0) throw new Error("mkfifo failed");
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  onTestFinished(() => {
    closeSync(writer);
    rmSync(folder, { recursive: true });
  });
  const buffer = Buffer.alloc(1 << 16);
  const read = (): string => {
    try {
      return buffer.toString("utf8", 0, readSync(reader, buffer));
    } catch {
      return "";
    }
  };
  return { reader, writer, read, folder };
}

describe.runIf(process.platform === "linux")("the writer that never waits", () => {
  it("returns at once from a pipe that is full, without a thread, and loses nothing", async () => {
    const { writer, read } = pipe();
    const text = new TextWriter(writer);
    const long = "abcdefgh".repeat(1 << 16);
    text.write(long);
    text.write("the end");
    expect([text.busy, text.stuck]).toEqual([true, false]);
    let got = "";
    await until("all of it", () => {
      got += read();
      return got.endsWith("the end");
    });
    expect(got === `${long}the end`).toBe(true);
    expect(text.busy).toBe(false);
  });

  it("drops the text when the reader has closed", () => {
    const { reader, writer } = pipe();
    const text = new TextWriter(writer);
    text.write("a");
    closeSync(reader);
    text.write("b");
    expect(text.busy).toBe(false);
  });

  it("writes a whole text to a file, from the descriptor's present position", async () => {
    const { folder } = pipe();
    const path = join(folder, "file");
    const file = openSync(path, "a");
    const lines = new LineWriter(file);
    for (const line of ["one", "two", "three"]) lines.write(line);
    await lines.flush();
    expect(readFileSync(path, "utf8")).toBe("one\ntwo\nthree\n");
    closeSync(file);
  });

  it("reports how many lines a stalled reader has missed", async () => {
    const { writer, read } = pipe();
    const lines = new LineWriter(writer);
    for (let n = 0; n < 5000; n += 1) lines.write(`line ${n} ${"x".repeat(100)}`);
    let got = "";
    await until("the rest", () => {
      got += read();
      return got.includes("log-lines-dropped");
    });
    const whole = got.split("\n").filter((line) => line.startsWith("line ")).length;
    const dropped = /"log-lines-dropped","count":(\d+)/.exec(got)?.[1];
    expect(whole + Number(dropped)).toBe(5000);
  });
});
