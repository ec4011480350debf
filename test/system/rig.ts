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
import { buildModule } from "../kernel/build-module.ts";
import type { Tools } from "../kernel/prerequisites.ts";
import { Reporter } from "../kernel/reporter.ts";
import { runVm } from "../kernel/vm.ts";
import { debianArchive, makeBootArchive, makeDisk } from "./image.ts";
import { type Plan, planNames, planParameter } from "./plans.ts";
import { findSystemTools } from "./prerequisites.ts";

/** In real time, against a machine that hangs. */
const wholeLimitMs = 3_600_000;
const silenceLimitMs = 900_000;
/** More starts than the guest has chapters: it would begin again and again. */
const mostStarts = 30;

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
  await Promise.all(planNames.map((plan) => runPlan(tools, plan, { cache, disk, initramfs })));
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
  let over = false;
  for (let start = 1; !over; start += 1) {
    const consoleLog = join(cache, `console-${machine}-${start}.log`);
    const failure = await runVm(tools, {
      parameter: `systemd.show_status=0 ${planParameter}${machine}`,
      initramfs,
      disk,
      consoleLog,
      wholeLimitMs,
      silenceLimitMs,
      onRecord(record) {
        over = record.type === "end";
        reporter.record(machine, record);
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
  await run(tools, archive, { root, cache });
}
process.exitCode = reporter.finish(performance.now() - begin);
