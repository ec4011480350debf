import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { findGpioChip } from "../../../src/board/kernel/gpio-chip.ts";
import { type HardwareLock, type Refusal, takeLock } from "../../../src/firmware/guardian/hardware-lock.ts";
import { FakeGpioDevices } from "../../board/kernel/chardev/fake-gpiochip.ts";
import {
  type CapturedMachine,
  capture,
  dataPath,
  exportedLine,
  findingOf,
  manifestFile,
  onPi4,
  pi4,
  removeMachines,
  settingsFile,
  withStatus,
} from "./captured-machine.ts";

afterEach(removeMachines);

function held(lock: HardwareLock | Refusal): HardwareLock {
  if (lock.kind === "refused") throw new Error("somebody holds it");
  return lock;
}

/** As a firmware of another user does that drives this line of the machine's chip. */
function drive(machine: CapturedMachine, line: number): HardwareLock {
  const sysRoot = join(machine.root, "sys");
  const chip = findGpioChip(["pinctrl-bcm2711"], { sysRoot });
  const folder = join(machine.root, "run/lock");
  mkdirSync(folder, { recursive: true });
  return held(takeLock({ kind: "line", chip, line, sysRoot }, "/home/other", folder));
}

/** The same on a machine without sysfs GPIO. */
function driveDevice(machine: CapturedMachine): HardwareLock {
  const folder = join(machine.root, "run/lock");
  mkdirSync(folder, { recursive: true });
  const chip = { label: "pinctrl-rp1", path: "/dev/gpiochip0", lines: 54 };
  const sysRoot = join(machine.root, "sys");
  return held(takeLock({ kind: "line", chip, line: 16, sysRoot }, "/home/other", folder));
}

/** A bus with the ADC of the hat instead. */
const withoutDisplay = {
  Gpio: ["$RELAY", "$BUTTON_A", "$BUTTON_B", "$MODE_BUTTON", "$MODE_LED", "$STATUS_LED"],
  I2cMaster: ["$PANEL_I2C"],
  I2cAddresses: { $PANEL_I2C: ["0x44", "0x08"] },
};

describe("the I²C bus", () => {
  const gone = { "/dev/i2c-1": undefined };

  it("that is off is to be turned on, without which `run` refuses to start", async () => {
    const files = { ...gone, "/boot/firmware/config.txt": "#dtparam=i2c_arm=on\n" };
    const findings = await onPi4({ files });
    expect(findingOf(findings, "i2c-device")).toMatchObject({
      status: "fail",
      remedy: expect.stringContaining("raspi-config nonint do_i2c 0"),
    });
    expect(withStatus(findings, "skip")).toEqual(["i2c-permission", "sensor", "display", "base-hat"]);
  });

  it("that config.txt turns on, without a device, wants a restart", async () => {
    const finding = findingOf(await onPi4({ files: gone }), "i2c-device");
    expect(finding?.detail).toContain("/boot/firmware/config.txt:1");
    expect(finding?.remedy).toContain("Restart");
  });

  it("that is on without i2c-dev wants that module", async () => {
    const files = { ...gone, "/sys/bus/i2c/devices/i2c-1/name": "bcm2835 (i2c@7e804000)\n" };
    expect(findingOf(await onPi4({ files }), "i2c-device")?.remedy).toContain("modprobe i2c-dev");
  });

  it("that will be off after the next restart is a warning", async () => {
    const files = { "/boot/firmware/config.txt": "dtparam=i2c_arm=on\ndtparam=i2c_arm=off\n" };
    expect(findingOf(await onPi4({ files }), "i2c-device")).toMatchObject({ status: "warn" });
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
    expect(findingOf(findings, "i2c-permission")?.remedy).toContain(remedy);
    expect(findingOf(findings, "sensor")?.status).toBe("skip");
  });
});

describe("the parts on the bus", () => {
  it.each([
    ["nack", "nothing answers"],
    ["timeout", "the bus is stuck"],
    ["bad-crc", "corrupted"],
  ] as const)("a sensor with %s: %s", async (fault, words) => {
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6" });
    machine.hat.fault(fault);
    expect(findingOf(await machine.examine(), "sensor")).toMatchObject({
      status: "fail",
      detail: expect.stringContaining(words),
    });
  });

  it("a missing display is a warning: the heater runs without it", async () => {
    const findings = await onPi4({ display: "none" });
    expect(withStatus(findings, "warn", "fail")).toEqual(["display"]);
    expect(findingOf(findings, "display")?.status).toBe("warn");
  });

  it("an unsupported display is reported as unknown, with the setting that selects one", async () => {
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6", display: "none" });
    // As an SSD1327 may answer, whose status bits the datasheet leaves undefined.
    machine.hat.bus.plug(0x3c, { write: () => true, read: (length) => new Uint8Array(length).fill(0x40) });
    const finding = findingOf(await machine.examine(), "display");
    expect(finding?.status).toBe("warn");
    expect(finding?.detail).toMatch(/0x3c is of an unknown kind.*setting "display"/);
  });

  it("a chip at the sensor's address that is not a sensor is distinguished from no answer", async () => {
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6" });
    machine.hat.bus.plug(0x44, { write: () => true, read: (length) => new Uint8Array(length) });
    const finding = findingOf(await machine.examine(), "sensor");
    expect(finding?.status).toBe("fail");
    expect(finding?.detail).toContain("something answers, but not like an SHT31 or SHT4x");
  });

  it("a chip at the ADC's address that is not the ADC is not reported as a hat", async () => {
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6", manifestFile: manifestFile(withoutDisplay) });
    machine.hat.bus.plug(0x08, { write: () => true, read: (length) => new Uint8Array(length).fill(0x5a) });
    expect(findingOf(await machine.examine(), "base-hat")).toMatchObject({
      status: "warn",
      detail: expect.stringContaining("not the ADC of a Grove Base Hat"),
    });
  });

  it("a text display is named", async () => {
    expect(findingOf(await onPi4({ display: "lcd-16x2" }), "display")?.detail).toBe(
      "16x2 text at 0x3e, known by its address alone: it cannot report its type",
    );
  });

  it("an address that a kernel driver holds is named with that driver", async () => {
    const folder = "/sys/bus/i2c/devices/1-0044";
    const files = { [`${folder}/name`]: "sht3x\n", [`${folder}/driver/bind`]: "" };
    expect(findingOf(await onPi4({ files }), "i2c-driver")?.detail).toBe(
      '0x44 is held by the kernel driver "sht3x"',
    );
  });

  it("only addresses that the manifest grants are ever asked", async () => {
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6", manifestFile: manifestFile(withoutDisplay) });
    expect(findingOf(await machine.examine(), "display")?.status).toBe("skip");
    expect(machine.asked).toEqual(new Set([0x44, 0x08]));
    expect(machine.openBuses).toBe(0);
  });

  it("the hat's ADC is asked for its type where the manifest grants its address", async () => {
    const findings = await onPi4({ manifestFile: manifestFile(withoutDisplay) });
    expect(findingOf(findings, "base-hat")).toMatchObject({ status: "ok", detail: "Grove Base Hat at 0x08" });
  });

  it("SR-12: are left alone while the firmware runs, whatever its data folder", async () => {
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6" });
    const lock = drive(machine, 16);
    const findings = await machine.examine();
    lock.release();
    expect(findingOf(findings, "instance")).toMatchObject({
      status: "ok",
      detail: expect.stringMatching(`drives the hat: process ${process.pid}, .*data folder /home/other`),
    });
    expect(findingOf(findings, "sensor")).toMatchObject({
      status: "skip",
      detail: expect.stringContaining("two masters"),
    });
    expect(machine.asked).toEqual(new Set());
    expect(findingOf(await machine.examine(), "sensor")?.status).toBe("ok");
  });

  it("SR-12: are left alone while a firmware drives another line of the same chip", async () => {
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6" });
    const lock = drive(machine, 12);
    const findings = await machine.examine();
    lock.release();
    expect(findingOf(findings, "instance")?.detail).toContain(`process ${process.pid}`);
    expect(findingOf(findings, "sensor")?.status).toBe("skip");
  });

  it("are left alone while the data folder is held", async () => {
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6" });
    machine.write(`${dataPath}/settings.json`, "{}");
    const lock = held(takeLock({ kind: "folder", path: join(machine.root, dataPath) }, dataPath));
    const findings = await machine.examine();
    lock.release();
    expect(findingOf(findings, "sensor")?.status).toBe("skip");
    expect(findingOf(findings, "instance")?.detail).toContain(`process ${process.pid}`);
  });

  it("are read while no lock is held, whatever an old note or another program's command line says", async () => {
    const cmdline = ["node", "dist/main.js", "loop", "--board", "grove-heater-pi"].join("\0");
    const files = { "/proc/4711/cmdline": cmdline, [`${dataPath}/lock`]: String(process.ppid) };
    const findings = await onPi4({ files });
    expect(findingOf(findings, "instance")?.detail).toContain("does not run");
    expect(findingOf(findings, "sensor")?.status).toBe("ok");
  });
});

describe("the GPIO lines", () => {
  it("of a chip with another label are not guessed", async () => {
    const findings = await onPi4({ sys: "laptop" });
    expect(findingOf(findings, "gpio-chip")).toMatchObject({
      status: "fail",
      detail: expect.stringContaining("INT34C5:00"),
    });
    expect(findingOf(findings, "line-relay")?.status).toBe("skip");
  });

  it("of two chips alike are not guessed", async () => {
    expect(findingOf(await onPi4({ sys: "two-alike" }), "gpio-chip")?.detail).toContain("refusing to guess");
  });

  it("without sysfs want the kernel of Raspberry Pi OS", async () => {
    expect(findingOf(await onPi4({ sys: "none" }), "gpio-chip")?.remedy).toContain(
      "kernel of Raspberry Pi OS",
    );
  });

  it("that a user may not use want the group gpio", async () => {
    const refused = { "/sys/class/gpio/export": "EACCES" };
    const findings = await onPi4({ refused, files: { "/etc/group": "gpio:x:986:" }, user: { gids: [1000] } });
    expect(findingOf(findings, "gpio-permission")?.remedy).toContain("sudo usermod -aG gpio pi");
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
    expect(findingOf(findings, "line-button-a")?.detail).toContain('held by "onewire@16"');
  });

  it("of a button that was exported are a warning, and a problem without interrupts", async () => {
    const findings = await onPi4({
      files: {
        ...exportedLine(534, { direction: "in", value: "1" }),
        ...exportedLine(536, { direction: "in", edge: undefined }),
      },
    });
    expect(findingOf(findings, "line-button-a")).toMatchObject({
      status: "warn",
      detail: expect.stringContaining("high"),
    });
    expect(findingOf(findings, "line-button-b")).toMatchObject({
      status: "fail",
      remedy: expect.stringContaining("gpio-no-irq"),
    });
  });

  it.each([
    ["running", true],
    ["idle", false],
  ])(
    "of a button that reads pressed are to be looked at, with the firmware %s (SR-13)",
    async (_, running) => {
      const cmdline = ["node", "dist/main.js", "loop", ""].join("\0");
      const findings = await onPi4({
        files: {
          ...exportedLine(531, { direction: "in", value: "0" }),
          ...exportedLine(534, { direction: "in", value: "0" }),
          ...(running ? { "/proc/9/cmdline": cmdline } : {}),
        },
      });
      expect(findingOf(findings, "line-mode-button")).toMatchObject({
        status: "warn",
        detail: expect.stringContaining("reads pressed"),
        remedy: expect.stringContaining("button-pulls"),
      });
      expect(findingOf(findings, "line-button-a")?.detail).not.toContain("reads pressed");
    },
  );

  it.each([
    ["on", { value: "1" }, "fail"],
    ["on, inverted", { value: "0", active_low: "1" }, "fail"],
    ["off", { value: "0" }, "ok"],
    ["off, inverted", { value: "1", active_low: "1" }, "ok"],
  ])("of a relay that nobody drives and that is %s", async (_, values, status) => {
    const finding = findingOf(await onPi4({ files: exportedLine(528, values) }), "line-relay");
    expect(finding?.status).toBe(status);
    if (status === "fail") expect(finding?.remedy).toBe("grove-heater relay off");
  });

  it("of a relay that the firmware has on are well", async () => {
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6", files: exportedLine(528, { value: "1" }) });
    const lock = drive(machine, 16);
    const findings = await machine.examine();
    lock.release();
    expect(findingOf(findings, "line-relay")?.status).toBe("ok");
  });
});

describe("the GPIO lines of a kernel without sysfs GPIO", () => {
  function pi5() {
    const devices = new FakeGpioDevices();
    const chip = devices.add("pinctrl-rp1");
    return { devices, chip, machine: { sys: "none", gpioDevices: devices } };
  }

  it("are all well on the character device, with no pull wanted from config.txt, and none is taken", async () => {
    const { devices, chip, machine } = pi5();
    const config = { "/boot/firmware/config.txt": "dtparam=i2c_arm=on\n" };
    const findings = await onPi4({ ...machine, files: config });
    expect(withStatus(findings, "fail", "warn")).toEqual([]);
    expect(findingOf(findings, "gpio-chip")?.detail).toContain("at /dev/gpiochip0");
    expect(findingOf(findings, "line-relay")?.detail).toBe("GPIO16 (D16_YELLOW), free");
    expect(findingOf(findings, "button-pulls")?.detail).toContain("the firmware pulls");
    expect(chip.lines.every(({ driven, consumer }) => driven.length === 0 && consumer === "")).toBe(true);
    expect(devices.openDescriptors).toBe(0);
  });

  it("that another program holds are named with it, for an ordinary user too", async () => {
    const { devices, chip, machine } = pi5();
    devices.take(chip, 22, "onewire@16");
    const findings = await onPi4(machine);
    expect(withStatus(findings, "fail")).toEqual(["line-button-a"]);
    expect(findingOf(findings, "line-button-a")?.detail).toContain('held by "onewire@16"');
  });

  it("that a grove-heater holds are ok while the firmware runs, else a warning", async () => {
    const { devices, chip, machine } = pi5();
    devices.take(chip, 16, "grove-heater relay");
    devices.take(chip, 22, "grove-heater");
    const idle = await onPi4(machine);
    expect(withStatus(idle, "warn")).toEqual(["line-relay", "line-button-a"]);
    const captured = capture(pi4, machine);
    const lock = driveDevice(captured);
    const running = await captured.examine();
    lock.release();
    expect(withStatus(running, "warn", "fail")).toEqual([]);
    expect(findingOf(running, "line-relay")?.detail).toContain("in use by the firmware");
  });

  it("that a user may not use want the group gpio", async () => {
    const { devices, machine } = pi5();
    devices.refused.add("/dev/gpiochip0");
    const findings = await onPi4({
      ...machine,
      files: { "/etc/group": "gpio:x:986:" },
      user: { gids: [1000] },
    });
    expect(findingOf(findings, "gpio-chip")).toMatchObject({
      status: "fail",
      detail: expect.stringContaining("/dev/gpiochip0 may not be opened"),
      remedy: expect.stringContaining("sudo usermod -aG gpio pi"),
    });
  });

  it("are looked for there alone where the settings say so", async () => {
    const { devices } = pi5();
    const settings = { [settingsFile]: JSON.stringify({ gpioBackend: "sysfs" }) };
    const findings = await onPi4({ sys: "none", gpioDevices: devices, files: settings });
    expect(findingOf(findings, "gpio-chip")).toMatchObject({
      status: "fail",
      detail: expect.stringContaining("no sysfs GPIO"),
    });
  });

  it("beside sysfs tell an ordinary user the holder's name too", async () => {
    const devices = new FakeGpioDevices();
    devices.take(devices.add("pinctrl-bcm2711", 58), 24, "rotary@24");
    const findings = await onPi4({ gpioDevices: devices });
    expect(findingOf(findings, "gpio-chip")?.detail).toContain("kernel numbers from 512");
    expect(findingOf(findings, "line-button-b")?.detail).toContain('held by "rotary@24"');
  });
});
