/**
 * What the service needs on the machine besides its unit: groups, udev rules, the I²C kernel module, a size
 * limit for the journal.
 *
 * Guarantee: what the distribution or a person has configured is not changed; only what is missing is added,
 * in files of our own. `service remove` removes all of it except the groups, which other users may have
 * joined.
 */
import { join } from "node:path";
import { filesIn, places, putFile, type RunResult, readText, removePath, type System } from "./system.ts";

export interface HostNeeds {
  readonly gpio: boolean;
  readonly i2c: boolean;
}

/**
 * Match a rule of the distribution or of a person that gives the group access to such devices; for GPIO, to
 * the files of each exported line.
 */
const i2cRule = /SUBSYSTEM=="i2c-dev".*GROUP:?="i2c"/;
const gpioRule = /SUBSYSTEM=="gpio\*?"(?:[^\n]|\\\n)*\b(?:chown|chgrp)\b(?:[^\n]|\\\n)*\bgpio\b/;

/**
 * A line's files exist in sysfs only after its export, and belong to root then: the rule runs for each line.
 */
const ourGpioRule = [
  'SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"',
  'SUBSYSTEM=="gpio", ACTION=="add|change", RUN+="/bin/sh -c \'' +
    "cd /sys/class/gpio && chgrp gpio export unexport && chmod 0220 export unexport; " +
    "cd /sys%p && for file in direction value edge active_low; do " +
    "[ ! -e $$file ] || { chgrp gpio $$file; chmod g+rw $$file; }; done'\"",
].join("\n");
const ourI2cRule = 'SUBSYSTEM=="i2c-dev", GROUP="i2c", MODE="0660"';

const ruleFolders = ["/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"];

/** @returns messages about what failed, for a person; empty on success */
export function prepareHost(system: System, needs: HostNeeds): string[] {
  const problems: string[] = [];
  const report = (what: string, result: RunResult): void => {
    if (result.code !== 0) problems.push(`${what}: ${result.out || "could not be run"}`);
  };
  for (const group of ["i2c", "gpio"] as const) {
    if (!needs[group] || hasGroup(system, group)) continue;
    system.print(`group ${group}: created`);
    report(`group ${group}`, system.run("groupadd", ["--system", "--force", group]));
  }
  const rules = missingRules(system, needs);
  const changed = rules.length > 0 && putFile(system, places.udevRules, `${ruleHead}${rules.join("\n")}\n`);
  if (changed) {
    system.print(
      `udev rules for ${rules.map((rule) => (rule === ourI2cRule ? "i2c" : "gpio")).join(" and ")}`,
    );
    report("udevadm control", system.run("udevadm", ["control", "--reload"]));
  }
  if (needs.i2c && !loadsI2c(system)) {
    putFile(
      system,
      places.modules,
      "# For grove-heater: the bus of its sensor and display, as /dev/i2c-N.\ni2c-dev\n",
    );
    report("modprobe i2c-dev", system.run("modprobe", ["i2c-dev"]));
  }
  if (changed) {
    const kinds = ["--subsystem-match=gpio", "--subsystem-match=i2c-dev"];
    report("udevadm trigger", system.run("udevadm", ["trigger", "--action=add", ...kinds]));
    system.run("udevadm", ["settle", "--timeout=20"]);
  }
  if (limitJournal(system)) report("journald", system.run("systemctl", ["restart", "systemd-journald"]));
  return problems;
}

/** @returns the files that it removed */
export function restoreHost(system: System): string[] {
  const removed = [places.udevRules, places.modules, places.journal].filter((path) =>
    removePath(system, path),
  );
  if (removed.includes(places.udevRules)) system.run("udevadm", ["control", "--reload"]);
  if (removed.includes(places.journal)) system.run("systemctl", ["restart", "systemd-journald"]);
  return removed;
}

const ruleHead =
  "# Made by: grove-heater service install. The service's groups may use the bus and the lines.\n";

function missingRules(system: System, { gpio, i2c }: HostNeeds): string[] {
  const theirs = ruleFolders.flatMap((folder) =>
    filesIn(system, folder)
      .filter((name) => name.endsWith(".rules") && join(folder, name) !== places.udevRules)
      .map((name) => (readText(system, join(folder, name)) ?? "").replaceAll(/^\s*#.*$/gm, "")),
  );
  return [
    ...(i2c && !theirs.some((text) => i2cRule.test(text)) ? [ourI2cRule] : []),
    ...(gpio && !theirs.some((text) => gpioRule.test(text)) ? [ourGpioRule] : []),
  ];
}

function hasGroup(system: System, group: string): boolean {
  if (
    readText(system, "/etc/group")
      ?.split("\n")
      .some((line) => line.startsWith(`${group}:`))
  )
    return true;
  return system.run("getent", ["group", group]).code === 0;
}

/** Raspberry Pi OS names it in /etc/modules; a kernel may have it built in. */
function loadsI2c(system: System): boolean {
  const folder = "/etc/modules-load.d";
  const files = filesIn(system, folder)
    .map((name) => join(folder, name))
    .filter((path) => path !== places.modules);
  return ["/etc/modules", ...files].some((path) => /^\s*i2c[-_]dev\b/m.test(readText(system, path) ?? ""));
}

/** Only where nobody has set a limit. @returns whether the configuration changed */
function limitJournal(system: System): boolean {
  const folder = "/etc/systemd/journald.conf.d";
  const theirs = filesIn(system, folder)
    .map((name) => join(folder, name))
    .filter((path) => path !== places.journal);
  const set = /^\s*SystemMaxUse=./m;
  if (["/etc/systemd/journald.conf", ...theirs].some((path) => set.test(readText(system, path) ?? "")))
    return false;
  const text =
    "# Made by: grove-heater service install, so that logs do not fill the card.\n[Journal]\nSystemMaxUse=64M\n";
  return putFile(system, places.journal, text);
}
