/** Processes that want one lock at the same instant, round after round. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { findGpioChip } from "../../../src/board/kernel/gpio-chip.ts";
import type { Lockable } from "../../../src/firmware/guardian/hardware-lock.ts";
import { packageRoot } from "../../../src/firmware/process/package-root.ts";
import { sysTree } from "../../board/kernel/sys-tree.ts";
import type { Task } from "./contender.ts";

interface Answer {
  readonly held: boolean;
  readonly missing: readonly string[];
}

export class Contenders {
  readonly #tree = sysTree("pi-4-kernel-6.6");
  readonly #folder = mkdtempSync(join(tmpdir(), "contenders-"));
  readonly #script = join(this.#folder, "contender.mjs");
  #processes: ChildProcess[] = [];

  /** The line of the relay, on a chip that is files. */
  get line(): Lockable {
    const sysRoot = this.#tree.root;
    return { kind: "line", chip: findGpioChip(["pinctrl-bcm2711"], { sysRoot }), line: 16, sysRoot };
  }

  get lockFolder(): string {
    return join(this.#folder, "lock");
  }

  async start(count: number): Promise<void> {
    mkdirSync(this.lockFolder);
    // An installation in small: the bundle looks for what was built beside it.
    writeFileSync(join(this.#folder, "package.json"), "{}");
    symlinkSync(join(packageRoot, "dist"), join(this.#folder, "dist"));
    await build({
      entryPoints: [fileURLToPath(new URL("contender.ts", import.meta.url))],
      outfile: this.#script,
      bundle: true,
      platform: "node",
      format: "esm",
      logLevel: "error",
    });
    this.#processes = await Promise.all(Array.from({ length: count }, () => this.#one()));
  }

  /** All at once. @returns how many of them held the lock at the same time */
  async round(end: "release" | "kill"): Promise<number> {
    const answers = await Promise.all(this.#processes.map((each) => ask(each, "take")));
    const holders = this.#processes.filter((_, index) => answers[index]?.held);
    for (const holder of holders) {
      if (end === "release") await ask(holder, "release");
      else await this.#replace(holder);
    }
    return holders.length;
  }

  stop(): void {
    for (const each of this.#processes) each.kill("SIGKILL");
    this.#tree.remove();
    rmSync(this.#folder, { recursive: true });
  }

  async #replace(holder: ChildProcess): Promise<void> {
    const gone = once(holder, "exit");
    holder.kill("SIGKILL");
    await gone;
    const next = await this.#one();
    this.#processes = this.#processes.map((each) => (each === holder ? next : each));
  }

  async #one(): Promise<ChildProcess> {
    const task: Task = { lockable: this.line, dataFolder: this.#folder, folder: this.lockFolder };
    const child = fork(this.#script, [JSON.stringify(task)]);
    await once(child, "message");
    return child;
  }
}

async function ask(child: ChildProcess, word: "take" | "release"): Promise<Answer> {
  const answer = once(child, "message");
  child.send(word);
  const [found] = await answer;
  return found as Answer;
}
