import { describe, expect, it } from "vitest";
import { forceRelayOff } from "../../../src/board/kernel/relay-off.ts";
import { FakeKernelGpio } from "./fake-gpio.ts";
import { sysTree } from "./sys-tree.ts";

const wiring = (activeLevel: 0 | 1 = 1, line = 16) => ({
  gpioChipLabels: ["pinctrl-bcm2711"],
  relay: { name: "RELAY", line, activeLevel },
});

describe("Forcing the relay off (SR-01, SR-10)", () => {
  it("exports a line that nobody has and drives it low from the first instant", () => {
    const files = new FakeKernelGpio();
    expect(forceRelayOff(wiring(), { files })).toEqual({
      ok: true,
      kernelNumber: 528,
      // For whoever turns it off without our code.
      files: {
        kernelNumber: 528,
        exportFile: "/sys/class/gpio/export",
        valueFile: "/sys/class/gpio/gpio528/value",
        directionFile: "/sys/class/gpio/gpio528/direction",
        offLevel: 0,
      },
      before: undefined,
      after: 0,
    });
    expect(files.lines.get(528)).toMatchObject({ direction: "out", level: 0 });
    expect(files.levels).not.toContain(1);
  });

  it("turns off a line that another process left exported and on", () => {
    const files = new FakeKernelGpio();
    files.add(528, { direction: "out", level: 1 });
    expect(forceRelayOff(wiring(), { files })).toMatchObject({ ok: true, before: 1, after: 0 });
  });

  it("drives the line of an active-low relay high", () => {
    const files = new FakeKernelGpio();
    expect(forceRelayOff(wiring(0), { files })).toMatchObject({ ok: true, after: 1 });
    expect(files.levels).not.toContain(0);
  });

  it("is not fooled by active_low left set by another process", () => {
    const files = new FakeKernelGpio();
    files.add(528, { direction: "out", level: 1, activeLow: true });
    expect(forceRelayOff(wiring(), { files })).toMatchObject({ ok: true, before: 1, after: 0 });
    expect(files.levels).not.toContain(1);
  });

  it("waits for udev to hand over a fresh line", () => {
    const files = new FakeKernelGpio();
    files.udevMs = 60;
    expect(forceRelayOff(wiring(), { files }).ok).toBe(true);
    expect(files.blockedMs).toBe(60);
  });

  it("gives up on permission after 200 ms and says which group to join", () => {
    const files = new FakeKernelGpio();
    files.udevMs = 10_000;
    expect(forceRelayOff(wiring(), { files })).toMatchObject({
      ok: false,
      code: "denied",
      remedy: expect.stringContaining("usermod -aG gpio"),
    });
    expect(files.blockedMs).toBe(200);
  });

  it("reports a line that a driver holds as busy", () => {
    const files = new FakeKernelGpio();
    files.exportFails = "EBUSY";
    expect(forceRelayOff(wiring(), { files })).toMatchObject({ ok: false, code: "busy" });
  });

  it("writes the value when the kernel has fixed the direction", () => {
    const files = new FakeKernelGpio();
    files.add(528, { direction: "out", level: 1 });
    files.directionFails = "EPERM";
    expect(forceRelayOff(wiring(), { files })).toMatchObject({ ok: true, before: 1, after: 0 });
  });

  it("claims no success for a line that still reads on", () => {
    const files = new FakeKernelGpio();
    files.stuckAt = 1;
    expect(forceRelayOff(wiring(), { files })).toMatchObject({ ok: false, code: "still-on" });
  });

  it("answers with a remedy instead of throwing when the chip or the line is not there", () => {
    const files = new FakeKernelGpio();
    expect(forceRelayOff({ ...wiring(), gpioChipLabels: ["pinctrl-rp1"] }, { files })).toMatchObject({
      ok: false,
      code: "absent",
    });
    expect(forceRelayOff(wiring(1, 99), { files })).toMatchObject({ ok: false, code: "absent" });
    expect(forceRelayOff(wiring(), { sysRoot: "/nowhere" })).toMatchObject({ ok: false, code: "absent" });
  });

  it("writes the real files of an exported line", () => {
    const tree = sysTree("pi-4-kernel-6.6");
    try {
      tree.addLine(528, { direction: "out", value: "1", active_low: "0" });
      expect(forceRelayOff(wiring(), { sysRoot: tree.root })).toMatchObject({
        ok: true,
        before: 1,
        after: 0,
      });
      expect(tree.read("gpio528/direction")).toMatch(/^low/);
    } finally {
      tree.remove();
    }
  });
});
