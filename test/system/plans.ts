/** What each of the machines shows; each runs in a virtual machine of its own. */
export const planNames = [
  "deaths",
  "deaths-chardev",
  "power",
  "power-chardev",
  "disk",
  "disk-chardev",
  "field",
] as const;
export type Plan = (typeof planNames)[number];
/** On the kernel's command line, where its name follows. */
export const planParameter = "system_rig.plan=";
/** Likewise: set-points that the firmware may come back with, after a cut. */
export const targetsParameter = "system_rig.targets=";
/** Likewise: "chardev" takes sysfs GPIO away before anything starts. */
export const gpioParameter = "system_rig.gpio=";
