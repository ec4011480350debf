/**
 * The built firmware started where a machine is at its worst: it heats, and it says what is wrong (SR-11). Mounts need
 * root; without it those are skipped by name. What stands in the place of the hardware's lock is tested with that.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, type TestContext } from "vitest";
import { wallMillis } from "../../src/base/units.ts";
import { FirmwareProcess } from "./firmware-process.ts";
import { startStored } from "./storage/stored-device.ts";

const timeout = 5 * 60_000;
const isRoot = process.getuid?.() === 0;
const canMount = isRoot && mountWorks();

const firmware = ({ onTestFinished, onTestFailed }: TestContext): FirmwareProcess => {
  const device = new FirmwareProcess();
  device.settings({ sensorPeriodSeconds: 1, minimumOffSeconds: 10 });
  onTestFailed(() =>
    console.log(
      device.log
        .slice(-30)
        .map((line) => JSON.stringify(line))
        .join("\n"),
    ),
  );
  onTestFinished(() => device.cleanUp());
  return device;
};

async function end(device: FirmwareProcess): Promise<void> {
  device.signal(device.guardianPid, "SIGTERM");
  await device.exit();
}

/** A unit that has run, so that each of its files is there, and the generation before. */
async function ran(context: TestContext): Promise<FirmwareProcess> {
  const device = firmware(context);
  device.start();
  await device.heaterOn();
  await until(() => existsSync(join(device.data, "last-good.json")));
  await end(device);
  return device;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

const raised = (device: FirmwareProcess, fault: string, from: number) =>
  device.event("fault-raised", from, (line) => line["fault"] === fault);

const obstacles: readonly (readonly [what: string, make: (path: string) => void])[] = [
  ["a FIFO", (path) => void execFileSync("mkfifo", [path])],
  ["a folder", (path) => mkdirSync(path)],
  [
    "a file of 4 GB",
    (path) => {
      writeFileSync(path, "{");
      truncateSync(path, 4 * 2 ** 30);
    },
  ],
  // The kernel answers EIO to whoever reads or writes a process's memory where nothing is mapped: proc(5).
  ["a file that answers EIO", (path) => symlinkSync("/proc/self/mem", path)],
];

const places = [
  "settings.json",
  "last-good.json",
  "state.json",
  "state.json.new",
  "state.json.previous",
  "cloud.json",
  "outbox",
];

describe.runIf(process.platform === "linux")(
  "a start with something else in a file's place",
  { timeout },
  () => {
    for (const [what, make] of obstacles) {
      it(`heats with ${what} in the place of each of its files in turn`, async (context) => {
        const device = await ran(context);
        for (const place of places) {
          const path = join(device.data, place);
          execFileSync("cp", ["-a", device.data, `${device.data}-healthy`]);
          rmSync(path, { recursive: true, force: true });
          make(path);
          const from = device.log.length;
          device.start();
          await device.heaterOn(from);
          if (place === "settings.json") await raised(device, "settings-unreadable", from);
          if (place === "state.json") await raised(device, "state-lost", from);
          expect(
            device.log.slice(from).map(({ event }) => event),
            place,
          ).not.toContain("crash");
          await end(device);
          // As it was, for the next place.
          rmSync(device.data, { recursive: true });
          execFileSync("mv", [`${device.data}-healthy`, device.data]);
        }
      });
    }
  },
);

describe.runIf(process.platform === "linux")("a start in another year", { timeout }, () => {
  const years = [
    ["1970", Date.UTC(1970, 0, 1, 0, 0, 5)],
    ["2106, past the seconds that 32 bits count", Date.UTC(2106, 1, 7, 6, 28, 10)],
  ] as const;
  for (const [year, wallStart] of years) {
    it(`heats and keeps its state: ${year}`, async (context) => {
      const device = firmware(context);
      device.nodeFlags = ["--import", fileURLToPath(new URL("./other-year.mjs", import.meta.url))];
      device.environment = { WALL_START: String(wallStart) };
      for (const _ of ["first", "again"]) {
        const from = device.log.length;
        device.start();
        await device.heaterOn(from);
        expect(String(device.log[from]?.["time"])).toContain(new Date(wallStart).toISOString().slice(0, 13));
        expect(device.log.slice(from).map(({ event }) => event)).not.toContain("crash");
        await end(device);
      }
    });

    it(`follows its twin: ${year}`, async (context) => {
      const { data } = firmware(context);
      const run = await startStored({ folder: data, board: "virtual", wallStart: wallMillis(wallStart) });
      await run.until("heat", run.heatDue, () => run.hat.contactClosed);
      expect(await run.follow(21.5)).toMatchObject({ value: 21.5, ac: 200 });
      await run.stop();
      const again = await startStored({ folder: data, board: "virtual", wallStart: wallMillis(wallStart) });
      expect(again.device.inForce.values.targetTemperature).toBe(21.5);
      again.cutPower();
    });
  }

  it("back in 1970 after a power cut in 2026: the state of then is in force", async (context) => {
    const { data } = firmware(context);
    const run = await startStored({ folder: data, board: "virtual" });
    await run.follow(22);
    run.cutPower();
    const again = await startStored({ folder: data, board: "virtual", wallStart: wallMillis(0) });
    expect(again.device.inForce.values.targetTemperature).toBe(22);
    await again.until("heat", again.heatDue, () => again.hat.contactClosed);
    again.cutPower();
  });
});

describe.runIf(canMount)("a start on a disk of its own (root)", { timeout }, () => {
  /** The hat's lines keep a disk of their own: they are hardware. */
  function onDisk(context: TestContext, device: FirmwareProcess): (options: string) => void {
    const hat = join(device.data, "virtual-hat");
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=512k,mode=0700", "grove-test", device.data]);
    mkdirSync(hat);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=512k", "grove-test", hat]);
    context.onTestFinished(async () => {
      await device.cleanUp();
    });
    device.settings({ sensorPeriodSeconds: 1, minimumOffSeconds: 10 });
    device.unmount = () => {
      for (const path of [hat, device.data]) execFileSync("umount", ["-l", path]);
    };
    return (options) => void execFileSync("mount", ["-o", `remount,${options}`, device.data]);
  }

  it("that is full heats, says so, and stores again when there is room", async (context) => {
    const device = firmware(context);
    onDisk(context, device);
    device.start();
    await device.heaterOn();
    await end(device);
    const filler = join(device.data, "filler");
    expect(() => writeFileSync(filler, Buffer.alloc(1 << 20))).toThrow("ENOSPC");
    const from = device.log.length;
    device.start();
    await device.heaterOn(from);
    await raised(device, "storage-failed", from);
    rmSync(filler);
    await device.event("fault-ended", from, (line) => line["fault"] === "storage-failed");
    await end(device);
  });

  it("that is read-only heats, and says so", async (context) => {
    const device = firmware(context);
    const remount = onDisk(context, device);
    device.start();
    await device.heaterOn();
    await end(device);
    // As a kernel does with a card that fails: the files that the last run left are still there.
    remount("ro");
    const from = device.log.length;
    device.start();
    await device.heaterOn(from);
    await raised(device, "storage-failed", from);
    device.signal(device.guardianPid, "SIGTERM");
    expect(await device.exit()).toBe(0);
  });

  it("that is read-only with an empty settings file heats with the last good ones", async (context) => {
    const device = firmware(context);
    const remount = onDisk(context, device);
    device.start();
    await device.heaterOn();
    await until(() => existsSync(join(device.data, "last-good.json")));
    await end(device);
    device.settings("");
    remount("ro");
    const from = device.log.length;
    device.start();
    await device.heaterOn(from);
    await raised(device, "settings-unreadable", from);
  });
});

describe.runIf(isRoot)("a machine without room for one more process (root)", { timeout }, () => {
  it("loses its loop: the guardian tries until there is room, and heats again", async (context) => {
    const device = firmware(context);
    // The limit counts the processes of one user (setrlimit(2), RLIMIT_NPROC), and root has none: a user of its own.
    const user = 50_000 + (process.pid % 10_000);
    for (const name of [".", ...readdirSync(device.data)]) chownSync(join(device.data, name), user, user);
    chmodSync(device.data, 0o700);
    device.asUser = user;
    device.start();
    await device.heaterOn();
    const { guardianPid, loopPid } = device;
    // As that user: another's limits are not even root's to set where it lacks CAP_SYS_RESOURCE.
    const prlimit = (...flags: string[]): string =>
      execFileSync("prlimit", ["--pid", String(guardianPid), ...flags], {
        uid: user,
        gid: user,
        encoding: "utf8",
      });
    const before = prlimit("--nproc", "--output", "SOFT", "--noheadings").trim();
    prlimit("--nproc=1:");
    const from = device.log.length;
    device.signal(loopPid, "SIGKILL");
    await device.event("loop-lost", from, (line) => !String(line["reason"]).includes("SIGKILL"));
    expect(device.relay).toBe("0");
    prlimit(`--nproc=${before}:`);
    await device.event("first-decision", from);
    await device.heaterOn(from);
    expect(device.guardianPid).toBe(guardianPid);
  });
});

function mountWorks(): boolean {
  try {
    execFileSync("unshare", ["-m", "mount", "-t", "tmpfs", "grove-test", "/mnt"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
