/** The gate on the network in every process of the firmware, as a package in each of them meets it. In real time. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packageRoot } from "../../src/firmware/process/package-root.ts";
import { FirmwareProcess, until } from "./firmware-process.ts";

/** Loopback, where nobody listens, and what no manifest of ours names. */
const stranger = "127.0.0.9";

/**
 * Preloaded into every process, as a dependency could be: tries a host until it is refused by the gate, and keeps the
 * refusal in a file for each process; at the end of a command it tries what is refused at once.
 */
const probe = (folder: string): string => `
  const { writeFileSync } = require("node:fs");
  const net = require("node:net");
  const [, program = "node", ...words] = process.argv;
  const role = [program.split("/").pop(), ...words.filter((word) => /^[a-z]+$/.test(word)).slice(0, 1)].join(" ");
  const keep = (how, message) =>
    writeFileSync(${JSON.stringify(folder)} + "/" + role + " " + how, message);
  const look = () => {
    net.connect(9, "${stranger}").on("error", (error) => {
      if (error.code === "EPERM") { keep("connect", error.message); clearInterval(timer); }
    });
  };
  const timer = setInterval(look, 50);
  timer.unref();
  process.on("exit", () => {
    try { process.binding("tcp_wrap"); keep("exit", "open"); } catch (error) { keep("exit", error.message); }
  });`;

describe("the gate on the network", () => {
  let folder: string;
  let file: string;
  const firmware: FirmwareProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "probe-"));
    file = join(folder, "probe.cjs");
    writeFileSync(file, probe(folder));
  });
  afterEach(async () => {
    for (const each of firmware.splice(0)) await each.cleanUp();
    rmSync(folder, { recursive: true });
  });
  const found = (name: string): string => readFileSync(join(folder, name), "utf8");

  it("stands in guardian, loop, cloud process and hub, in front of what was loaded before it", async () => {
    const running = new FirmwareProcess();
    firmware.push(running);
    running.nodeFlags = ["--require", file];
    running.startConnected();
    const processes = ["main.js run", "loop.js virtual", "cloud.js virtual", "main.js hub"];
    await until("each process to be refused", () =>
      // A file is there before its text is.
      processes.every(
        (name) => existsSync(join(folder, `${name} connect`)) && found(`${name} connect`) !== "",
      ),
    );
    for (const name of processes) {
      expect(found(`${name} connect`), name).toMatch(
        new RegExp(`^EPERM: a connection to ${stranger} .*"AllowedConnections": \\[.*"${stranger}"\\]`),
      );
    }
  });

  it.each([
    [["relay", "off", "--board", "virtual"]],
    [["doctor"]],
    [["board"]],
    [["manifest", "check", "--board", "virtual"]],
    [["settings"]],
    [["simulate", "--hours", "0.1"]],
  ])("stands in the command %j", (words) => {
    const main = join(packageRoot, "dist", "main.js");
    const env = { ...process.env, STATE_DIRECTORY: folder };
    spawnSync(process.execPath, ["--require", file, main, ...words], { env });
    expect(found(`main.js ${words[0]} exit`)).toMatch(/^EPERM: process\.binding/);
  });
});
