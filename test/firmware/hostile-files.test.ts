/** The built program with something else in the place of each file that it reads: it never waits, and never calls it a bug. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, type TestContext } from "vitest";
import { FirmwareProcess, until } from "./firmware-process.ts";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const asRoot = process.getuid?.() === 0;
/** Nobody, in Debian. */
const unprivileged = 65_534;

/** A device that ran once; its relay was left on. */
async function leftOn({ onTestFinished }: TestContext): Promise<FirmwareProcess> {
  const device = new FirmwareProcess();
  onTestFinished(() => device.cleanUp());
  device.start();
  await device.event("first-decision");
  await until("the settings that serve to be kept", () => existsSync(join(device.data, "last-good.json")));
  device.signal(device.guardianPid, "SIGTERM");
  await device.exit();
  writeFileSync(device.relayFile, "1\n");
  return device;
}

const things: readonly (readonly [name: string, make: (path: string) => unknown])[] = [
  ["a FIFO", (path) => spawnSync("mkfifo", [path])],
  ["a folder", (path) => mkdirSync(path)],
  ["10 GB of nothing", (path) => spawnSync("truncate", ["-s", "10G", path])],
];

describe.runIf(process.platform === "linux")(
  "with a strange thing in a file's place",
  { timeout: 180_000 },
  () => {
    it.for(things)(
      "%s as settings, with none known that were good: the relay is off, and it ends with 78 at once",
      async ([, make], context) => {
        const device = await leftOn(context);
        for (const name of ["last-good.json", "last-good.json.previous"])
          rmSync(join(device.data, name), { force: true });
        replace(device, "settings.json", make);
        expect(ending(device, "virtual")).toBe(78);
        expect(device.relay).toBe("0");
      },
    );

    it.for(things)(
      "%s as settings of a unit that ran: the relay is off first, and it runs with the last good ones",
      async ([, make], context) => {
        const device = await leftOn(context);
        expect(existsSync(join(device.data, "last-good.json"))).toBe(true);
        replace(device, "settings.json", make);
        const from = device.log.length;
        device.start();
        expect(await device.event("relay-forced-off", from)).toMatchObject({ before: 1 });
        expect(await device.event("settings-unreadable", from)).toMatchObject({
          cause: expect.stringMatching(problem),
        });
        await device.event("first-decision", from);
      },
    );

    it.for(things)(
      "%s as board: the relay is off, and it ends with 78 at once",
      async ([, make], context) => {
        const device = await leftOn(context);
        replace(device, "board.json", make);
        expect(ending(device, join(device.data, "board.json"))).toBe(78);
        expect(device.relay).toBe("0");
      },
    );

    it.for(things)(
      "%s as note of lock and relay, and as credentials: it runs, with the relay off first",
      async ([, make], context) => {
        const device = await leftOn(context);
        for (const name of ["lock", "relay.json", "credentials.json"]) replace(device, name, make);
        const from = device.log.length;
        device.startConnected();
        expect(await device.event("relay-forced-off", from)).toMatchObject({ before: 1 });
        await device.event("first-decision", from);
        // Said, and no reason to stay cold.
        expect(await device.event("cloud-failed", from)).toMatchObject({
          cause: expect.stringMatching(problem),
        });
      },
    );
  },
);

const problem = /is a FIFO|is a folder|is too large/;

function replace(device: FirmwareProcess, name: string, make: (path: string) => unknown): void {
  const path = join(device.data, name);
  rmSync(path, { force: true });
  make(path);
}

/** The exit code of a run that says what is wrong with the file, and does not call it a bug. */
function ending(device: FirmwareProcess, board: string): number | null {
  const args = [main, "run", "--offline", "--data", device.data, "--board", board];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
  expect(stderr).toMatch(problem);
  return status;
}

describe.runIf(process.platform === "linux")("a lock that an old version left", { timeout: 120_000 }, () => {
  it.skipIf(!asRoot)(
    "SR-12: with the number of a unknownProperties process keeps no unprivileged user's house cold",
    async (context) => {
      const device = await leftOn(context);
      writeFileSync(join(device.data, "lock"), "1");
      spawnSync("chown", ["-R", String(unprivileged), device.data]);
      chownSync(device.data, unprivileged, unprivileged);
      const args = [main, "run", "--offline", "--data", device.data, "--board", "virtual", "--log", "json"];
      const child = spawn(process.execPath, args, {
        stdio: ["ignore", "pipe", "pipe"],
        uid: unprivileged,
        gid: unprivileged,
        env: { ...process.env, HOME: device.data },
      });
      endAfter(context, child);
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk) => (output += String(chunk)));
      await expect.poll(() => output, { timeout: 60_000 }).toContain("first-decision");
      expect(output).toContain('"before":1');
    },
  );

  it.skipIf(!canMount())("SR-12, SR-11: on a disk that went read-only ends nothing", async (context) => {
    const device = await leftOn(context);
    writeFileSync(join(device.data, "lock"), "1");
    // In a mount namespace of its own: nothing else sees it.
    const script =
      'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$2" "$3" run --offline --data "$1" --board virtual --log json';
    const child = spawn("unshare", ["-m", "sh", "-c", script, "sh", device.data, process.execPath, main], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    endAfter(context, child);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => (output += String(chunk)));
    await expect.poll(() => output, { timeout: 60_000 }).toMatch(/first-decision|"code":7|this is a bug/);
    expect(output).toContain("first-decision");
    expect(existsSync(join(device.data, "lock"))).toBe(true);
    expect(readFileSync(join(device.data, "lock"), "utf8")).toBe("1");
  });
});

function endAfter({ onTestFinished }: TestContext, child: ChildProcess): void {
  const gone = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await gone;
  });
}

/** Namespaces and mounts are root's, and not in every container. */
function canMount(): boolean {
  if (!asRoot) return false;
  return spawnSync("unshare", ["-m", "sh", "-c", "mount -t tmpfs none /mnt"]).status === 0;
}
