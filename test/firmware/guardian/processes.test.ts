/** The built firmware's processes, stopped, killed and held in every way: the relay ends up off. These take real time. */
import { readFileSync } from "node:fs";
import { describe, expect, it, type TestContext } from "vitest";
import { FirmwareProcess, gone, type LogLine, stateOf, until } from "../firmware-process.ts";

const heating = async ({ onTestFinished }: TestContext, environment = {}): Promise<FirmwareProcess> => {
  const device = new FirmwareProcess();
  onTestFinished(() => device.cleanUp());
  device.startWith(environment, "--offline");
  await device.heaterOn();
  expect(device.relay).toBe("1");
  return device;
};

const off = (device: FirmwareProcess): Promise<number> =>
  until("the relay to be off", () => device.relay === "0");

/** Neither sees the other one go. */
function killBoth(device: FirmwareProcess): void {
  const { guardianPid, loopPid } = device;
  device.signal(guardianPid, "SIGSTOP");
  device.signal(loopPid, "SIGKILL");
  device.signal(guardianPid, "SIGKILL");
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

describe.runIf(process.platform === "linux")(
  "guardian, loop and watcher",
  { timeout: 90_000, concurrent: true },
  () => {
    it("SR-01: kill -9 of guardian and loop at once: the watcher turns the relay off, and ends", async (context) => {
      const device = await heating(context);
      const { watcherPid } = device;
      killBoth(device);
      print(`guardian and loop killed: relay off after ${(await off(device)).toFixed(0)} ms`);
      await gone(watcherPid);
    });

    it("SR-01: kill -9 of a guardian whose loop hangs: the watcher turns the relay off and kills the loop", async (context) => {
      const device = await heating(context);
      const { loopPid, guardianPid } = device;
      device.signal(loopPid, "SIGSTOP");
      device.signal(guardianPid, "SIGKILL");
      await off(device);
      await gone(loopPid);
      expect(device.relay).toBe("0");
    });

    it("a watcher that is killed is missed and replaced, and the next one does the same", async (context) => {
      const device = await heating(context);
      const { watcherPid } = device;
      device.signal(watcherPid, "SIGKILL");
      expect(await device.event("watcher-lost")).toMatchObject({ reason: "SIGKILL" });
      await until("another watcher", () => device.watcherPid !== watcherPid);
      expect(device.relay).toBe("1");
      // Until it has begun no signal is ignored, and then none ends it.
      await until("the watcher to wait", () => stateOf(device.watcherPid) === "S");
      killBoth(device);
      await off(device);
    });

    it("SR-11: a watcher that is killed again and again is a fault of the device, until one stays", async (context) => {
      const device = await heating(context);
      const fault = ({ fault }: LogLine) => fault === "watcher-missing";
      const { watcherPid } = device;
      device.signal(watcherPid, "SIGKILL");
      await until("another watcher", () => device.watcherPid !== watcherPid);
      device.signal(device.watcherPid, "SIGKILL");
      await device.event("fault-raised", 0, fault);
      expect(device.relay).toBe("1");
      await device.event("fault-ended", 0, fault);
    });

    it("the watcher takes less than 2 MiB and ends with the firmware, without a write", async (context) => {
      const device = await heating(context);
      const { watcherPid } = device;
      const rollup = readFileSync(`/proc/${watcherPid}/smaps_rollup`, "utf8");
      const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(rollup)?.[1]);
      print(`the watcher: RSS ${kib("Rss")} KiB, PSS ${kib("Pss")} KiB`);
      expect(kib("Rss")).toBeLessThan(2048);
      for (const signal of [
        "SIGINT",
        "SIGQUIT",
        "SIGTERM",
        "SIGHUP",
        "SIGTSTP",
        "SIGUSR1",
        "SIGPWR",
      ] as const)
        device.signal(watcherPid, signal);
      device.signal(device.guardianPid, "SIGTERM");
      expect(await device.exit()).toBe(0);
      await gone(watcherPid);
      expect(device.log.map(({ event }) => event)).not.toContain("watcher-lost");
    });

    it("SR-01: Ctrl-Z turns the relay off, then everything stops; continued, a fresh loop knows since when", async (context) => {
      const device = await heating(context);
      const { guardianPid, loopPid } = device;
      device.signal(guardianPid, "SIGTSTP");
      print(`Ctrl-Z: relay off after ${(await off(device)).toFixed(0)} ms`);
      await until("the guardian to be stopped", () => stateOf(guardianPid) === "T");
      await gone(loopPid);
      expect(device.relay).toBe("0");
      const from = device.log.length;
      device.signal(guardianPid, "SIGCONT");
      await device.event("continued", from);
      await device.event("first-decision", from);
      // SR-08: no store needed.
      expect(readFileSync(`/proc/${device.loopPid}/cmdline`, "utf8")).toMatch(/\0--off-for\0\d+\0/);
      expect(device.relay).toBe("0");
    });

    it("SR-01: a loop that alone is sent Ctrl-Z's signal turns the relay off, and a fresh one follows", async (context) => {
      const device = await heating(context);
      device.signal(device.loopPid, "SIGTSTP");
      await device.event("loop-restart");
      expect(device.relay).toBe("0");
    });

    it("SR-01: Ctrl-\\ ends it in order", async (context) => {
      const device = await heating(context);
      device.signal(device.guardianPid, "SIGQUIT");
      expect(await device.exit()).toBe(0);
      expect(device.relay).toBe("0");
      expect(await device.event("stopped")).toMatchObject({ relay: "off" });
    });

    it("SR-01: a second SIGTERM changes nothing: the relay is read back off first, in both processes", async (context) => {
      const hung = await heating(context);
      hung.signal(hung.loopPid, "SIGSTOP");
      hung.signal(hung.guardianPid, "SIGTERM");
      await off(hung);
      hung.signal(hung.guardianPid, "SIGTERM");
      expect(await hung.exit()).toBe(0);
      const device = await heating(context);
      const { loopPid } = device;
      for (let n = 0; n < 20; n += 1) {
        if (stateOf(loopPid) !== "Z") device.signal(loopPid, "SIGTERM");
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      expect(await device.exit()).toBe(0);
      expect(await device.event("stopped")).toMatchObject({ relay: "off" });
    });

    it("SIGUSR1 opens no debugger, in either process, and stops nothing", async (context) => {
      const device = await heating(context);
      for (const pid of [device.guardianPid, device.loopPid]) {
        const from = device.log.length;
        device.signal(pid, "SIGUSR1");
        await device.event("signal-ignored", from);
      }
      expect(device.errors).not.toContain("Debugger");
      expect(device.relay).toBe("1");
    });

    it("closes a debugger that NODE_OPTIONS opened, and hands NODE_OPTIONS to no process", async (context) => {
      const device = await heating(context, { NODE_OPTIONS: "--inspect=127.0.0.1:0" });
      await device.event("inspector-closed");
      expect(device.errors.match(/Debugger listening/g)).toHaveLength(1);
      for (const pid of [device.loopPid, device.watcherPid])
        expect(readFileSync(`/proc/${pid}/environ`, "utf8")).not.toContain("NODE_OPTIONS");
    });

    it("SR-10: a guardian that is stopped is noticed by its loop, and all of it ends with the relay off", async (context) => {
      const device = await heating(context);
      const { guardianPid, loopPid } = device;
      device.signal(guardianPid, "SIGSTOP");
      await off(device);
      await device.event("guardian-silent");
      // Only what nobody can stop ends it now: so whoever started it starts it anew.
      await gone(guardianPid);
      await gone(loopPid);
      expect(device.relay).toBe("0");
    });
  },
);
