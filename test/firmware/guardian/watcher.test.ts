/** The watcher: its programs as they are, on files as sysfs has them, and a system that cannot start one. */
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { millis, minutes } from "../../../src/base/units.ts";
import type { OffFiles } from "../../../src/board/kernel/relay-off.ts";
import { WatcherProcess } from "../../../src/firmware/guardian/watcher.ts";
import { watcherCommand } from "../../../src/firmware/guardian/watcher-program.ts";
import { nativeFolder } from "../../../src/firmware/process/package-root.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { gone, until } from "../firmware-process.ts";

const noFiles: OffFiles = { kernelNumber: 5, exportFile: "", valueFile: "", directionFile: "", offLevel: 0 };

/** @param offLevel 1 for a relay that is on at the low level */
function line(offLevel: 0 | 1, exported = true) {
  const root = mkdtempSync(join(tmpdir(), "grove-heater-line-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, "gpio5");
  mkdirSync(folder);
  const files: OffFiles = {
    kernelNumber: 5,
    exportFile: join(root, "export"),
    valueFile: join(folder, "value"),
    directionFile: join(folder, "direction"),
    offLevel,
  };
  writeFileSync(files.exportFile, "");
  if (exported) writeFileSync(files.valueFile, offLevel === 0 ? "1\n" : "0\n");
  writeFileSync(files.directionFile, "in\n");
  const read = (file: string) => readFileSync(file, "utf8").trim();
  return { files, value: () => read(files.valueFile), direction: () => read(files.directionFile), read };
}

const builtProgram = join(nativeFolder, "relay-off");
const programs: [name: string, path: string][] = [
  ["the program", builtProgram],
  ["a shell, where there is no program", "/nowhere/relay-off"],
];

/** A watcher of this process, which stands for the guardian. */
function watch(files: OffFiles, built: string) {
  let shell: ChildProcess | undefined;
  const watcher = new WatcherProcess({
    clock: new VirtualClock(),
    log: silentLog,
    inherit: [],
    start: (access) => {
      const { program, flags, options } = watcherCommand(access, [], built);
      shell = spawn(program, flags, options);
      return shell;
    },
  });
  watcher.watch(files);
  if (shell?.pid === undefined) throw new Error("no shell");
  const { pid, stdin } = shell;
  onTestFinished(() => watcher.done());
  return { watcher, pid, guardianEnds: () => stdin?.destroy() };
}

describe.runIf(process.platform === "linux").each(programs)("the watcher's %s", (_, built) => {
  // Built where there is a compiler.
  beforeEach(({ skip }) => skip(built === builtProgram && !existsSync(built)));
  const watching = (files: OffFiles) => watch(files, built);

  for (const offLevel of [0, 1] as const) {
    it(`SR-01: drives the line ${offLevel === 0 ? "low" : "high"}, its off level, when the guardian ends`, async () => {
      const { files, value, direction } = line(offLevel);
      const { pid, guardianEnds } = watching(files);
      expect(value()).toBe(offLevel === 0 ? "1" : "0");
      guardianEnds();
      await gone(pid);
      expect([value(), direction()]).toEqual([String(offLevel), offLevel === 0 ? "low" : "high"]);
    });
  }

  it("exports a line that somebody gave back to the kernel", async () => {
    const { files, read } = line(0, false);
    const { pid, guardianEnds } = watching(files);
    guardianEnds();
    await gone(pid);
    expect(read(files.exportFile)).toBe("5");
  });

  it("writes nothing after it was told that all is done", async () => {
    const { files, value } = line(0);
    const { pid, watcher } = watching(files);
    watcher.done();
    await gone(pid);
    expect(value()).toBe("1");
  });

  it("writes again over a loop that still turns the line on, and kills it when it does not end", async () => {
    const { files, value } = line(0);
    const { watcher, pid, guardianEnds } = watching(files);
    const loop = spawn("/bin/sh", ["-c", `while :; do echo 1 >"${files.valueFile}"; sleep 0.03; done`], {
      stdio: "ignore",
    });
    onTestFinished(() => void loop.kill("SIGKILL"));
    const ended = new Promise((resolve) => loop.once("exit", (_, signal) => resolve(signal)));
    watcher.setLoop(loop.pid);
    guardianEnds();
    expect(await ended).toBe("SIGKILL");
    await gone(pid);
    expect(value()).toBe("0");
  });

  it("kills no process that has the number of a loop that is gone", async () => {
    const { files } = line(0);
    const { watcher, pid, guardianEnds } = watching(files);
    const stranger = spawn("sleep", ["60"], { stdio: "ignore" });
    onTestFinished(() => void stranger.kill("SIGKILL"));
    watcher.setLoop(stranger.pid);
    watcher.setLoop(undefined);
    guardianEnds();
    await gone(pid);
    expect(existsSync(`/proc/${stranger.pid}`)).toBe(true);
    expect(stranger.exitCode).toBeNull();
  });
});

describe.runIf(existsSync(builtProgram))("the watcher's program, beside a guardian that does nothing", () => {
  const loop = () => {
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    onTestFinished(() => void child.kill("SIGKILL"));
    return child;
  };

  it("SR-01: turns the line off when the loop ends, and again when the next one does", async () => {
    const { files, value } = line(0);
    const { watcher } = watch(files, builtProgram);
    for (let round = 0; round < 2; round += 1) {
      writeFileSync(files.valueFile, "1\n");
      const child = loop();
      watcher.setLoop(child.pid);
      child.kill("SIGKILL");
      await until("the line to be off", () => value() === "0");
    }
  });

  it("leaves the first word to a guardian that acts", async () => {
    const { files, value } = line(0);
    const { watcher, pid } = watch(files, builtProgram);
    const first = loop();
    watcher.setLoop(first.pid);
    first.kill("SIGKILL");
    watcher.setLoop(undefined);
    watcher.setLoop(loop().pid);
    watcher.done();
    await gone(pid);
    expect(value()).toBe("1");
  });

  it("is small: under 100 KiB on the card and 2 MiB in memory", async () => {
    const { pid } = watch(line(0).files, builtProgram);
    expect(statSync(builtProgram).size).toBeLessThan(100 * 1024);
    await until("it to run", () => readFileSync(`/proc/${pid}/comm`, "utf8") === "relay-off\n");
    const [, resident] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    expect(Number(resident)).toBeLessThan(2048);
  });
});

describe("a system that cannot start a watcher", () => {
  function rig(start: () => ChildProcess) {
    const clock = new VirtualClock();
    const lost: unknown[] = [];
    const log = { ...silentLog, error: (_: string, fields?: object) => void lost.push(fields) };
    const missing: boolean[] = [];
    const onMissing = (is: boolean) => void missing.push(is);
    const watcher = new WatcherProcess({ clock, log, inherit: [], start, onMissing });
    return { clock, lost, watcher, missing };
  }

  it("is asked again with growing pauses, up to a minute, and the guardian goes on", async () => {
    let tries = 0;
    const { clock, lost, watcher } = rig(() => {
      tries += 1;
      throw Object.assign(new Error("spawn ENOMEM"), { code: "ENOMEM" });
    });
    watcher.watch(noFiles);
    watcher.setLoop(process.pid);
    expect(lost).toEqual([{ reason: "ENOMEM", restartInSeconds: 0.1 }]);
    await clock.advance(millis(301));
    expect(tries).toBe(3);
    await clock.advance(minutes(60));
    expect(tries).toBeGreaterThan(60);
    expect(tries).toBeLessThan(75);
    watcher.done();
    await clock.advance(minutes(60));
    expect(tries).toBeLessThan(75);
  });

  it("SR-11: is told of as missing from the second failure in a row on, until one has lived for two seconds", async () => {
    let works = false;
    const { clock, watcher, missing } = rig(() => {
      if (!works) throw Object.assign(new Error("spawn ENOMEM"), { code: "ENOMEM" });
      return Object.assign(new EventEmitter(), { unref() {} }) as unknown as ChildProcess;
    });
    watcher.watch(noFiles);
    expect(missing).toEqual([]);
    await clock.advance(millis(101));
    expect(missing).toEqual([true]);
    works = true;
    await clock.advance(millis(1900));
    expect(missing).toEqual([true]);
    await clock.advance(minutes(1));
    expect(missing).toEqual([true, false]);
  });

  it("is asked again at once for a watcher that ends after it had lived for long", async () => {
    const shells: EventEmitter[] = [];
    const { clock, lost, watcher } = rig(() => {
      const shell = Object.assign(new EventEmitter(), { unref() {} });
      shells.push(shell);
      return shell as unknown as ChildProcess;
    });
    watcher.watch(noFiles);
    for (const _ of [1, 2, 3]) {
      shells.at(-1)?.emit("exit", null, "SIGKILL");
      await clock.advance(millis(900));
    }
    await clock.advance(minutes(60));
    shells.at(-1)?.emit("exit", null, "SIGKILL");
    expect(lost.map((fields) => (fields as { restartInSeconds: number }).restartInSeconds)).toEqual([
      0.1, 0.2, 0.4, 0.1,
    ]);
  });

  it("also where that is told late, as EAGAIN is; both an error and an end are one failure", async () => {
    const shells: EventEmitter[] = [];
    const { clock, watcher } = rig(() => {
      const shell = Object.assign(new EventEmitter(), { unref() {} });
      shells.push(shell);
      return shell as unknown as ChildProcess;
    });
    watcher.watch(noFiles);
    shells[0]?.emit("error", Object.assign(new Error(), { code: "EAGAIN" }));
    shells[0]?.emit("exit", null, "SIGKILL");
    await clock.advance(millis(150));
    expect(shells).toHaveLength(2);
    await clock.advance(minutes(5));
    expect(shells).toHaveLength(2);
  });
});
