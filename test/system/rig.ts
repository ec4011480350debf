/**
 * The system rig: boots a Debian with systemd in a virtual machine with our module as the hat, where an ordinary user
 * installs the service, and then everything that can end a process, a system or its power does. Prints one sentence for
 * each. The relay's line is observed by the module itself, which notes the time of each change.
 *
 * Needs root for making the disk and a network once for making the Debian; the machine itself has neither network nor
 * KVM. Always ends. Exit code 0 also when it cannot run here, which it then says.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { uniform } from "../../src/simulation/noise.ts";
import { buildModule } from "../kernel/build-module.ts";
import type { Tools } from "../kernel/prerequisites.ts";
import type { GuestRecord } from "../kernel/protocol.ts";
import { Reporter } from "../kernel/reporter.ts";
import { runVm } from "../kernel/vm.ts";
import { debianArchive, makeBootArchive, makeDisk } from "./image.ts";
import { gpioParameter, type Plan, planNames, planParameter, targetsParameter } from "./plans.ts";
import { findSystemTools } from "./prerequisites.ts";
import { backEndOf, Times } from "./times.ts";

/** In real time, against a machine that hangs. */
const wholeLimitMs = 3_600_000;
const silenceLimitMs = 1_800_000;
/** Each of them keeps one processor busy. */
const atOnce = 2;
/** More starts than the guest has chapters: it would begin again and again. */
const mostStarts = 30;
/** An emulated machine takes about so long for a press. */
const mostAfterPressMs = 1500;

async function bundleGuest(root: string, cache: string): Promise<string> {
  const outfile = join(cache, "guest.mjs");
  await build({
    entryPoints: [join(root, "test/system/guest/main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  });
  return outfile;
}

async function run(tools: Tools, archive: string, parts: { root: string; cache: string }): Promise<void> {
  const { root, cache } = parts;
  const rigModule = buildModule(tools, join(root, "test/kernel/module"), cache);
  const disk = makeDisk(tools, archive, { root, cache, rigModule, guest: await bundleGuest(root, cache) });
  const initramfs = makeBootArchive(tools, cache);
  const [first, ...others] = asked();
  if (first === undefined) return;
  const installed = new Machine(tools, first, { cache, disk, initramfs, name: "install" });
  // Without a service there is nothing to show on any machine.
  if ((await installed.start()) !== "next" || reporter.failed > 0) return;
  const waiting = [first, ...others];
  const runNext = async (): Promise<void> => {
    for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift())
      await new Machine(tools, plan, { cache, disk: installed.disk, initramfs, name: plan }).play();
  };
  await Promise.all(Array.from({ length: atOnce }, runNext));
}

/** `npm run test:system -- power field`: these machines alone. */
function asked(): readonly Plan[] {
  const words = process.argv.slice(2);
  const found = planNames.filter((name) => words.includes(name));
  return found.length === 0 ? planNames : found;
}

/** Cuts a machine's power some moments after the firmware has shown some presses. */
class PowerCuts {
  /** What the firmware may come back with. */
  targets: readonly number[] = [];
  readonly #random: () => number;
  #pressesLeft: number | undefined;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Of one start of the machine. */
  record(record: GuestRecord, cutPower: () => void): void {
    if (record.type === "ready") {
      this.targets = [];
      this.#pressesLeft = undefined;
    }
    if (record.type !== "shown") return;
    this.targets = record.targets;
    this.#pressesLeft ??= 1 + Math.floor(this.#random() * 4);
    this.#pressesLeft -= 1;
    // In real time, which is no measure of the machine's: it is as random as any.
    if (this.#pressesLeft === 0) setTimeout(cutPower, this.#random() * mostAfterPressMs);
  }
}

interface MachineOptions {
  readonly cache: string;
  /** Copied, so that it stays as it is. */
  readonly disk: string;
  readonly initramfs: string;
  /** In the log. */
  readonly name: string;
}

class Machine {
  readonly disk: string;
  readonly #tools: Tools;
  readonly #plan: Plan;
  readonly #options: MachineOptions;
  readonly #cuts = new PowerCuts(uniform(seed));
  #starts = 0;

  constructor(tools: Tools, plan: Plan, options: MachineOptions) {
    this.#tools = tools;
    this.#plan = plan;
    this.#options = options;
    this.disk = join(options.cache, `disk-${options.name}.ext4`);
    execFileSync("cp", ["--sparse=always", options.disk, this.disk]);
  }

  /** From the next start to the last. */
  async play(): Promise<void> {
    while ((await this.start()) === "next");
  }

  /** One start, to its end. @returns whether another follows; "broken" is reported already */
  async start(): Promise<"next" | "end" | "broken"> {
    const { cache, initramfs, name } = this.#options;
    this.#starts += 1;
    const consoleLog = join(cache, `console-${name}-${this.#starts}.log`);
    const targets = this.#cuts.targets.join(",");
    const plan = `${planParameter}${this.#plan} ${gpioParameter}${backEndOf(this.#plan)}`;
    let end: "next" | "end" = "next";
    const failure = await runVm(this.#tools, {
      parameter: `systemd.show_status=0 ${plan} ${targetsParameter}${targets}`,
      initramfs,
      disk: this.disk,
      consoleLog,
      wholeLimitMs,
      silenceLimitMs,
      onRecord: (record, cutPower) => {
        if (record.type === "end") end = "end";
        reporter.record(name, record);
        if (record.type === "time") times.add(this.#plan, record);
        this.#cuts.record(record, cutPower);
      },
    });
    const why = failure ?? (this.#starts >= mostStarts ? "it starts again and again" : undefined);
    if (why === undefined) return end;
    const tail = readFileSync(consoleLog, "utf8").trimEnd().split("\n").slice(-30).join("\n");
    reporter.broken(name, why, tail);
    return "broken";
  }
}

const begin = performance.now();
const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const times = new Times();
const reporter = new Reporter("system rig");
const root = process.cwd();
const cache = join(root, ".cache/system-rig");
mkdirSync(cache, { recursive: true });
const tools = findSystemTools(root);
const archive = "reason" in tools ? tools : debianArchive(cache);
if ("reason" in tools || typeof archive !== "string") {
  reporter.skipped++;
  console.log(`SKIPPED: the system rig cannot run here (${(archive as { reason: string }).reason})`);
  if ("reason" in tools && tools.packages.length > 0)
    console.log(`  on Debian: apt-get install ${tools.packages.join(" ")}`);
} else {
  console.log(`SEED=${seed}`);
  await run(tools, archive, { root, cache });
}
if (times.measured) console.log(`\n${times.table}`);
process.exitCode = reporter.finish(performance.now() - begin);
