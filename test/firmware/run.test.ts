/** The built firmware as its users run it. These are the few tests that take real time. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it, type TestContext } from "vitest";
import { packageRoot } from "../../src/firmware/process/package-root.ts";
import { refusal } from "../../src/firmware/storage/settings-file.ts";
import { FirmwareProcess, gone } from "./firmware-process.ts";

const firmware = ({ onTestFinished, onTestFailed }: TestContext): FirmwareProcess => {
  const process = new FirmwareProcess();
  onTestFailed(() => console.log(process.log.map((line) => JSON.stringify(line)).join("\n")));
  onTestFinished(() => process.cleanUp());
  return process;
};

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
};

describe.runIf(process.platform === "linux")(
  "a running firmware",
  { timeout: 60_000, concurrent: true },
  () => {
    it("SR-01: forces the relay off before it does anything else", async (context) => {
      const device = firmware(context);
      device.start();
      await device.event("first-decision");
      expect(device.log.map(({ event }) => event).slice(0, 2)).toEqual(["relay-forced-off", "board"]);
      // A crash of the past left the line on.
      device.signal(device.guardianPid, "SIGTERM");
      await device.exit();
      writeFileSync(device.relayFile, "1\n");
      const from = device.log.length;
      device.start();
      expect(await device.event("relay-forced-off", from)).toMatchObject({ before: 1 });
      expect(device.relay).toBe("0");
    });

    it("SR-01: ends on SIGTERM with the relay off and exit code 0, its state kept", async (context) => {
      const device = firmware(context);
      device.start();
      await device.heaterOn();
      expect(device.relay).toBe("1");
      device.signal(device.guardianPid, "SIGTERM");
      expect(await device.exit()).toBe(0);
      expect(device.relay).toBe("0");
      expect(readdirSync(device.data)).toContain("state.json");
      expect(readdirSync(device.data)).not.toContain("lock");
    });

    it("SR-01: an uncaught exception turns the relay off, and the guardian starts the loop again", async (context) => {
      const device = firmware(context);
      device.start();
      await device.heaterOn();
      device.signal(device.loopPid, "SIGUSR2");
      expect(await device.event("crash")).toMatchObject({ relay: "off" });
      await device.event("loop-lost");
      expect(device.relay).toBe("0");
      await device.event(
        "first-decision",
        device.log.findIndex(({ event }) => event === "loop-lost"),
      );
    });

    it("SR-01: kill -9 of the loop: the guardian turns the relay off and starts it again", async (context) => {
      const device = firmware(context);
      device.start();
      await device.heaterOn();
      device.signal(device.loopPid, "SIGKILL");
      const lost = await device.event("loop-lost");
      expect(lost).toMatchObject({ reason: "signal SIGKILL" });
      expect(device.relay).toBe("0");
    });

    it("SR-01: kill -9 of the guardian: the loop notices, turns the relay off and ends", async (context) => {
      const device = firmware(context);
      device.start();
      await device.heaterOn();
      const { loopPid } = device;
      device.signal(device.guardianPid, "SIGKILL");
      await gone(loopPid);
      expect(device.relay).toBe("0");
    });

    it("SR-01: kill -9 of every process leaves the line as it was, and relay off turns it off", async (context) => {
      const device = firmware(context);
      device.start();
      await device.heaterOn();
      const { loopPid, guardianPid, watcherPid } = device;
      device.signal(guardianPid, "SIGSTOP");
      for (const pid of [watcherPid, loopPid, guardianPid]) device.signal(pid, "SIGKILL");
      await gone(guardianPid);
      expect(device.relay).toBe("1");
      const off = device.command("relay", "off", "--board", "virtual");
      expect(off.code).toBe(0);
      expect(device.relay).toBe("0");
    });

    it("SR-10: a loop that hangs is found within ten seconds, killed, and the relay turned off", async (context) => {
      const device = firmware(context);
      device.start();
      await device.heaterOn();
      device.signal(device.loopPid, "SIGSTOP");
      await device.event("loop-silent");
      await device.event("loop-lost");
      expect(device.relay).toBe("0");
    });

    it("refuses broken settings with their line, exit code 78, and the relay that was left on forced off", async (context) => {
      const device = firmware(context);
      device.start();
      await device.event("first-decision");
      device.signal(device.guardianPid, "SIGTERM");
      await device.exit();
      writeFileSync(device.relayFile, "1\n");
      for (const name of readdirSync(device.data)) {
        // A unit that never ran with good ones.
        if (name.startsWith("last-good")) rmSync(join(device.data, name));
      }
      device.settings('{"targetMax": 25,\n "targetMin": }');
      const { code, stderr } = device.command("run", "--board", "virtual");
      expect(code).toBe(78);
      expect(stderr).toMatch(/settings\.json:2:\d+/);
      expect(stderr).toContain(refusal);
      expect(device.relay).toBe("0");
    });

    it("SR-11: heats on with the last good settings and board when their files turned bad, and shows both faults", async (context) => {
      const device = firmware(context);
      const board = join(device.data, "own.json");
      const shipped = readFileSync(join(packageRoot, "boards", "virtual.json"), "utf8");
      writeFileSync(board, shipped);
      // A relay that is found on was switched off just now: that much is waited for (SR-08), with the last good settings.
      device.settings({ sensorPeriodSeconds: 1, minimumOffSeconds: 10 });
      device.start("--board", board);
      await device.heaterOn();
      await until(() => existsSync(join(device.data, "last-good.json")));
      device.signal(device.guardianPid, "SIGTERM");
      await device.exit();
      device.settings("");
      writeFileSync(board, "\0\0\0");
      writeFileSync(device.relayFile, "1\n");
      const from = device.log.length;
      device.start("--board", board);
      expect(await device.event("relay-forced-off", from)).toMatchObject({ before: 1 });
      expect(await device.event("settings-unreadable", from)).toMatchObject({ level: "error" });
      expect(await device.event("board-unreadable", from)).toMatchObject({ level: "error" });
      const raised = (fault: string) => device.event("fault-raised", from, (line) => line["fault"] === fault);
      await Promise.all([raised("settings-unreadable"), raised("board-unreadable"), device.heaterOn(from)]);
      expect(device.relay).toBe("1");
      // A loop that is started again meanwhile decides the same.
      const second = device.log.length;
      device.signal(device.loopPid, "SIGKILL");
      await device.event("first-decision", second);
    });

    it("with a data folder that cannot be made ends with exit code 74, and forces the relay off all the same", (context) => {
      const device = firmware(context);
      const { code, stdout, stderr } = device.plainCommand(
        "run",
        "--board",
        "grove-heater-pi",
        "--data",
        "/proc/none",
      );
      expect(code).toBe(74);
      expect(stderr).toContain("--data FOLDER");
      // No GPIO here; what counts is that it was tried.
      expect(stdout).toContain('"why":"the start failed"');
    });

    it("with a file in place of the data folder says so", (context) => {
      const device = firmware(context);
      const file = join(device.data, "file");
      writeFileSync(file, "");
      const { code, stderr } = device.plainCommand("run", "--board", "virtual", "--data", file);
      expect(code).toBe(74);
      expect(stderr).toContain("is a file");
    });

    it("with a flag mistyped forces off the relay that was left on, and harms none that another guards", async (context) => {
      const device = firmware(context);
      device.start();
      await device.heaterOn();
      expect(device.command("run", "--nope").code).toBe(75);
      expect(device.relay).toBe("1");
      device.signal(device.guardianPid, "SIGTERM");
      await device.exit();
      writeFileSync(device.relayFile, "1\n");
      expect(device.command("run", "--nope").code).toBe(64);
      expect(device.relay).toBe("0");
    });

    it("a second one on the same data folder is refused with exit code 75 and harms nothing", async (context) => {
      const device = firmware(context);
      device.start();
      await device.heaterOn();
      const { code, stderr } = device.command("run", "--board", "virtual");
      expect(code).toBe(75);
      expect(stderr).toContain(String(device.guardianPid));
      expect(device.relay).toBe("1");
    });

    it("keeps an unreadable state file aside, says so, and goes on with the defaults", async (context) => {
      const device = firmware(context);
      writeFileSync(join(device.data, "state.json"), "rubbish");
      device.start();
      expect(await device.event("state-unreadable")).toMatchObject({ now: "defaults" });
      await device.event("first-decision");
      expect(readdirSync(device.data).some((name) => name.startsWith("state.json.unreadable"))).toBe(true);
    });
  },
);

describe("the command line", () => {
  const wrong: readonly (readonly [args: string[], code: number, hint: string])[] = [
    [["runn"], 64, 'Did you mean "run"'],
    [["run", "--bord", "x"], 64, "Did you mean --board"],
    [["relay", "on"], 64, "relay off"],
    [["run", "--board", "nowhere"], 78, "nowhere"],
    [["simulate", "dai"], 64, "Did you mean day"],
    [["simulate", "--fault", "nak@1:00"], 64, "Did you mean nack"],
  ];
  for (const [args, code, hint] of wrong) {
    it(`answers ${args.join(" ")} with exit code ${code} and a hint`, (context) => {
      const result = firmware(context).plainCommand(...args);
      expect(result.code).toBe(code);
      expect(result.stderr).toContain(hint);
      expect(result.stderr).not.toMatch(/^\s+at /m);
    });
  }

  it("takes it well when whoever reads its output has read enough", async () => {
    const main = join(packageRoot, "dist", "main.js");
    const settings = spawn(process.execPath, [main, "settings", "show"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    settings.stdout.destroy();
    const said = text(settings.stderr);
    const [code] = await once(settings, "exit");
    expect({ code, said: await said }).toEqual({ code: 0, said: "" });
  });
});
