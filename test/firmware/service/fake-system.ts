/** A machine below a temporary folder with a systemd that does what the test says: for installing a service on it. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Clock } from "../../../src/base/clock.ts";
import { type Millis, millis, wallMillis } from "../../../src/base/units.ts";
import type { RunningStatus } from "../../../src/firmware/service/running-status.ts";
import { places, type RunResult, type System, unitName } from "../../../src/firmware/service/system.ts";

export const heating: RunningStatus = {
  pid: 1234,
  firmware: "0.1.0",
  board: "grove-heater-pi",
  decidedAfterMs: 812,
  heater: true,
  mode: "auto",
  target: 21,
  temperature: 19.4,
  humidity: 45,
  faults: [],
};

/** Time passes by waiting alone: the files of a copy are real, and take none. */
class WaitingClock implements Clock {
  #now = 0;
  now = (): Millis => millis(this.#now);
  wallNow = () => wallMillis(this.#now);
  setTimer = (): never => {
    throw new Error("the service needs no timer");
  };
  sleep = async (delay: Millis): Promise<void> => {
    this.#now += delay;
  };
}

const quiet: RunResult = { code: 0, out: "" };

export class FakeSystem implements System {
  readonly root = mkdtempSync(join(tmpdir(), "grove-service-"));
  readonly clock = new WaitingClock();
  readonly printed: string[] = [];
  /** Each command that was run, as it would be typed. */
  readonly ran: string[] = [];
  uid = 0;
  /** What the loop tells once it runs; `undefined`: it never tells anything. */
  tells: RunningStatus | undefined = heating;
  /** By the beginning of a command: what it answers in place of "done". */
  readonly answers = new Map<string, RunResult>([["getent", { code: 2, out: "" }]]);
  /** Properties of the unit, as systemctl show has them. */
  shown: Record<string, string> = { LoadState: "not-found", ActiveState: "inactive", SubState: "dead" };

  constructor() {
    this.folder("/run/systemd/system");
    this.folder("/opt");
    this.file("/etc/group", "root:x:0:\n");
  }

  readonly at = (path: string): string => join(this.root, path);
  readonly print = (line: string): void => void this.printed.push(line);

  folder(path: string, mode = 0o755): void {
    mkdirSync(this.at(path), { recursive: true });
    chmodSync(this.at(path), mode);
  }

  file(path: string, text: string): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), text);
  }

  readonly run = (program: string, args: readonly string[]): RunResult => {
    const command = [program, ...args].join(" ");
    this.ran.push(command);
    const answer = [...this.answers].find(([start]) => command.startsWith(start))?.[1];
    if (answer !== undefined) return answer;
    if (command.startsWith("systemctl show")) return { code: 0, out: this.#shownText() };
    if (command === `systemctl enable ${unitName}`) this.shown["UnitFileState"] = "enabled";
    if (command === `systemctl restart ${unitName}`) this.#start();
    if (command === `systemctl disable --now ${unitName}`) this.#stop();
    return quiet;
  };

  remove(): void {
    rmSync(this.root, { recursive: true });
  }

  #start(): void {
    const since = "Sat 2026-11-28 02:00:00 UTC";
    Object.assign(this.shown, {
      LoadState: "loaded",
      ActiveState: "active",
      SubState: "running",
      MainPID: "1233",
    });
    this.shown["StateChangeTimestamp"] = since;
    this.file(places.processes, "1233\n1234\n");
    if (this.tells !== undefined) this.file(`${places.runtime}/status.json`, JSON.stringify(this.tells));
  }

  #stop(): void {
    this.shown = { ...this.shown, ActiveState: "inactive", SubState: "dead", UnitFileState: "disabled" };
    for (const path of [places.runtime, "/sys"]) rmSync(this.at(path), { recursive: true, force: true });
  }

  #shownText(): string {
    return Object.entries(this.shown)
      .map(([name, value]) => `${name}=${value}`)
      .join("\n");
  }
}

/** A small program as a checkout has it, in a folder that its owner alone may enter. */
export function makeCheckout(folder: string): { root: string; node: string; version: string } {
  const files: Record<string, string> = {
    "package.json": JSON.stringify({
      dependencies: { a: "1", esbuild: "1" },
      optionalDependencies: { n: "1", gone: "1" },
    }),
    "dist/main.js": "main",
    "dist/main.js.map": "map",
    "boards/grove-heater-pi.json": "{}",
    "manifest/app_manifest.json": "{}",
    "src/main.ts": "source",
    "node_modules/a/package.json": JSON.stringify({ dependencies: { b: "1" } }),
    "node_modules/a/index.js": "a",
    "node_modules/a/index.d.ts": "types",
    "node_modules/a/LICENSE": "MIT",
    "node_modules/b/package.json": "{}",
    "node_modules/n/package.json": "{}",
    "node_modules/n/build/Release/n.node": "native",
    "node_modules/n/build/Release/obj.target/n.node": "half",
    "node_modules/esbuild/package.json": "{}",
    "node_modules/vitest/package.json": "{}",
  };
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, text, { mode: 0o600 });
  }
  const node = join(folder, "node");
  writeFileSync(node, "#!/bin/sh\n", { mode: 0o700 });
  chmodSync(folder, 0o700);
  return { root: folder, node, version: "0.1.0" };
}
