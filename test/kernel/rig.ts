/**
 * The kernel rig: boots a stock Linux kernel in virtual machines with our module as the hat, runs the scenarios of
 * guest/ there with the genuine i2c-bus and onoff, and prints one sentence for each.
 *
 * Needs no network and no privileges, and always ends. Exit code 0 also when it cannot run here, which it then
 * says.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { buildModule } from "./build-module.ts";
import { makeInitramfs } from "./initramfs.ts";
import { findTools, type Tools } from "./prerequisites.ts";
import { type MachineName, machineNames, machineParameter, wordParameter } from "./protocol.ts";
import { Reporter } from "./reporter.ts";
import { runVm } from "./vm.ts";

/**
 * The only limits in real time, against a machine that hangs: a scenario gives up by itself, after 100 s of the
 * machine's time, which a busy computer stretches. One that is done ends at once.
 */
const WHOLE_LIMIT_MS = 3_600_000;
const SILENCE_LIMIT_MS = 1_200_000;

async function bundleGuest(root: string, cache: string): Promise<string> {
  const outfile = join(cache, "guest.mjs");
  await build({
    entryPoints: [join(root, "test/kernel/guest/main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "warning",
  });
  return outfile;
}

/** `npm run test:kernel -- pi-5 SIGSTOP`: that machine alone, and of its scenarios those with this word. */
function asked(): { readonly machines: readonly MachineName[]; readonly word: string } {
  const words = process.argv.slice(2);
  const found = machineNames.filter((name) => words.includes(name));
  const word = words.find((given) => !found.some((name) => name === given)) ?? "";
  return { machines: found.length === 0 ? machineNames : found, word };
}

async function run(tools: Tools, root: string, reporter: Reporter): Promise<void> {
  const cache = join(root, ".cache/kernel-rig");
  mkdirSync(cache, { recursive: true });
  const rigModule = buildModule(tools, join(root, "test/kernel/module"), cache);
  const guest = await bundleGuest(root, cache);
  const initramfs = makeInitramfs(tools, { root, cache, rigModule, guest });
  const { machines, word } = asked();
  const runMachine = async (machine: MachineName): Promise<void> => {
    const consoleLog = join(cache, `console-${machine}.log`);
    const failure = await runVm(tools, {
      parameter: `${machineParameter}${machine} ${wordParameter}${word}`,
      initramfs,
      consoleLog,
      wholeLimitMs: WHOLE_LIMIT_MS,
      silenceLimitMs: SILENCE_LIMIT_MS,
      onRecord: (record) => reporter.record(machine, record),
    });
    if (failure === undefined) return;
    const tail = readFileSync(consoleLog, "utf8").trimEnd().split("\n").slice(-30).join("\n");
    reporter.broken(machine, failure, tail);
  };
  await Promise.all(machines.map(runMachine));
  if (reporter.passed + reporter.failed > 0) return;
  reporter.failed++;
  console.log(`no scenario of ${machines.join(", ")} has "${word}" in its name`);
}

const start = performance.now();
const reporter = new Reporter("kernel rig");
const root = process.cwd();
const tools = findTools(root);
if ("reason" in tools) {
  reporter.skipped++;
  console.log(`SKIPPED: the kernel rig cannot run here (${tools.reason})`);
  if (tools.packages.length > 0) console.log(`  on Debian: apt-get install ${tools.packages.join(" ")}`);
} else {
  await run(tools, root, reporter);
}
process.exitCode = reporter.finish(performance.now() - start);
