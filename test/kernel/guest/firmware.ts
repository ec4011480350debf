/** The built firmware as processes: the guardian that was started, and the control loop below it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { until } from "./until.ts";

export const APP = "/app";
const MAIN = "dist/main.js";

/** The shortest times that the settings allow, so that a scenario need not wait minutes for the relay. */
const SETTINGS = { minimumOnSeconds: 10, minimumOffSeconds: 10, sensorPeriodSeconds: 1, logLevel: "debug" };

/** Of a device that has never run. */
export function newDataFolder(): string {
  const data = mkdtempSync("/tmp/state-");
  writeFileSync(`${data}/settings.json`, JSON.stringify(SETTINGS));
  return data;
}

export interface LogLine {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
}

export class Firmware {
  readonly #process: ChildProcess;
  readonly #exited: Promise<Ending>;
  #output = "";
  #ended = false;

  private constructor(process: ChildProcess) {
    this.#process = process;
    const collect = (chunk: Buffer): void => {
      this.#output += chunk.toString();
    };
    process.stdout?.on("data", collect);
    process.stderr?.on("data", collect);
    this.#exited = new Promise((resolve) => {
      process.once("close", (code, signal) => {
        this.#ended = true;
        resolve({ code, signal });
      });
    });
  }

  /** @param data a folder of its own, as of a device that has never run, when not given. @param output where its log goes unread */
  static start(
    environment: Readonly<Record<string, string>> = {},
    output?: number,
    data: string = newDataFolder(),
  ): Firmware {
    const args = [MAIN, "run", "--offline", "--data", data, "--board", "grove-heater-pi"];
    const options = { cwd: APP, env: { ...process.env, ...environment } };
    return new Firmware(
      spawn(process.execPath, args, { ...options, stdio: ["ignore", output ?? "pipe", output ?? "pipe"] }),
    );
  }

  get running(): boolean {
    return !this.#ended;
  }

  get guardian(): number {
    if (this.#process.pid === undefined) throw new Error("the firmware did not start");
    return this.#process.pid;
  }

  get hasLoop(): boolean {
    return this.#loop !== undefined;
  }

  get #loop(): number | undefined {
    return childrenOf(this.guardian).find((pid) => runs(pid, "loop.js"));
  }

  /** The control loop's process. @throws Error when there is none */
  get loop(): number {
    const loop = this.#loop;
    if (loop === undefined) throw new Error("there is no control loop");
    return loop;
  }

  ended(limitMs: number): Promise<Ending> {
    return until("the firmware to end", () => (this.#ended ? this.#exited : undefined), limitMs);
  }

  /** At once, with no chance for any process to see another one go; nothing is left that could turn the relay off. */
  killAll(): void {
    this.#kill([this.guardian, ...childrenOf(this.guardian)]);
  }

  /** Guardian and loop at once; their watcher is left. */
  killBoth(): void {
    this.#kill([this.guardian, this.loop]);
  }

  #kill(processes: readonly number[]): void {
    for (const signal of ["SIGSTOP", "SIGKILL"] as const) {
      for (const pid of processes) {
        try {
          process.kill(pid, signal);
        } catch {
          // It is gone already.
        }
      }
    }
  }

  /** What was logged so far under one event's name. */
  logged(event: string): LogLine[] {
    return this.#output.split("\n").flatMap((line) => {
      if (!line.startsWith("{")) return [];
      const parsed = JSON.parse(line) as LogLine;
      return parsed.event === event ? [parsed] : [];
    });
  }

  /** The end of what it wrote, for the reader of a failure. */
  tail(lines = 25): string {
    return this.#output.trimEnd().split("\n").slice(-lines).join("\n");
  }
}

/** Runs another command of the firmware to its end. */
export function runCommand(...args: readonly string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: APP,
    encoding: "utf8",
    timeout: 30_000,
  });
  return { code: status, output: stdout + stderr };
}

/** Runs what a service manager runs after the firmware's end. The relay is on at the high level. */
export function runRelayOff(label: string, line: number): { code: number | null; output: string } {
  const words = [`pinctrl-other,${label}`, String(line), "0"];
  const { status, stdout, stderr } = spawnSync(`${APP}/dist/native/relay-off`, words, {
    encoding: "utf8",
    timeout: 30_000,
  });
  return { code: status, output: stdout + stderr };
}

function runs(pid: number, word: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(word);
  } catch {
    return false;
  }
}

/** Living children; a zombie is none. */
function childrenOf(parent: number): number[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      // pid (comm) state ppid: comm may hold spaces, so count from its closing bracket.
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const [state, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(ppid) === parent && state !== "Z" ? [Number(entry)] : [];
    } catch {
      return [];
    }
  });
}
