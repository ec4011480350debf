import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemDevices } from "../../../src/board/kernel/chardev/devices.ts";
import { type BackendSetting, findGpio } from "../../../src/board/kernel/gpio-backend.ts";
import { LineError } from "../../../src/chips/lines.ts";
import { FakeGpioDevices } from "./chardev/fake-gpiochip.ts";
import { type SysTree, sysTree } from "./sys-tree.ts";

const labels = ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"];

let tree: SysTree;
let devices: FakeGpioDevices;
beforeEach(() => {
  tree = sysTree("pi-5-kernel-6.6");
  devices = new FakeGpioDevices();
  devices.add("pinctrl-rp1");
});
afterEach(() => tree.remove());

const find = (backend: BackendSetting) => findGpio(labels, { backend, sysRoot: tree.root, devices });
const withoutSysfs = () => rmSync(join(tree.root, "class", "gpio"), { recursive: true });
const failure = (action: () => unknown): LineError => {
  try {
    action();
  } catch (error) {
    if (error instanceof LineError) return error;
    throw error;
  }
  throw new Error("it did not fail");
};

describe("The kernel's way to the GPIO lines", () => {
  it("is sysfs where that has the chip, so that an update changes nothing on a unit that runs", () => {
    expect(find("auto")).toMatchObject({ backend: "sysfs", chip: { label: "pinctrl-rp1" } });
  });

  it("is the character device where sysfs is missing", () => {
    withoutSysfs();
    expect(find("auto")).toMatchObject({ backend: "chardev", chip: { path: "/dev/gpiochip0" } });
  });

  it.each(["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"])("has the chip %s on either", (label) => {
    withoutSysfs();
    devices.chips.clear();
    devices.add("another chip");
    devices.add(label);
    expect(find("auto").chip).toMatchObject({ label, path: "/dev/gpiochip1" });
  });

  it("is the character device where sysfs is there but takes no export (CONFIG_GPIO_SYSFS_LEGACY)", () => {
    for (const name of ["export", "gpiochip571"])
      rmSync(join(tree.root, "class", "gpio", name), { recursive: true });
    expect(find("auto").backend).toBe("chardev");
  });

  it("is the character device where sysfs lacks that chip; where neither has it, the chips of sysfs are named", () => {
    rmSync(join(tree.root, "class", "gpio", "gpiochip571"), { recursive: true });
    expect(find("auto").backend).toBe("chardev");
    devices.chips.clear();
    devices.add("gpio-mvebu");
    expect(failure(() => find("auto")).message).toContain("gpio-brcmstb@107d508500");
  });

  it("is the one that a setting names, or none", () => {
    expect(find("chardev").backend).toBe("chardev");
    expect(find("sysfs").backend).toBe("sysfs");
    devices.chips.clear();
    expect(failure(() => find("chardev")).code).toBe("absent");
    withoutSysfs();
    expect(failure(() => find("sysfs")).message).toContain("no sysfs GPIO");
  });

  it("that a kernel has not at all is told in one sentence", () => {
    withoutSysfs();
    devices.chips.clear();
    expect(failure(() => find("auto"))).toMatchObject({
      code: "absent",
      message: expect.stringMatching(/no sysfs GPIO .* and no GPIO character device/),
    });
  });

  it("names the chips that there are where none is a Raspberry Pi's", () => {
    withoutSysfs();
    devices.chips.clear();
    devices.add("gpio-mvebu");
    expect(failure(() => find("auto")).message).toContain('"gpio-mvebu" at /dev/gpiochip0');
  });

  it("needs its native part, and says how to build it", () => {
    withoutSysfs();
    const unbuilt = { ...systemDevices("/nowhere/kernel-calls.node"), list: () => ["/dev/null"] };
    const error = failure(() => findGpio(labels, { backend: "auto", sysRoot: tree.root, devices: unbuilt }));
    expect(error).toMatchObject({ code: "no-driver", message: expect.stringContaining("npm run build") });
    expect(error.message).toContain("build-essential");
  });
});
