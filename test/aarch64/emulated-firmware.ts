/** The firmware under emulation, as a process: started, listened to, killed; with its virtual hat's relay line on disk. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Installed } from "./install.ts";
import { libraries } from "./prerequisites.ts";

export class EmulatedFirmware {
  output = "";
  readonly #installed: Installed;
  readonly #limitMs: number;
  readonly #data = mkdtempSync(join(tmpdir(), "grove-heater-aarch64-"));
  #child: ChildProcess | undefined;

  constructor(installed: Installed, limitMs: number) {
    this.#installed = installed;
    this.#limitMs = limitMs;
  }

  start(): void {
    const { node, app } = this.#installed;
    const flags = ["--board", "virtual", "--offline", "--log", "json", "--data", this.#data];
    const env = { ...process.env, QEMU_LD_PREFIX: libraries };
    const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
    const child = spawn(node, [join(app, "dist", "main.js"), "run", ...flags], { env, stdio });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        this.output += chunk.toString();
      });
  }

  count(event: string): number {
    return this.output.split(`"event":"${event}"`).length - 1;
  }

  async event(name: string): Promise<void> {
    await this.until(name, () => this.count(name) > 0);
  }

  async relayIs(level: "0" | "1"): Promise<void> {
    const file = join(this.#data, "virtual-hat", "sys", "class", "gpio", "gpio528", "value");
    await this.until(`the relay's line to be ${level}`, () => readFileSync(file, "utf8").trim() === level);
  }

  /** Among the processes on its data folder. @throws Error when there is none */
  pidOf(script: string): number {
    const found = this.#processes().find(({ line }) => line.includes(`/${script}\0`));
    if (found === undefined) throw new Error(`there is no process ${script}`);
    return found.pid;
  }

  /** @returns the exit code */
  async stop(): Promise<number | null> {
    this.#child?.kill("SIGTERM");
    await this.until("its end", () => this.#child?.exitCode !== null);
    return this.#child?.exitCode ?? null;
  }

  async cleanUp(): Promise<void> {
    for (const { pid } of this.#processes()) process.kill(pid, "SIGKILL");
    await this.until("its processes to end", () => this.#processes().length === 0);
    rmSync(this.#data, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Polls: a log, a file and a process have no better way to say it. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const end = performance.now() + this.#limitMs;
    while (!holds()) {
      if (performance.now() > end) throw new Error(`waited ${this.#limitMs / 1000} s for ${what}`);
      if (this.#child?.exitCode && what !== "its end")
        throw new Error(`it ended with ${this.#child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #processes(): { readonly pid: number; readonly line: string }[] {
    return readdirSync("/proc").flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        const line = readFileSync(`/proc/${name}/cmdline`, "latin1");
        return line.includes(this.#data) ? [{ pid: Number(name), line }] : [];
      } catch {
        // Gone meanwhile.
        return [];
      }
    });
  }
}
