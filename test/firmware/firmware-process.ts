/** The built firmware as a process: started, listened to, killed; with its virtual hat's relay line on disk. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
/** Where there is a compiler. */
const watcherProgram = fileURLToPath(new URL("../../dist/native/relay-off", import.meta.url));

export interface LogLine {
  readonly event: string;
  readonly level: string;
  readonly [field: string]: unknown;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class FirmwareProcess {
  readonly data: string;
  readonly log: LogLine[] = [];
  /** What it wrote beside its log. */
  errors = "";
  /** The program's entry: that of this checkout. */
  main = main;
  /** For Node.js itself, before the program. */
  nodeFlags: readonly string[] = [];
  environment: Readonly<Record<string, string>> = {};
  /** Number of the user that it runs as; only root may say so. */
  asUser: number | undefined;
  /** Takes away what the test has mounted on the data folder. */
  unmount: () => void = () => {};
  #child: ChildProcess | undefined;
  #closed = true;
  #waiting: (() => void)[] = [];

  /** @param folder a data folder that is there already; it is removed at the end all the same */
  constructor(folder?: string) {
    this.data = folder ?? mkdtempSync(join(tmpdir(), "grove-heater-test-"));
    // The fastest readings that are allowed: three of them make the sensor trusted.
    if (folder === undefined) this.settings({ sensorPeriodSeconds: 1 });
  }

  settings(content: object | string): void {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    writeFileSync(join(this.data, "settings.json"), text);
  }

  /** Without hub and page, which most tests have no use for. */
  start(...flags: string[]): void {
    this.startConnected("--offline", "--no-page", ...flags);
  }

  startConnected(...flags: string[]): void {
    this.startWith({}, ...flags);
  }

  startWith(environment: Readonly<Record<string, string>>, ...flags: string[]): void {
    const args = [
      ...this.nodeFlags,
      this.main,
      "run",
      "--data",
      this.data,
      "--board",
      "virtual",
      "--log",
      "json",
      ...flags,
    ];
    const env = { ...process.env, GROVE_HEATER_CRASH_ON_SIGUSR2: "1", ...this.environment, ...environment };
    const user = this.asUser === undefined ? {} : { uid: this.asUser, gid: this.asUser };
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], env, ...user });
    this.#child = child;
    this.#closed = false;
    child.once("close", () => {
      this.#closed = true;
    });
    child.stderr.on("data", (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.log.push(JSON.parse(line));
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /** A command on this data folder that runs to its end. */
  command(...args: string[]): CommandResult {
    return this.plainCommand(...args, "--data", this.data);
  }

  plainCommand(...args: string[]): CommandResult {
    const env = { ...process.env, STATE_DIRECTORY: this.data };
    const { status, stdout, stderr } = spawnSync(process.execPath, [this.main, ...args], {
      encoding: "utf8",
      env,
    });
    return { code: status, stdout, stderr };
  }

  /** Resolves to the next line of this kind after those seen before `from`. */
  async event(name: string, from = 0, matches: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    for (;;) {
      const found = this.log.slice(from).find((line) => line.event === name && matches(line));
      if (found) return found;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  heaterOn(from = 0): Promise<LogLine> {
    return this.event("heater", from, (line) => line["on"] === true);
  }

  /** The relay's line, as it stands outside every process: a file, and empty for a moment while somebody writes it. */
  get relay(): string {
    for (let look = 0; ; look += 1) {
      const level = readFileSync(this.relayFile, "utf8").trim();
      if (level !== "" || look === 1000) return level;
    }
  }

  get relayFile(): string {
    return join(this.data, "virtual-hat", "sys", "class", "gpio", "gpio528", "value");
  }

  get guardianPid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("not started");
    return pid;
  }

  /** The control loop. @throws Error when there is none */
  get loopPid(): number {
    return this.#childWith("loop.js");
  }

  /** The program that turns the relay off when the guardian is gone. @throws Error when there is none */
  get watcherPid(): number {
    return this.#childWith(existsSync(watcherProgram) ? watcherProgram : "/bin/sh");
  }

  /** The local hub. @throws Error when there is none */
  get hubPid(): number {
    return this.#childWith("\0hub\0");
  }

  /** The device's own page. @throws Error when there is none */
  get pagePid(): number {
    return this.#childWith("\0page\0serve\0");
  }

  #childWith(word: string): number {
    const found = childrenOf(this.guardianPid).find((pid) => commandLineOf(pid).includes(word));
    if (found === undefined) throw new Error(`the guardian has no child ${word}`);
    return found;
  }

  signal(pid: number, signal: NodeJS.Signals): void {
    process.kill(pid, signal);
  }

  async exit(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) throw new Error("not started");
    // Not "exit": its last lines may still be on their way then.
    if (!this.#closed) await once(child, "close");
    return child.exitCode;
  }

  async cleanUp(): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGTERM");
      await this.exit();
    }
    this.unmount();
    this.unmount = () => {};
    // A watcher may still write to the relay's line.
    await until("the folder to be removed", () => {
      rmSync(this.data, { recursive: true, force: true, maxRetries: 3 });
      return !existsSync(this.data);
    });
  }
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);

/** Empty for one that is gone or a zombie. */
function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

/** The letter of proc(5); "Z" also for a process that was reaped meanwhile. */
export function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.charAt(stat.lastIndexOf(")") + 2);
  } catch {
    return "Z";
  }
}

/** Resolves when a process has ended; its parent may reap it at any moment. */
export async function gone(pid: number): Promise<void> {
  await until(`process ${pid} to end`, () => stateOf(pid) === "Z");
}

/** Polls, as generously as a machine that many share needs it. @returns how long it took, in ms */
export async function until(what: string, condition: () => boolean, limitMs = 45_000): Promise<number> {
  const startedAt = performance.now();
  while (!holds(condition)) {
    if (performance.now() - startedAt > limitMs) throw new Error(`waited ${limitMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return performance.now() - startedAt;
}

/** What throws does not hold yet: files and processes come and go. */
function holds(condition: () => boolean): boolean {
  try {
    return condition();
  } catch {
    return false;
  }
}
