/**
 * Folder aarch64/: the whole firmware as a Pi's processor runs it, under qemu's user-mode emulation.
 *
 * `npm run test:aarch64`: installs the packages of the lockfile into a folder of its own, builds the native ones for
 * aarch64, and starts the firmware there with Node.js for aarch64, on the virtual hat: it forces the relay off, decides,
 * heats, survives kill -9 of its loop with the relay off, and ends in order. Needs root for the time of the run: the
 * kernel is told how to start such programs, and told to forget it at the end.
 *
 * Exit code 0 also when it cannot run here, which it then says.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { EmulatedFirmware } from "./emulated-firmware.ts";
import { type Installed, install } from "./install.ts";
import { ForeignPrograms, libraries, missingHere } from "./prerequisites.ts";

/** One emulated core of a busy machine is thirty times slower than a Pi. Only against what hangs. */
const limitMs = 900_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function step(name: string, act: () => unknown): Promise<void> {
  const began = performance.now();
  await act();
  say(`✓ ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
}

function loadNative({ node, app }: Installed): void {
  const script = 'require("i2c-bus"); require("onoff"); console.log(process.arch)';
  const { stdout, stderr } = spawnSync(node, ["-e", script], {
    cwd: app,
    encoding: "utf8",
    timeout: limitMs,
    env: { ...process.env, QEMU_LD_PREFIX: libraries },
  });
  if (stdout.trim() !== "arm64") throw new Error(`the native packages do not load: ${stdout}${stderr}`);
}

async function play(installed: Installed): Promise<void> {
  const firmware = new EmulatedFirmware(installed, limitMs);
  try {
    await step("forces the relay off, then decides and heats", async () => {
      firmware.start();
      await firmware.event("relay-forced-off");
      await firmware.event("first-decision");
      await firmware.relayIs("1");
    });
    await step("turns the relay off when the loop is killed, and starts another", async () => {
      const decisions = firmware.count("first-decision");
      process.kill(firmware.pidOf("loop.js"), "SIGKILL");
      await firmware.relayIs("0");
      await firmware.until("another decision", () => firmware.count("first-decision") > decisions);
    });
    await step("ends in order with the relay off", async () => {
      const code = await firmware.stop();
      if (code !== 0) throw new Error(`it ended with ${code}`);
      await firmware.relayIs("0");
    });
  } catch (error) {
    say(firmware.output.split("\n").slice(-20).join("\n"));
    throw error;
  } finally {
    await firmware.cleanUp();
  }
}

const root = process.cwd();
const missing = missingHere();
if (missing !== undefined) {
  say(`aarch64: skipped: ${missing}`);
} else {
  const cache = join(root, ".cache", "aarch64");
  const programs = new ForeignPrograms();
  try {
    let installed: Installed | undefined;
    await step("installs from the lockfile, with the native packages built for aarch64", () => {
      installed = install(root, cache);
    });
    programs.register();
    if (installed === undefined) throw new Error("nothing is installed");
    const at = installed;
    await step("loads i2c-bus and onoff", () => loadNative(at));
    await play(at);
    say("aarch64: all passed");
  } catch (error) {
    say(`✗ ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    programs.forget();
    rmSync(join(cache, "app"), { recursive: true, force: true });
  }
}
