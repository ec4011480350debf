/** Checks the I²C bus itself: is there a device file, and may this user use it? */
import type { BootConfig } from "./facts/boot-config.ts";
import { isOn } from "./facts/boot-config.ts";
import { joinRemedy } from "./facts/groups.ts";
import { type Finding, fail, ok, skip, warn } from "./finding.ts";
import type { Machine } from "./machine.ts";

const turnOn = "sudo raspi-config nonint do_i2c 0, then restart the computer.";
/** The bus on the header's pins 3 and 5, which `i2c_arm` turns on and off. */
const armBus = 1;

export function checkI2cDevice(machine: Machine, bus: number, config: BootConfig | undefined): Finding {
  const check = "i2c-device";
  const path = `/dev/i2c-${bus}`;
  const param = bus === armBus ? configured(config) : undefined;
  if (machine.kind(path) !== undefined) {
    if (param?.on !== false) return ok(check, param ? `${path}; ${param.place} turns it on` : path);
    return warn(check, `${path} exists, but ${param.place} turns I²C off at the next restart`, turnOn);
  }
  if (machine.kind(`/sys/bus/i2c/devices/i2c-${bus}`) !== undefined) {
    const remedy =
      "sudo modprobe i2c-dev; to load it at every boot: echo i2c-dev | sudo tee /etc/modules-load.d/i2c-dev.conf";
    return fail(
      check,
      `${path} is missing: the bus is on, but the kernel module i2c-dev is not loaded`,
      remedy,
    );
  }
  if (param?.on) {
    const remedy = "Restart the computer; if the problem remains, see: sudo dmesg | grep i2c";
    return fail(check, `${path} is missing, although ${param.place} turns I²C on`, remedy);
  }
  const where = param
    ? `${param.place} turns I²C off`
    : `I²C is off${config ? ` (no dtparam=i2c_arm=on in ${config.file})` : ""}`;
  return fail(
    check,
    `${path} is missing: ${where}`,
    bus === armBus ? turnOn : "Turn this bus on in config.txt.",
  );
}

function configured(config: BootConfig | undefined): { on: boolean; place: string } | undefined {
  // Three names for one bus (README of the overlays: i2c, i2c_arm, i2c1).
  for (const name of ["i2c_arm", "i2c1", "i2c"]) {
    const param = config?.params.get(name);
    if (param) return { on: isOn(param.value), place: param.place };
  }
  return undefined;
}

export function checkI2cPermission(machine: Machine, bus: number): Finding {
  const check = "i2c-permission";
  const path = `/dev/i2c-${bus}`;
  const refusal = machine.refusal(path, "read-write");
  if (refusal === undefined) return ok(check, `${machine.user.name} may use ${path}`);
  if (refusal === "ENOENT") return skip(check, `there is no ${path}`);
  return fail(check, `${machine.user.name} may not use ${path} (${refusal})`, joinRemedy(machine, "i2c"));
}
