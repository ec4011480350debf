/** The kinds of Raspberry Pi that the module can be. */
import type { MachineName } from "./protocol.ts";

export interface MachineKind {
  readonly label: string;
  readonly base: number;
  readonly ngpio: number;
  /** Kernel number of another chip's first line, which nobody may touch. */
  readonly decoyBase?: number;
  readonly oled: "sh1107" | "ssd1306";
  /** What the kernel offers; every one has character devices. */
  readonly gpio: "sysfs" | "chardev";
}

/** Labels, bases and sizes as Raspberry Pi OS with Linux 6.6 has them. */
export const machineKinds: Readonly<Record<MachineName, MachineKind>> = {
  "pi-4": { label: "pinctrl-bcm2711", base: 512, ngpio: 58, oled: "sh1107", gpio: "sysfs" },
  "pi-5": { label: "pinctrl-rp1", base: 571, ngpio: 54, decoyBase: 512, oled: "ssd1306", gpio: "sysfs" },
  "pi-5-chardev": {
    label: "pinctrl-rp1",
    base: 571,
    ngpio: 54,
    decoyBase: 512,
    oled: "ssd1306",
    gpio: "chardev",
  },
};
