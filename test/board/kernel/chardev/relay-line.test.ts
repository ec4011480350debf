import { describe, expect, it } from "vitest";
import { type GpioDevices, noDevices } from "../../../../src/board/kernel/chardev/devices.ts";
import { RelayLines } from "../../../../src/board/kernel/chardev/relay-line.ts";
import type { Level } from "../../../../src/chips/lines.ts";
import { errno } from "../fake-gpio.ts";
import { sysTree } from "../sys-tree.ts";
import { FakeGpioDevices } from "./fake-gpiochip.ts";

const wiring = (activeLevel: Level = 1, line = 16) => ({
  gpioChipLabels: ["pinctrl-bcm2711"],
  relay: { name: "RELAY", line, activeLevel },
});

function rig() {
  const devices = new FakeGpioDevices();
  const chip = devices.add("pinctrl-bcm2711", 58);
  return {
    devices,
    chip,
    relay: chip.line(16),
    lines: new RelayLines(),
    source: { devices, sysRoot: "/nowhere" },
  };
}

describe("Forcing the relay off on the character device (SR-01, SR-10)", () => {
  it("takes a line that nobody has, off, in a name that others read, and keeps it", () => {
    const { relay, lines, source } = rig();
    expect(lines.forceOff(wiring(), source)).toMatchObject({ ok: true, before: 0 });
    expect(relay).toMatchObject({ level: 0, flags: 8n, consumer: "grove-heater relay", driven: [0] });
    expect(lines.holds(wiring())).toBe(true);
  });

  it("finds a line on that a dead holder left on, says so, and turns it off", () => {
    const { relay, lines, source } = rig();
    Object.assign(relay, { level: 1, flags: 8n });
    expect(lines.forceOff(wiring(), source)).toMatchObject({ ok: true, before: 1 });
    expect(relay.driven).toEqual([0]);
  });

  it("drives the line of an active-low relay high", () => {
    const { relay, lines, source } = rig();
    expect(lines.forceOff(wiring(0), source)).toMatchObject({ ok: true, before: 0 });
    expect(relay.driven).toEqual([1]);
  });

  it("is off at once while a loop holds the same line and has turned it on", () => {
    const { relay, lines, source } = rig();
    const first = lines.forceOff(wiring(), source);
    if (!first.ok) throw new Error(first.cause);
    first.held.write(1);
    expect(lines.forceOff(wiring(), source)).toMatchObject({ ok: true, before: 1 });
    expect(relay.level).toBe(0);
  });

  it("gives every line back at the end, each by its own name and number", () => {
    const { devices, relay, chip, lines, source } = rig();
    const results = [16, 17].map((line) => lines.forceOff(wiring(1, line), source));
    const named = results.map((result) => result.ok && `${result.held.chip.label} ${result.held.line}`);
    expect(named).toEqual(["pinctrl-bcm2711 16", "pinctrl-bcm2711 17"]);
    lines.releaseAll();
    expect([relay.consumer, chip.line(17).consumer, devices.openDescriptors]).toEqual(["", "", 0]);
    expect(lines.holds(wiring())).toBe(false);
  });

  it("claims no success for a line that still reads on, and keeps it", () => {
    const { chip, lines, source } = rig();
    chip.wire.set(16, 1);
    const result = lines.forceOff(wiring(), source);
    expect(result).toMatchObject({ ok: false, code: "still-on", held: { line: 16 } });
  });

  it("names the program that holds the line, and touches nothing", () => {
    const { devices, chip, relay, lines, source } = rig();
    devices.take(chip, 16, "fancontrol");
    const result = lines.forceOff(wiring(), source);
    expect(result).toMatchObject({ ok: false, code: "busy", cause: expect.stringContaining('"fancontrol"') });
    expect(relay.driven).toEqual([]);
  });

  it("takes a line over that was left exported in sysfs, off there first", () => {
    const { devices, chip, relay, lines } = rig();
    const tree = sysTree("pi-4-kernel-6.6");
    try {
      tree.addLine(528, { direction: "out", value: "1", active_low: "0" });
      devices.take(chip, 16, "sysfs");
      // The kernel frees the line when it is unexported.
      const freed: GpioDevices = {
        list: () => devices.list(),
        open: (path) => devices.open(path),
        close: (descriptor) => devices.close(descriptor),
        read: (descriptor, bytes) => devices.read(descriptor, bytes),
        ioctl(descriptor, request, bytes) {
          if (tree.read("unexport") === "528" && relay.consumer === "sysfs") relay.consumer = "";
          devices.ioctl(descriptor, request, bytes);
        },
      };
      const source = { devices: freed, sysRoot: tree.root };
      expect(lines.forceOff(wiring(), source)).toMatchObject({ ok: true, before: 1 });
      expect([tree.read("gpio528/value"), relay.level, relay.consumer]).toEqual([
        "0",
        0,
        "grove-heater relay",
      ]);
    } finally {
      tree.remove();
    }
  });

  it("leaves a line in sysfs alone where the chip refuses for another reason", () => {
    const { devices, chip, lines } = rig();
    const tree = sysTree("pi-4-kernel-6.6");
    try {
      tree.addLine(528, { direction: "out", value: "1", active_low: "0" });
      devices.take(chip, 16, "sysfs");
      const denying: GpioDevices = {
        ...noDevices,
        list: () => devices.list(),
        open: (path) => devices.open(path),
        close: (descriptor) => devices.close(descriptor),
        ioctl(descriptor, request, bytes) {
          if (request === 0xc250b407) throw errno("EPERM");
          devices.ioctl(descriptor, request, bytes);
        },
      };
      const result = lines.forceOff(wiring(), { devices: denying, sysRoot: tree.root });
      expect(result).toMatchObject({ ok: false, code: "denied" });
      expect(tree.read("unexport")).toBe("");
    } finally {
      tree.remove();
    }
  });

  it("answers with a remedy instead of throwing when the chip, the line or the permission is not there", () => {
    const { devices, lines, source } = rig();
    const cases = [
      [lines.forceOff({ ...wiring(), gpioChipLabels: ["pinctrl-rp1"] }, source), "absent"],
      [lines.forceOff(wiring(1, 99), source), "absent"],
      [lines.forceOff(wiring(), { ...source, devices: noDevices }), "absent"],
    ] as const;
    for (const [result, code] of cases) {
      expect(result).toMatchObject({ ok: false, code });
      expect(result.ok || result.remedy).toContain("doctor");
    }
    devices.refused.add("/dev/gpiochip0");
    expect(lines.forceOff(wiring(), source)).toMatchObject({
      ok: false,
      code: "denied",
      cause: expect.stringContaining("usermod -aG gpio"),
    });
  });

  it("takes the line anew where the chip went away and came back", () => {
    const { devices, lines, source } = rig();
    expect(lines.forceOff(wiring(), source).ok).toBe(true);
    devices.chips.clear();
    const back = devices.add("pinctrl-bcm2711", 58);
    devices.forget();
    back.line(16).level = 1;
    expect(lines.forceOff(wiring(), source)).toMatchObject({ ok: true, before: 1 });
    expect(back.line(16)).toMatchObject({ level: 0, consumer: "grove-heater relay" });
  });

  it("gives the line back when it is told to, and only then", () => {
    const { devices, relay, lines, source } = rig();
    lines.forceOff(wiring(), source);
    expect([relay.consumer, devices.openDescriptors]).toEqual(["grove-heater relay", 1]);
    lines.release(wiring());
    lines.release(wiring());
    expect([relay.consumer, devices.openDescriptors]).toEqual(["", 0]);
  });
});
