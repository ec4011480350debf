import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BoardChoice, chooseBoard } from "../../../src/firmware/choose-board.ts";
import { loadManifest } from "../../../src/firmware/load-manifest.ts";
import { installService, unitOfThisProgram } from "../../../src/firmware/service/install.ts";
import { refuseWithoutRoot } from "../../../src/firmware/service/refusals.ts";
import { removeService } from "../../../src/firmware/service/remove.ts";
import { places } from "../../../src/firmware/service/system.ts";
import { boardOfUnit, isHealthy, unitState } from "../../../src/firmware/service/unit-state.ts";
import { nftables } from "../../../src/manifest/firewall.ts";
import { FakeSystem, heating, makeCheckout } from "./fake-system.ts";

let system: FakeSystem;
let checkout: string;

beforeEach(() => {
  system = new FakeSystem();
  checkout = mkdtempSync(join(tmpdir(), "grove-checkout-"));
});

afterEach(() => {
  system.remove();
  rmSync(checkout, { recursive: true });
});

const pi = chooseBoard("grove-heater-pi", "/nowhere");

function install({ choice = pi as BoardChoice, unbuilt = () => undefined as string | undefined } = {}) {
  const program = makeCheckout(checkout);
  const manifest = loadManifest(choice);
  return installService(system, { program, choice, manifest, unbuilt });
}

const text = (path: string): string => readFileSync(system.at(path), "utf8");
const versions = (): string[] => readdirSync(system.at(places.program)).filter((name) => /^\d/.test(name));
const filterRules = "/etc/grove-heater.nft";
const modeOf = (path: string): string => (statSync(system.at(path)).mode & 0o777).toString(8);
const there = (path: string): boolean => existsSync(system.at(path));

/** Everything below the root with its content, but what a version's folder is called. */
function snapshot(): string[] {
  return readdirSync(system.root, { recursive: true, encoding: "utf8" }).toSorted();
}

describe("installing the service", () => {
  it("has no unit to compare with before", () => {
    expect(unitOfThisProgram(system, "grove-heater-pi")).toBeUndefined();
  });

  it("puts the program where everybody may read it, without what is only for building or testing it", async () => {
    await install();
    const files = readdirSync(system.at(places.current), { recursive: true, encoding: "utf8" }).filter(
      (name) => statSync(system.at(`${places.current}/${name}`)).isFile(),
    );
    expect(files.toSorted()).toEqual([
      "bin/node",
      "boards/grove-heater-pi.json",
      "dist/main.js",
      "manifest/app_manifest.json",
      "node_modules/a/LICENSE",
      "node_modules/a/index.js",
      "node_modules/a/package.json",
      "node_modules/b/package.json",
      "node_modules/n/build/Release/n.node",
      "node_modules/n/package.json",
      "package.json",
    ]);
    expect(modeOf(`${places.current}/bin/node`)).toBe("755");
    expect(modeOf(`${places.current}/dist/main.js`)).toBe("644");
    expect(modeOf(`${places.current}/node_modules/n/build`)).toBe("755");
  });

  it("makes the unit with that program and board, enables and starts it, in this order", async () => {
    await install();
    expect(text(places.unit)).toContain(
      `ExecStart=${places.current}/bin/node ${places.current}/dist/main.js run --board grove-heater-pi\n`,
    );
    expect(boardOfUnit(system)).toBe("grove-heater-pi");
    expect(unitOfThisProgram(system, undefined)).toBe(text(places.unit));
    expect(unitOfThisProgram(system, "virtual")).not.toBe(text(places.unit));
    expect(unitOfThisProgram(system, "nosuch")).toBeUndefined();
    const steps = system.ran.filter((command) => /^systemctl (daemon|enable|restart grove)/.test(command));
    expect(steps).toEqual([
      "systemctl daemon-reload",
      "systemctl enable grove-heater.service",
      "systemctl restart grove-heater.service",
    ]);
  });

  it("waits for the bytes on the disk before the new version becomes the current one", async () => {
    await install();
    expect(system.ran.findIndex((command) => command.startsWith("sync -f"))).toBeLessThan(
      system.ran.indexOf("systemctl daemon-reload"),
    );
    expect(system.ran.find((command) => command.startsWith("sync -f"))).toContain(".new");
  });

  it("says that it decided", async () => {
    expect(await install()).toEqual({ kind: "decided", status: heating });
  });

  it("says that it runs without a decision, and waits no longer than a sensor takes", async () => {
    const { decidedAfterMs: _, ...undecided } = heating;
    system.tells = { ...undecided, faults: ["sensor-stale"] };
    expect(await install()).toMatchObject({ kind: "undecided", status: { faults: ["sensor-stale"] } });
    expect(system.clock.now()).toBeLessThan(20_000);
  });

  it("says how a service that does not stay up ended, in words", async () => {
    system.tells = undefined;
    const end = { ExecMainCode: "1", ExecMainStatus: "78", ExecMainExitTimestamp: "today", NRestarts: "3" };
    system.answers.set("systemctl show", {
      code: 0,
      out: Object.entries({ ActiveState: "activating", SubState: "auto-restart", ...end })
        .map((pair) => pair.join("="))
        .join("\n"),
    });
    expect(await install()).toMatchObject({
      kind: "not-running",
      state: { lastEnd: "exit code 78: settings, board or manifest are wrong" },
    });
  });

  it("stops waiting after a time limit for one that reports nothing", async () => {
    system.tells = undefined;
    expect(await install()).toMatchObject({ kind: "not-running" });
    expect(system.clock.now()).toBeLessThan(120_000);
  });

  it("a second time changes nothing but the version, and leaves one version", async () => {
    await install();
    const before = snapshot();
    const unit = statSync(system.at(places.unit)).mtimeMs;
    await install();
    expect(versions()).toEqual(["0.1.0-2"]);
    expect(
      snapshot()
        .map((path) => path.replace("0.1.0-2", "0.1.0-1"))
        .toSorted(),
    ).toEqual(before);
    expect(statSync(system.at(places.unit)).mtimeMs).toBe(unit);
  });

  it("keeps the old version while the new one does not run", async () => {
    await install();
    system.tells = undefined;
    rmSync(system.at(places.runtime), { recursive: true });
    await install();
    expect(versions()).toEqual(["0.1.0-1", "0.1.0-2"]);
    expect(readlinkSync(system.at(places.current))).toBe("0.1.0-2");
  });

  it("succeeds after one that was interrupted during its copy", async () => {
    await install();
    system.file(`${places.program}/0.1.0-2.new/dist/main.js`, "half");
    symlinkLeft();
    expect(await install()).toMatchObject({ kind: "decided" });
    expect(versions()).toEqual(["0.1.0-2"]);
    expect(text(`${places.current}/dist/main.js`)).toBe("main");
  });
});

function symlinkLeft(): void {
  writeFileSync(system.at(`${places.current}.new`), "");
}

it("all of a service is on the disk before it is started", async () => {
  await install();
  const steps = ["systemctl enable grove-heater.service", "sync", "systemctl restart grove-heater.service"];
  expect(system.ran.filter((command) => steps.includes(command))).toEqual(steps);
});

describe("what installing adds to the machine", () => {
  it("is groups, udev rules, the module and a bound for the journal, where all are missing", async () => {
    await install();
    expect(system.ran.filter((command) => command.startsWith("groupadd"))).toEqual([
      "groupadd --system --force i2c",
      "groupadd --system --force gpio",
    ]);
    expect(text(places.udevRules)).toMatch(/^SUBSYSTEM=="i2c-dev", GROUP="i2c", MODE="0660"$/m);
    expect(text(places.udevRules)).toMatch(/^SUBSYSTEM=="gpio", ACTION=="add\|change", RUN\+=/m);
    expect(text(places.modules)).toMatch(/^i2c-dev$/m);
    expect(text(places.journal)).toMatch(/^SystemMaxUse=64M$/m);
  });

  it("is nothing on a system that has all of it, as Raspberry Pi OS has", async () => {
    system.file("/etc/group", "gpio:x:986:\ni2c:x:988:\n");
    system.file(
      "/usr/lib/udev/rules.d/60-i2c-tools.rules",
      'KERNEL=="i2c-0", MODE="0660"\nSUBSYSTEM=="i2c-dev", GROUP="i2c", MODE="0660"\n',
    );
    system.file(
      "/etc/udev/rules.d/99-com.rules",
      'SUBSYSTEM=="gpio*", PROGRAM="/bin/sh -c \'\\\n\tchown -R root:gpio /sys/class/gpio\\\n\'"\n',
    );
    system.file("/etc/modules", "i2c-dev\n");
    system.file("/etc/systemd/journald.conf", "[Journal]\nSystemMaxUse=100M\n");
    await install();
    expect([places.udevRules, places.modules, places.journal].filter(there)).toEqual([]);
    expect(system.ran.filter((command) => /^(groupadd|udevadm|modprobe)/.test(command))).toEqual([]);
  });

  it("takes no comment for a rule", async () => {
    system.file("/etc/udev/rules.d/99-mine.rules", '# SUBSYSTEM=="i2c-dev", GROUP="i2c"\n');
    await install();
    expect(text(places.udevRules)).toContain('SUBSYSTEM=="i2c-dev"');
  });

  it("is a command for all users, unless another command has this name", async () => {
    await install();
    expect(readlinkSync(system.at(places.command))).toBe(`${places.program}/grove-heater`);
    expect(modeOf(`${places.program}/grove-heater`)).toBe("755");
    rmSync(system.at(places.command));
    system.file(places.command, "mine");
    await install();
    expect(text(places.command)).toBe("mine");
  });

  it("is the packet filter's rules from the manifest, and they go with the service", async () => {
    await install();
    expect(text(filterRules)).toBe(nftables(loadManifest(pi)));
    system.file(filterRules, text(filterRules).replace("policy accept", "policy drop"));
    await install();
    expect(text(filterRules)).toBe(nftables(loadManifest(pi)));
    removeService(system, { data: false, relayOff: () => true });
    expect(system.printed).toContain(`removed ${filterRules}`);
    expect(there(filterRules)).toBe(false);
    expect(system.ran).toContain("nft delete table inet grove_heater");
  });

  it("is no rule where a person has written some, neither then nor at the removal", async () => {
    system.file(filterRules, "table inet mine {}\n");
    await install();
    removeService(system, { data: true, relayOff: () => true });
    expect(text(filterRules)).toBe("table inet mine {}\n");
  });

  it("is told to a person where there is no nft to load the rules", async () => {
    system.answers.set("nft", { code: undefined, out: "ENOENT" });
    await install();
    expect(system.printed).toContainEqual(expect.stringContaining("sudo apt-get install nftables"));
  });

  it("reports which part failed, and continues", async () => {
    system.answers.set("modprobe", { code: 1, out: "Module i2c-dev not found" });
    expect(await install()).toMatchObject({ kind: "decided" });
    expect(system.printed).toContain("not done: modprobe i2c-dev: Module i2c-dev not found");
  });
});

describe("installing is refused, and nothing changed", () => {
  async function refused(): Promise<{ exitCode: number; message: string; remedy: string }> {
    const before = snapshot();
    const error = await install().then(
      () => undefined,
      (thrown) => thrown,
    );
    expect(snapshot().filter((path) => !before.includes(path) && path !== "opt/grove-heater")).toEqual([]);
    expect(error).toMatchObject({ exitCode: expect.any(Number), remedy: expect.stringMatching(/./) });
    return error;
  }

  it("for a user who is not root, with the whole command to repeat", () => {
    system.uid = 1000;
    expect(() => refuseWithoutRoot(system, "/usr/bin/node /home/a/dist/main.js service install")).toThrow(
      expect.objectContaining({
        exitCode: 77,
        remedy: "Run: sudo /usr/bin/node /home/a/dist/main.js service install",
      }),
    );
  });

  it("where systemd does not run", async () => {
    rmSync(system.at("/run/systemd"), { recursive: true });
    expect(await refused()).toMatchObject({ exitCode: 69 });
  });

  it("where a folder above the program is closed to the service's user", async () => {
    system.folder("/opt", 0o700);
    const { exitCode, message, remedy } = await refused();
    expect({ exitCode, remedy }).toEqual({ exitCode: 77, remedy: "sudo chmod o+x /opt" });
    expect(message).toContain("/opt");
  });

  it("where a native package is not built", async () => {
    const error = await install({ unbuilt: () => "epoll" }).catch((thrown) => thrown);
    expect(error).toMatchObject({ exitCode: 69, remedy: expect.stringContaining("npm rebuild") });
  });

  it("where this Raspberry Pi's hat cannot be used, with its remedy", async () => {
    const missing = { cause: "/dev/i2c-1 is missing", remedy: "Enable I²C." };
    const error = await install({ choice: { ...pi, missing } }).catch((thrown) => thrown);
    expect(error).toMatchObject({ exitCode: 69, remedy: "Enable I²C." });
  });

  it("where the copied Node.js does not run for others", async () => {
    system.answers.set(`${places.program}/0.1.0-1/bin/node --version`, { code: undefined, out: "EACCES" });
    expect(await refused()).toMatchObject({ exitCode: 77, message: expect.stringContaining("EACCES") });
    expect(versions()).toEqual([]);
  });

  it("where the copied program finds a mistake", async () => {
    system.answers.set(
      `${places.program}/0.1.0-1/bin/node ${places.program}/0.1.0-1/dist/main.js manifest check`,
      {
        code: 78,
        out: "the manifest does not grant $RELAY",
      },
    );
    expect(await refused()).toMatchObject({ exitCode: 78, message: expect.stringContaining("$RELAY") });
  });
});

describe("a service that is there", () => {
  it("is shown with its state and its loop's status", async () => {
    await install();
    expect(unitState(system)).toMatchObject({
      installed: true,
      active: "active",
      enabled: true,
      mainPid: 1233,
      lastEnd: undefined,
      running: heating,
    });
  });

  it("is healthy only while it runs, has decided about the relay and has no fault", () => {
    expect(isHealthy({ active: "active", running: heating })).toBe(true);
    expect(isHealthy({ active: "failed", running: heating })).toBe(false);
    expect(isHealthy({ active: "active", running: undefined })).toBe(false);
    expect(isHealthy({ active: "active", running: { ...heating, decidedAfterMs: undefined } })).toBe(false);
    expect(isHealthy({ active: "active", running: { ...heating, faults: ["sensor-stale"] } })).toBe(false);
  });

  it("whose loop has ended shows no status, whatever file is left in its folder", async () => {
    await install();
    system.file(places.processes, "1233\n");
    expect(unitState(system).running).toBeUndefined();
  });

  it.each([
    [
      { Result: "watchdog", ExecMainCode: "2", ExecMainStatus: "6" },
      "its guardian hung, so systemd killed it",
    ],
    [{ Result: "signal", ExecMainCode: "2", ExecMainStatus: "9" }, "signal 9"],
    [
      { Result: "exit-code", ExecMainCode: "1", ExecMainStatus: "203" },
      "exit code 203: its Node.js cannot be executed",
    ],
    [{ Result: "success", ExecMainCode: "1", ExecMainStatus: "0" }, "exit code 0: it was stopped"],
  ])("%j ended: %s", (properties, words) => {
    system.shown = { ExecMainExitTimestamp: "today", ...properties };
    expect(unitState(system).lastEnd).toBe(words);
  });
});
