import { afterEach, describe, expect, it } from "vitest";
import { gpioSource, readBoard } from "../../../src/firmware/choose-board.ts";
import { checkBootLines } from "../../../src/firmware/doctor/boot-lines.ts";
import { type BootConfig, readBootConfig } from "../../../src/firmware/doctor/facts/boot-config.ts";
import type { Finding } from "../../../src/firmware/doctor/finding.ts";
import type { Machine } from "../../../src/firmware/doctor/machine.ts";
import { systemMachine } from "../../../src/firmware/doctor/machine.ts";
import { CapturedMachine } from "./captured-machine.ts";

const machines: CapturedMachine[] = [];
afterEach(() => {
  for (const machine of machines.splice(0)) machine.remove();
});

const file = "/boot/firmware/config.txt";

function machineWith(config: string | undefined, more: Record<string, string> = {}): Machine {
  const captured = new CapturedMachine({}, { sys: "none", files: { [file]: config, ...more } });
  machines.push(captured);
  return systemMachine(captured.root);
}

function read(config: string, model = "Raspberry Pi 4 Model B Rev 1.5", more = {}): BootConfig {
  const found = readBootConfig(machineWith(config, more), model);
  if (found === undefined) throw new Error("no config.txt found");
  return found;
}

describe("config.txt", () => {
  it("is looked for in both of its places", () => {
    expect(readBootConfig(machineWith(undefined), undefined)).toBeUndefined();
    const old = readBootConfig(machineWith(undefined, { "/boot/config.txt": "enable_uart=1" }), undefined);
    expect(old?.settings.get("enable_uart")).toEqual({ value: "1", place: "/boot/config.txt:1" });
  });

  it("gives parameters, the last one of a name, without comments", () => {
    const { params } = read("#dtparam=i2c_arm=off\ndtparam=i2c_arm=off,spi\r\ndtparam=i2c_arm=on");
    expect(params.get("i2c_arm")).toEqual({ value: "on", place: `${file}:3` });
    expect(params.get("spi")?.value).toBe("on");
  });

  it("gives overlays with their parameters, on the same line or below", () => {
    const { overlays } = read("dtoverlay=w1-gpio,gpiopin=22\ndtparam=pullup\ndtoverlay=\ndtparam=audio=on");
    expect(overlays.map(({ name, params }) => [name, Object.fromEntries(params)])).toEqual([
      ["w1-gpio", { gpiopin: "22", pullup: "on" }],
    ]);
  });

  it("gives gpio lines as lists and ranges", () => {
    const [directive] = read("gpio=4,16-18=op,DL").gpio;
    expect([...(directive?.lines ?? [])]).toEqual([4, 16, 17, 18]);
    expect(directive?.options).toEqual(["op", "dl"]);
  });

  it.each([
    ["[pi4]", "Raspberry Pi 4 Model B Rev 1.5", true],
    ["[pi4]", "Raspberry Pi 5 Model B Rev 1.0", false],
    ["[pi5]", "Raspberry Pi 5 Model B Rev 1.0", true],
    ["[pi0]", "Raspberry Pi Zero 2 W Rev 1.0", true],
    ["[pi02]", "Raspberry Pi Zero 2 W Rev 1.0", true],
    ["[pi02]", "Raspberry Pi Zero W Rev 1.1", false],
    ["[cm4]", "Raspberry Pi 4 Model B Rev 1.5", false],
    ["[none]", "Raspberry Pi 4 Model B Rev 1.5", false],
    ["[none]\n[all]", "Raspberry Pi 4 Model B Rev 1.5", true],
    ["[gpio4=1]", "Raspberry Pi 4 Model B Rev 1.5", true],
    ["[pi5]\n[gpio4=1]", "Raspberry Pi 4 Model B Rev 1.5", false],
    ["[pi4]", "", true],
  ])("below %j on a %s applies: %s", (filter, model, applies) => {
    expect(read(`${filter}\nenable_uart=1`, model).settings.has("enable_uart")).toBe(applies);
  });

  it("includes other files, and one that includes itself comes to an end", () => {
    const more = { "/boot/firmware/user.txt": "dtparam=i2c_arm=on\ninclude user.txt\n" };
    const { params } = read("include user.txt\ninclude gone.txt\n", undefined, more);
    expect(params.get("i2c_arm")?.place).toBe("/boot/firmware/user.txt:1");
  });
});

describe("what config.txt does to the lines of the board", () => {
  const { wiring } = readBoard("grove-heater-pi");
  // As on a machine with sysfs GPIO, where nothing but config.txt sets a pull.
  const gpio = gpioSource("/nowhere");
  const check = (config: string, name: string, more = {}): Finding[] => {
    const machine = machineWith(config, more);
    return checkBootLines(machine, { wiring, gpio }, readBootConfig(machine, undefined)).filter(
      (finding) => finding.check === name,
    );
  };

  it.each([
    ["", "ok"],
    ["gpio=16=op,dl", "ok"],
    ["gpio=16=pd", "ok"],
    ["gpio=17=op,dh", "ok"],
    ["gpio=16=op,dh", "fail"],
    ["gpio=0-27=pu", "fail"],
    ["gpio=16=np", "fail"],
    ["gpio=16=a3", "fail"],
    ["gpio=16=pu\ngpio=16=pd", "ok"],
  ])("the relay's line with %j: %s", (config, status) => {
    const [finding] = check(config, "relay-pull");
    expect(finding?.status).toBe(status);
    if (status === "fail") expect(finding?.remedy).toContain("gpio=16=op,dl");
  });

  it.each([
    // SR-13: without a word GPIO19 is pulled down, which is pressed, when the mode button's cable comes off.
    ["", "warn", "gpio=19=pu"],
    ["gpio=19=pu", "ok", undefined],
    ["gpio=19=ip,pu\ngpio=22,24=pd", "ok", undefined],
    ["gpio=19=pd", "warn", "gpio=19=ip,pu"],
    ["gpio=19=np", "warn", "gpio=19=ip,pu"],
    ["gpio=19=ip", "warn", "gpio=19=ip,pu"],
    ["gpio=22,24=pd", "warn", "gpio=19=pu"],
    ["gpio=19=pu\ngpio=22=pu", "warn", "gpio=22=ip,pd"],
    ["gpio=19=pu\ngpio=24=np", "warn", "gpio=24=ip,pd"],
    ["gpio=19=pu\ngpio=24=op,dh", "fail", "gpio=24=ip,pd"],
  ])("the buttons' lines with %j: %s", (config, status, remedy) => {
    const findings = check(config, "button-pulls");
    expect(findings.map((finding) => finding.status)).toEqual([status]);
    if (remedy !== undefined) expect(findings[0]?.remedy).toContain(remedy);
  });

  it.each([
    ["dtoverlay=vc4-kms-v3d", undefined],
    ["dtoverlay=w1-gpio", undefined],
    ["dtoverlay=w1-gpio,gpiopin=22", "w1-gpio uses GPIO22 (button a)"],
    ["dtoverlay=gpio-poweroff", "GPIO26 (status led)"],
    ["dtoverlay=gpio-poweroff\ndtparam=gpiopin=6", undefined],
    ["dtoverlay=i2c-gpio", "GPIO24 (button b)"],
    ["dtoverlay=i2c-gpio,i2c_gpio_sda=5,i2c_gpio_scl=6", undefined],
    ["dtoverlay=spi1-3cs", "GPIO16 (relay)"],
    ["dtoverlay=hifiberry-dacplus", "GPIO18 (mode led), GPIO19 (mode button)"],
    ["dtoverlay=gpio-no-irq", "button presses are not detected"],
    ["dtparam=i2s=on", "sound over I²S"],
    ["[none]\ndtoverlay=gpio-no-irq", undefined],
  ])("the overlay in %j", (config, trouble) => {
    const [finding] = check(config, "overlays");
    if (trouble === undefined) expect(finding?.status).toBe("ok");
    else expect(finding?.detail).toContain(trouble);
  });

  it("the serial console concerns only a board that uses the UART's lines", () => {
    const console = { "/boot/firmware/cmdline.txt": "console=serial0,115200 console=tty1\n" };
    expect(check("enable_uart=1", "serial-console", console)[0]?.status).toBe("ok");
    const onUart = { ...wiring, buttonA: { ...wiring.buttonA, line: 15 } };
    const statusOf = (config: string, more = {}) => {
      const machine = machineWith(config, more);
      const findings = checkBootLines(machine, { wiring: onUart, gpio }, readBootConfig(machine, undefined));
      return findings.find((finding) => finding.check === "serial-console");
    };
    expect(statusOf("")?.status).toBe("ok");
    expect(statusOf("enable_uart=1")?.detail).toContain(`${file}:1: the UART uses GPIO15 (button a)`);
    expect(statusOf("", console)).toMatchObject({
      status: "warn",
      detail: expect.stringContaining("cmdline.txt: the serial console may use GPIO15"),
    });
    expect(statusOf("enable_uart=0", console)?.status).toBe("ok");
  });
});
