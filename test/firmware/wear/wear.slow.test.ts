/**
 * What a day costs the memory card, by the kernel's counters: of the process (proc_pid_io(5)), and of a device with an
 * ext4 of its own (/sys/block/…/stat), where this user may mount one.
 */
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it, onTestFinished } from "vitest";
import { packageRoot } from "../../../src/firmware/process/package-root.ts";
import type { DayFigures } from "./day-child.ts";

const mega = 1_000_000;
/** Of the firmware's processes, and of the whole device. */
const limits = { process: 5 * mega, device: 15 * mega };
/** What is left of the device's share for the journal, which is in memory in a service's own namespace. */
const journalShare = 3 * mega;

describe.runIf(process.platform === "linux")("a day of a device with its hub", () => {
  it("stays within 5 MB of the processes and 15 MB of the whole card", { timeout: 600_000 }, async () => {
    const { folder, written } = placeToWrite();
    const program = await bundle();
    const child = fork(program, [folder], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    expect(await heard(child)).toBe("begins");
    const before = written?.();
    child.send("go");
    const figures = (await heard(child)) as DayFigures;
    const device = before === undefined ? undefined : (written?.() ?? 0) - before;
    console.log(
      `processes ${inMega(figures.bytes)}, device ${device === undefined ? "?" : inMega(device)} a day`,
    );
    console.log(JSON.stringify(figures));
    expect(figures.telemetry).toBeGreaterThanOrEqual(1440);
    expect(figures.relayCycles).toBeGreaterThan(50);
    expect(figures.bytes).toBeLessThan(limits.process);
    if (device !== undefined) expect(device).toBeLessThan(limits.device - journalShare);
    expect(figures.logLines).toBeLessThan(200);
  });
});

const inMega = (bytes: number): string => `${(bytes / mega).toFixed(2)} MB`;

async function heard(child: ChildProcess): Promise<unknown> {
  const [message] = await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => [`it ended with ${code}`]),
  ]);
  return message;
}

async function bundle(): Promise<string> {
  const outfile = join(packageRoot, ".cache", "tools", `wear-${process.pid}.mjs`);
  await build({
    entryPoints: [fileURLToPath(new URL("./day-child.ts", import.meta.url))],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
  });
  onTestFinished(() => rmSync(outfile, { force: true }));
  return outfile;
}

/** A folder, on a block device of its own where that can be had. */
function placeToWrite(): { readonly folder: string; readonly written?: () => number } {
  const root = mkdtempSync(join(tmpdir(), "wear-"));
  const [image, mounted] = [join(root, "card.img"), join(root, "card")];
  mkdirSync(mounted);
  const run = (command: string, ...args: string[]): string =>
    execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  let unmount = (): void => {};
  onTestFinished(() => {
    unmount();
    rmSync(root, { recursive: true, force: true });
  });
  try {
    // As on a card of Raspberry Pi OS: blocks of 4 KB.
    run("truncate", "-s", "512M", image);
    run("mkfs.ext4", "-q", "-b", "4096", image);
    run("mount", "-o", "loop", image, mounted);
    unmount = () => void run("umount", "-l", mounted);
    const device = basename(run("findmnt", "-no", "SOURCE", mounted));
    const written = (): number => {
      run("sync", "-f", mounted);
      const fields = readFileSync(`/sys/block/${device}/stat`, "utf8").trim().split(/\s+/);
      // Documentation/block/stat: the seventh is sectors written, of 512 bytes.
      return Number(fields[6]) * 512;
    };
    written();
    return { folder: mounted, written };
  } catch {
    console.log("no block device of its own here: the device's share is not measured");
    return { folder: root };
  }
}
