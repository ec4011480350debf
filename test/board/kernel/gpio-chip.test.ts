import { rmSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { findGpioChip, kernelNumber, listGpioChips } from "../../../src/board/kernel/gpio-chip.ts";
import { LineError } from "../../../src/chips/lines.ts";
import { type SysTree, sysTree } from "./sys-tree.ts";

const trees: SysTree[] = [];
function treeOf(fixture: string): string {
  const tree = sysTree(fixture);
  trees.push(tree);
  return tree.root;
}
afterEach(() => {
  for (const tree of trees.splice(0)) tree.remove();
});

function thrownBy(action: () => unknown): LineError {
  try {
    action();
  } catch (error) {
    if (error instanceof LineError) return error;
  }
  throw new Error("no LineError was thrown");
}

const RASPBERRY_PI = ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"];

describe("The kernel's number of BCM line 16", () => {
  it.each([
    ["pi-3-kernel-6.1", "pinctrl-bcm2835", 16],
    ["pi-3-kernel-6.6", "pinctrl-bcm2835", 528],
    ["pi-4-kernel-6.6", "pinctrl-bcm2711", 528],
    ["pi-5-kernel-6.1", "pinctrl-rp1", 415],
    ["pi-5-kernel-6.6", "pinctrl-rp1", 587],
    ["pi-5-kernel-6.12", "pinctrl-rp1", 585],
    ["pi-zero-2-w", "pinctrl-bcm2835", 528],
  ])("on %s comes from the chip %s and is %i", (fixture, label, expected) => {
    const chip = findGpioChip(RASPBERRY_PI, { sysRoot: treeOf(fixture) });
    expect(chip.label).toBe(label);
    expect(kernelNumber(chip, 16)).toBe(expected);
  });
});

describe("Finding the GPIO chip", () => {
  it("refuses a computer without a chip of that label and names the chips it has", () => {
    const error = thrownBy(() => findGpioChip(RASPBERRY_PI, { sysRoot: treeOf("laptop") }));
    expect(error.code).toBe("absent");
    expect(error.message).toContain('"INT34C5:00" at 512');
  });

  it("refuses to choose between two chips of the same label", () => {
    const error = thrownBy(() => findGpioChip(RASPBERRY_PI, { sysRoot: treeOf("two-alike") }));
    expect(error.message).toMatch(/more than one/);
  });

  it("takes no other Pi's label for the one that is wanted", () => {
    const sysRoot = treeOf("pi-5-kernel-6.6");
    expect(thrownBy(() => findGpioChip(["pinctrl-bcm2711"], { sysRoot })).code).toBe("absent");
  });

  it("says so when the kernel has no sysfs GPIO", () => {
    const error = thrownBy(() => findGpioChip(RASPBERRY_PI, { sysRoot: "/nowhere" }));
    expect(error.code).toBe("absent");
    expect(error.message).toContain("no sysfs GPIO");
  });

  it.each([
    ["base", "-1"],
    ["base", ""],
    ["ngpio", "many"],
    ["ngpio", "9999999999"],
  ])("takes no chip whose %s is %j: a wrong number would drive a line of another chip", (name, text) => {
    const sysRoot = treeOf("pi-4-kernel-6.6");
    writeFileSync(`${sysRoot}/class/gpio/gpiochip512/${name}`, `${text}\n`);
    expect(thrownBy(() => findGpioChip(RASPBERRY_PI, { sysRoot })).code).toBe("absent");
  });

  it("passes over a chip that vanishes while it is read", () => {
    const sysRoot = treeOf("pi-5-kernel-6.1");
    rmSync(`${sysRoot}/class/gpio/gpiochip453/label`);
    expect(listGpioChips({ sysRoot }).map((chip) => chip.base)).toEqual([399, 459, 476, 480]);
  });

  it("lists every chip by base", () => {
    const bases = listGpioChips({ sysRoot: treeOf("pi-5-kernel-6.1") }).map((chip) => chip.base);
    expect(bases).toEqual([399, 453, 459, 476, 480]);
  });

  it.each([58, -1, 1.5, Number.NaN])("refuses line %d of a chip with 58 lines", (line) => {
    const chip = findGpioChip(RASPBERRY_PI, { sysRoot: treeOf("pi-4-kernel-6.6") });
    expect(thrownBy(() => kernelNumber(chip, line)).code).toBe("absent");
  });
});
