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
const silenceLimitMs = 900_000;
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
  const waiting = [...asked()];
  const runNext = async (): Promise<void> => {
    for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift())
      await runPlan(tools, plan, { cache, disk, initramfs });
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

interface Machine {
  readonly cache: string;
  readonly disk: string;
  readonly initramfs: string;
}

/** One machine from its first start to its last. */
async function runPlan(
  tools: Tools,
  machine: Plan,
  { cache, disk: original, initramfs }: Machine,
): Promise<void> {
  const disk = join(cache, `disk-${machine}.ext4`);
  execFileSync("cp", ["--sparse=always", original, disk]);
  const backEnd = backEndOf(machine);
  const cuts = new PowerCuts(uniform(seed));
  let over = false;
  for (let start = 1; !over; start += 1) {
    const consoleLog = join(cache, `console-${machine}-${start}.log`);
    const parameters = `${planParameter}${machine} ${gpioParameter}${backEnd} ${targetsParameter}${cuts.targets.join(",")}`;
    const failure = await runVm(tools, {
      parameter: `systemd.show_status=0 ${parameters}`,
      initramfs,
      disk,
      consoleLog,
      wholeLimitMs,
      silenceLimitMs,
      onRecord(record, cutPower) {
        over = record.type === "end";
        reporter.record(machine, record);
        if (record.type === "time") times.add(machine, record);
        cuts.record(record, cutPower);
      },
    });
    const why = failure ?? (start >= mostStarts ? "it starts again and again" : undefined);
    if (why === undefined) continue;
    const tail = readFileSync(consoleLog, "utf8").trimEnd().split("\n").slice(-30).join("\n");
    reporter.broken(machine, why, tail);
    return;
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
console.log(`\n${times.table}`);
process.exitCode = reporter.finish(performance.now() - begin);
