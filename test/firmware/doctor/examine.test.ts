import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { BusError } from "../../../src/chips/bus.ts";
import type { Finding } from "../../../src/firmware/doctor/finding.ts";
import { encode } from "../../../src/firmware/state-store.ts";
import {
  type Captured,
  CapturedMachine,
  dataPath,
  exportedLine,
  type Files,
  laptop,
  noDriver,
  pi4,
  settingsFile,
  stateFile,
} from "./captured-machine.ts";

const machines: CapturedMachine[] = [];
afterEach(() => {
  for (const machine of machines.splice(0)) machine.remove();
});

function capture(usual: Files, captured: Captured): CapturedMachine {
  const machine = new CapturedMachine(usual, captured);
  machines.push(machine);
  return machine;
}

const onPi4 = (captured: Partial<Captured> = {}) =>
  capture(pi4, { sys: "pi-4-kernel-6.6", ...captured }).examine();
const of = (findings: readonly Finding[], check: string): Finding | undefined =>
  findings.find((finding) => finding.check === check);
const withStatus = (findings: readonly Finding[], ...statuses: Finding["status"][]): string[] =>
  findings.filter(({ status }) => statuses.includes(status)).map(({ check }) => check);

describe("a Raspberry Pi 4 where all is well", () => {
  it("has nothing to look at and nothing to mend", async () => {
    const findings = await onPi4();
    expect(findings.filter(({ status }) => status === "warn" || status === "fail")).toEqual([]);
    expect(withStatus(findings, "skip")).toEqual(["base-hat"]);
  });

  it("is told its temperature, its display, its chip and the kernel number of every line", async () => {
    const findings = await onPi4();
    expect(of(findings, "computer")?.detail).toBe("Raspberry Pi 4 Model B Rev 1.5");
    expect(of(findings, "board")?.detail).toContain("grove-heater-pi: a real hat");
    expect(of(findings, "sensor")?.detail).toMatch(/^SHT31 at 0x44 reads 17\.\d °C, 4\d % r\.h\.$/);
    expect(of(findings, "display")?.detail).toBe("OLED 128×128 at 0x3c");
    expect(of(findings, "gpio-chip")?.detail).toContain('"pinctrl-bcm2711"');
    expect(of(findings, "line-relay")?.detail).toBe("GPIO16 (D16_YELLOW), kernel number 528, free");
  });

  it("is left as it was: nothing written, no relay switched", async () => {
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6" });
    const before = machine.snapshot();
    await machine.examine();
    expect(machine.snapshot()).toEqual(before);
    expect(machine.hat.contactClosures).toBe(0);
  });
});

describe("the computer", () => {
  it("finds the lines of a Pi 5 at the base that its kernel gave them", async () => {
    const findings = await capture(
      { ...pi4, "/proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.1\0" },
      { sys: "pi-5-kernel-6.12" },
    ).examine();
    expect(of(findings, "gpio-chip")?.detail).toContain('"pinctrl-rp1"');
    expect(of(findings, "line-relay")?.detail).toContain("kernel number 585");
    expect(withStatus(findings, "warn", "fail")).toEqual([]);
  });

  it("that is a laptop uses the virtual hat: the hardware is left out and nothing is to mend", async () => {
    const findings = await capture(laptop, { sys: "laptop" }).examine();
    expect(withStatus(findings, "warn", "fail")).toEqual([]);
    expect(withStatus(findings, "skip")).toEqual(
      expect.arrayContaining(["i2c-device", "sensor", "display", "gpio-chip", "line-relay", "overlays"]),
    );
    expect(of(findings, "board")?.detail).toContain("the virtual hat, as this is no Raspberry Pi");
  });

  it("that is a laptop fails where a real hat is asked for", async () => {
    const findings = await capture(laptop, { sys: "laptop", board: "grove-heater-pi" }).examine();
    expect(withStatus(findings, "fail")).toEqual(["i2c-device", "gpio-chip"]);
  });

  it.each([
    ["18.20.4", "fail"],
    ["20.18.1", "fail"],
    ["20.19.0", "ok"],
    ["24.0.0", "ok"],
  ])("with Node.js %s: %s", async (nodeVersion, status) => {
    expect(of(await onPi4({ nodeVersion }), "node")?.status).toBe(status);
  });

  it("with a native package that is not built costs the hardware of a Pi, and a laptop nothing", async () => {
    const drivers = { unbuilt: () => "epoll" };
    const findings = await onPi4({ drivers });
    expect(of(findings, "native-packages")).toMatchObject({
      status: "fail",
      remedy: expect.stringContaining("npm rebuild"),
    });
    expect(of(findings, "sensor")?.status).toBe("skip");
    const onLaptop = await capture(laptop, { sys: "laptop", drivers }).examine();
    expect(of(onLaptop, "native-packages")?.status).toBe("skip");
  });

  it("with packages built for another Node.js is told to build them again", async () => {
    const openBus = () => Promise.reject(new BusError("no-driver", "wrong NODE_MODULE_VERSION"));
    const findings = await onPi4({ drivers: { openBus, openGpio: noDriver } });
    expect(withStatus(findings, "fail")).toEqual(["i2c-driver", "gpio-driver"]);
    expect(of(findings, "i2c-driver")?.remedy).toContain("npm rebuild");
  });

  it("in 1970 is told to set its clock", async () => {
    const files = { "/run/systemd/timesync/synchronized": undefined, "/run/systemd/timesync/x": "" };
    const findings = await onPi4({ at: "1970-01-01T00:02:00Z", files });
    expect(of(findings, "clock")).toMatchObject({
      status: "fail",
      remedy: expect.stringContaining("set-ntp"),
    });
    expect(of(findings, "clock-sync")?.status).toBe("warn");
  });

  it("with a weak supply is told of it", async () => {
    const findings = await onPi4({ files: { "/sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n" } });
    expect(withStatus(findings, "warn", "fail")).toEqual(["power"]);
  });
});

describe("the I²C bus", () => {
  const gone = { "/dev/i2c-1": undefined };

  it("that is off is to be turned on, also where `run` would fall back to the virtual hat", async () => {
    const files = { ...gone, "/boot/firmware/config.txt": "#dtparam=i2c_arm=on\n" };
    const findings = await onPi4({ files });
    expect(of(findings, "i2c-device")).toMatchObject({
      status: "fail",
      remedy: expect.stringContaining("raspi-config nonint do_i2c 0"),
    });
    expect(withStatus(findings, "skip")).toEqual(["i2c-permission", "sensor", "display", "base-hat"]);
  });

  it("that config.txt turns on, without a device, wants a restart", async () => {
    const finding = of(await onPi4({ files: gone }), "i2c-device");
    expect(finding?.detail).toContain("/boot/firmware/config.txt:1");
    expect(finding?.remedy).toContain("Restart");
  });

  it("that is on without i2c-dev wants that module", async () => {
    const files = { ...gone, "/sys/bus/i2c/devices/i2c-1/name": "bcm2835 (i2c@7e804000)\n" };
    expect(of(await onPi4({ files }), "i2c-device")?.remedy).toContain("modprobe i2c-dev");
  });

  it("that will be off after the next restart is to be looked at", async () => {
    const files = { "/boot/firmware/config.txt": "dtparam=i2c_arm=on\ndtparam=i2c_arm=off\n" };
    expect(of(await onPi4({ files }), "i2c-device")).toMatchObject({ status: "warn" });
  });

  it.each([
    ["joins the group", "i2c:x:988:", [1000], "sudo usermod -aG i2c pi"],
    ["logs in again after joining", "i2c:x:988:other,pi", [1000], "log out and in again"],
    ["restarts when already in it", "i2c:x:988:pi", [1000, 988], "restart the computer"],
    ["installs the udev rules where there is no group", "none:x:1:", [1000], "udev rules"],
  ])("that a user may not use: %s", async (_, entry, gids, remedy) => {
    const refused = { "/dev/i2c-1": "EACCES" };
    const findings = await onPi4({ refused, files: { "/etc/group": entry }, user: { gids } });
    expect(withStatus(findings, "fail")).toEqual(["i2c-permission"]);
    expect(of(findings, "i2c-permission")?.remedy).toContain(remedy);
    expect(of(findings, "sensor")?.status).toBe("skip");
  });
});

describe("the parts on the bus", () => {
  it.each([
    ["nack", "nothing answers"],
    ["timeout", "the bus is stuck"],
    ["bad-crc", "garbled"],
  ] as const)("a sensor with %s: %s", async (fault, words) => {
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6" });
    machine.hat.fault(fault);
    expect(of(await machine.examine(), "sensor")).toMatchObject({
      status: "fail",
      detail: expect.stringContaining(words),
    });
  });

  it("a missing display is to be looked at: the heater runs without", async () => {
    const findings = await onPi4({ display: "none" });
    expect(withStatus(findings, "warn", "fail")).toEqual(["display"]);
    expect(of(findings, "display")?.status).toBe("warn");
  });

  it("a text display is named", async () => {
    expect(of(await onPi4({ display: "lcd-16x2" }), "display")?.detail).toBe("16x2 text at 0x3e");
  });

  it("an address that a kernel driver holds is named with that driver", async () => {
    const folder = "/sys/bus/i2c/devices/1-0044";
    const files = { [`${folder}/name`]: "sht3x\n", [`${folder}/driver/bind`]: "" };
    expect(of(await onPi4({ files }), "i2c-driver")?.detail).toBe(
      '0x44 is held by the kernel driver "sht3x"',
    );
  });

  it("only addresses that the manifest grants are ever asked", async () => {
    const folder = capture(laptop, { sys: "none" }).root;
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6", manifestFile: manifest(folder) });
    expect(of(await machine.examine(), "display")?.status).toBe("skip");
    expect(machine.asked).toEqual(new Set([0x44, 0x08]));
  });

  it("the hat's converter is asked for its kind where the manifest grants it", async () => {
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6" });
    const findings = await onPi4({ manifestFile: manifest(machine.root) });
    expect(of(findings, "base-hat")).toMatchObject({ status: "ok", detail: "Grove Base Hat at 0x08" });
  });

  it("are left alone while the firmware runs", async () => {
    const cmdline = [
      "/usr/bin/node",
      "/opt/grove-heater/dist/main.js",
      "loop",
      "--board",
      "grove-heater-pi",
      "",
    ];
    const findings = await onPi4({ files: { "/proc/4711/cmdline": cmdline.join("\0") } });
    expect(of(findings, "instance")?.detail).toContain("process 4711");
    expect(of(findings, "sensor")).toMatchObject({
      status: "skip",
      detail: expect.stringContaining("two masters"),
    });
  });

  it("are left alone while the lock of the data folder is held", async () => {
    const holder = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    try {
      const findings = await onPi4({ files: { [`${dataPath}/lock`]: String(holder.pid) } });
      expect(of(findings, "sensor")?.status).toBe("skip");
      expect(of(findings, "instance")?.detail).toContain(`process ${holder.pid}`);
    } finally {
      holder.kill();
    }
  });

  it("are asked while only a virtual hat is driven", async () => {
    const cmdline = ["node", "dist/main.js", "loop", "--data", "/tmp/x", "--board", "virtual"].join("\0");
    expect(of(await onPi4({ files: { "/proc/4711/cmdline": cmdline } }), "sensor")?.status).toBe("ok");
  });
});

/** A manifest without a display, with the hat's converter. */
function manifest(folder: string): string {
  const file = join(folder, "manifest.json");
  const capabilities = {
    Gpio: ["$RELAY", "$BUTTON_A", "$BUTTON_B", "$MODE_BUTTON", "$MODE_LED", "$STATUS_LED"],
    I2cMaster: ["$PANEL_I2C"],
    I2cAddresses: { $PANEL_I2C: ["0x44", "0x08"] },
  };
  writeFileSync(file, manifestText(capabilities));
  return file;
}

function manifestText(capabilities: object): string {
  return JSON.stringify({
    SchemaVersion: 1,
    Name: "grove-heater",
    ComponentId: "52835aa3-8307-4e84-a159-63497f35b43c",
    EntryPoint: "dist/main.js",
    Capabilities: capabilities,
  });
}

describe("the GPIO lines", () => {
  it("of a chip with another label are not guessed", async () => {
    const findings = await onPi4({ sys: "laptop" });
    expect(of(findings, "gpio-chip")).toMatchObject({
      status: "fail",
      detail: expect.stringContaining("INT34C5:00"),
    });
    expect(of(findings, "line-relay")?.status).toBe("skip");
  });

  it("of two chips alike are not guessed", async () => {
    expect(of(await onPi4({ sys: "two-alike" }), "gpio-chip")?.detail).toContain("refusing to guess");
  });

  it("without sysfs want the kernel of Raspberry Pi OS", async () => {
    expect(of(await onPi4({ sys: "none" }), "gpio-chip")?.remedy).toContain("kernel of Raspberry Pi OS");
  });

  it("that a user may not use want the group gpio", async () => {
    const refused = { "/sys/class/gpio/export": "EACCES" };
    const findings = await onPi4({ refused, files: { "/etc/group": "gpio:x:986:" }, user: { gids: [1000] } });
    expect(of(findings, "gpio-permission")?.remedy).toContain("sudo usermod -aG gpio pi");
  });

  it("that a driver holds are named with it", async () => {
    const listing = [
      "gpiochip0: GPIOs 512-569, parent: platform/fe200000.gpio, pinctrl-bcm2711:",
      " gpio-528 (GPIO16              |sysfs               ) out lo",
      " gpio-534 (GPIO22              |onewire@16          ) in  hi",
      " gpio-536 (GPIO24              )",
    ].join("\n");
    const findings = await onPi4({ files: { "/sys/kernel/debug/gpio": listing } });
    expect(withStatus(findings, "fail")).toEqual(["line-button-a"]);
    expect(of(findings, "line-button-a")?.detail).toContain('held by "onewire@16"');
  });

  it("of a button that somebody exported are to be looked at, without interrupts to be mended", async () => {
    const findings = await onPi4({
      files: {
        ...exportedLine(534, { direction: "in", value: "1" }),
        ...exportedLine(536, { direction: "in", edge: undefined }),
      },
    });
    expect(of(findings, "line-button-a")).toMatchObject({
      status: "warn",
      detail: expect.stringContaining("high"),
    });
    expect(of(findings, "line-button-b")).toMatchObject({
      status: "fail",
      remedy: expect.stringContaining("gpio-no-irq"),
    });
  });

  it.each([
    ["on", { value: "1" }, "fail"],
    ["on, inverted", { value: "0", active_low: "1" }, "fail"],
    ["off", { value: "0" }, "ok"],
    ["off, inverted", { value: "1", active_low: "1" }, "ok"],
  ])("of a relay that nobody drives and that is %s", async (_, values, status) => {
    const finding = of(await onPi4({ files: exportedLine(528, values) }), "line-relay");
    expect(finding?.status).toBe(status);
    if (status === "fail") expect(finding?.remedy).toBe("grove-heater relay off");
  });

  it("of a relay that the firmware has on are well", async () => {
    const cmdline = ["node", "dist/main.js", "loop", ""].join("\0");
    const files = { ...exportedLine(528, { value: "1" }), "/proc/9/cmdline": cmdline };
    expect(of(await onPi4({ files }), "line-relay")?.status).toBe("ok");
  });
});

describe("what people wrote", () => {
  it("a settings file with mistakes has a finding for each", async () => {
    const findings = await onPi4({ files: { [settingsFile]: '{"targetMax": 99, "colour": 1}' } });
    expect(withStatus(findings, "fail")).toEqual(["settings", "settings"]);
  });

  it("a settings file that is no JSON is a finding with its place", async () => {
    const finding = of(await onPi4({ files: { [settingsFile]: '{\n"targetMax": }' } }), "settings");
    expect(finding).toMatchObject({ status: "fail", detail: expect.stringMatching(/settings\.json:2:/) });
  });

  it("the board of the settings is the one examined", async () => {
    const findings = await onPi4({ files: { [settingsFile]: '{"board": "virtual"}' } });
    expect(of(findings, "board")?.detail).toBe("virtual: the virtual hat");
  });

  it("a board that is not there is a finding, and the rest is still looked at", async () => {
    const findings = await onPi4({ board: "no-such-board" });
    expect(withStatus(findings, "fail")).toEqual(["board"]);
    expect(of(findings, "data-folder")?.status).toBe("ok");
  });

  it("a manifest that grants too little names what is missing", async () => {
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6" });
    const manifestFile = join(machine.root, "little.json");
    writeFileSync(manifestFile, manifestText({ Gpio: ["$RELAY"] }));
    const finding = of(await onPi4({ manifestFile }), "manifest");
    expect(finding).toMatchObject({ status: "fail", detail: expect.stringContaining("$BUTTON_A (Gpio)") });
    expect(finding?.detail).toContain("I²C bus 1 (I2cMaster)");
  });

  it("a manifest that is missing is a finding, and nothing on the bus is asked", async () => {
    const findings = await onPi4({ manifestFile: "/nowhere/app_manifest.json" });
    expect(of(findings, "manifest")?.status).toBe("fail");
    expect(of(findings, "sensor")?.status).toBe("skip");
  });
});

describe("the data folder", () => {
  it("that is not there yet will be made", async () => {
    expect(of(await onPi4(), "data-folder")?.detail).toContain("will be made");
  });

  it.each([
    ["EROFS", "read-only file system", "Mount it"],
    ["EACCES", "may not write", "sudo chown pi"],
  ])("that refuses writing with %s", async (code, detail, remedy) => {
    const findings = await onPi4({ refused: { [dataPath]: code }, files: { [stateFile]: state() } });
    const finding = of(findings, "data-folder");
    expect(finding).toMatchObject({ status: "fail", detail: expect.stringContaining(detail) });
    expect(finding?.remedy).toContain(remedy);
  });

  it("that is a file is refused", async () => {
    expect(of(await onPi4({ files: { [dataPath]: "" } }), "data-folder")?.detail).toContain("is a file");
  });

  it("tells what state it holds", async () => {
    const finding = of(await onPi4({ files: { [stateFile]: state() } }), "state-file");
    expect(finding).toMatchObject({ status: "ok", detail: "set-point 21.5 °C, auto, 12 relay cycles" });
  });

  it("with a damaged state says what the next run will do, and moves nothing", async () => {
    const machine = capture(pi4, {
      sys: "pi-4-kernel-6.6",
      files: { [stateFile]: state().replace("21.5", "31.5") },
    });
    const before = machine.snapshot();
    expect(of(await machine.examine(), "state-file")).toMatchObject({
      status: "warn",
      detail: expect.stringContaining("checksum"),
    });
    expect(machine.snapshot()).toEqual(before);
  });

  it("names the files that were kept aside", async () => {
    const findings = await onPi4({ files: { [`${stateFile}.unreadable-1767225600000`]: "x" } });
    expect(of(findings, "kept-aside")?.detail).toContain("state.json.unreadable-1767225600000");
  });
});

function state(): string {
  const change = { source: "device", wallMs: 1_767_225_600_000 };
  return encode(
    JSON.stringify({
      schema: 1,
      target: 21.5,
      mode: "auto",
      heaterSwitch: false,
      changes: { target: change, mode: change, heaterSwitch: change },
      counters: { relayCycles: 12, heaterSeconds: 3600 },
      latched: [],
    }),
  );
}

describe("whatever the files of a machine hold", () => {
  it("the doctor comes to an end, and every finding that is not well has its remedy", async () => {
    const paths = [...Object.keys(pi4), stateFile, settingsFile, "/proc/7/cmdline", "/sys/kernel/debug/gpio"];
    const files = fc.dictionary(fc.constantFrom(...paths), fc.string({ unit: "binary", maxLength: 60 }));
    await fc.assert(
      fc.asyncProperty(files, async (content) => {
        const machine = new CapturedMachine(pi4, { sys: "pi-4-kernel-6.6", files: content });
        try {
          for (const { check, status, detail, remedy } of await machine.examine()) {
            expect(check).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
            expect(detail).not.toContain("broke off");
            expect(Boolean(remedy)).toBe(status === "warn" || status === "fail");
          }
        } finally {
          machine.remove();
        }
      }),
      { numRuns: 60 },
    );
  });
});
