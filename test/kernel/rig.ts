/**
 * The kernel rig: boots a stock Linux kernel in a virtual machine with our module as the hat, runs the scenarios
 * of guest/ there with the genuine i2c-bus and onoff, and prints one sentence for each.
 *
 * Needs no network and no privileges. Exit code 0 also when it cannot run here, which it then says.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { buildModule } from "./build-module.ts";
import { makeInitramfs } from "./initramfs.ts";
import { findTools, type Tools } from "./prerequisites.ts";
import type { GuestRecord } from "./protocol.ts";
import { runVm } from "./vm.ts";

const WHOLE_LIMIT_MS = 240_000;
/** A scenario gives up after 100 s by itself. */
const SILENCE_LIMIT_MS = 115_000;

const counts = { passed: 0, failed: 0, skipped: 0 };
let running: string | undefined;

function report(record: GuestRecord): void {
  switch (record.type) {
    case "ready":
      console.log(
        `Linux ${record.kernel}, node ${record.node}, up after ${(record.sinceBootMs / 1000).toFixed(1)} s`,
      );
      break;
    case "machine":
      console.log(`\n${record.name}`);
      break;
    case "started":
      running = record.name;
      break;
    case "passed":
      counts.passed++;
      running = undefined;
      console.log(`  ✓ ${record.name}${record.measured && `: ${record.measured}`} (${record.ms} ms)`);
      break;
    case "failed":
      counts.failed++;
      running = undefined;
      console.log(`  ✗ ${record.name} (${record.ms} ms)\n      ${record.why.replaceAll("\n", "\n      ")}`);
      break;
    case "skipped":
      counts.skipped++;
      console.log(`  - ${record.name}: ${record.why}`);
      break;
    case "end":
      break;
  }
}

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

async function run(tools: Tools, root: string): Promise<void> {
  const cache = join(root, ".cache/kernel-rig");
  mkdirSync(cache, { recursive: true });
  const rigModule = buildModule(tools, join(root, "test/kernel/module"), cache);
  const guest = await bundleGuest(root, cache);
  const initramfs = makeInitramfs(tools, { root, cache, rigModule, guest });
  const consoleLog = join(cache, "console.log");
  const failure = await runVm(tools, {
    initramfs,
    consoleLog,
    wholeLimitMs: WHOLE_LIMIT_MS,
    silenceLimitMs: SILENCE_LIMIT_MS,
    onRecord: report,
  });
  if (failure === undefined) return;
  counts.failed++;
  const tail = readFileSync(consoleLog, "utf8").trimEnd().split("\n").slice(-30).join("\n    ");
  console.log(`  ✗ the virtual machine: ${failure}${running ? `, during "${running}"` : ""}\n    ${tail}`);
}

const tools = findTools();
const start = performance.now();
if ("reason" in tools) {
  counts.skipped++;
  console.log(`SKIPPED: the kernel rig cannot run here (${tools.reason})`);
  if (tools.packages.length > 0) console.log(`  on Debian: apt-get install ${tools.packages.join(" ")}`);
} else {
  await run(tools, process.cwd());
}
const seconds = ((performance.now() - start) / 1000).toFixed(0);
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
console.log(`\nkernel rig: ${seconds} s\n${counts.passed} passed, ${counts.failed} failed${skipped}`);
process.exitCode = counts.failed > 0 ? 1 : 0;
