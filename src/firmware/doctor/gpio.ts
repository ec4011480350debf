/**
 * Checks the GPIO chip and each line that the board uses. It only reads.
 *
 * Guarantee: no line is exported, requested or driven, above all not the relay's.
 */
import { type CharChip, findCharChip } from "../../board/kernel/chardev/chip.ts";
import type { GpioDevices } from "../../board/kernel/chardev/devices.ts";
import { consumer, holderOf, relayConsumer } from "../../board/kernel/chardev/line.ts";
import { type FoundGpio, findGpio, type GpioSource } from "../../board/kernel/gpio-backend.ts";
import { type GpioChip, kernelNumber } from "../../board/kernel/gpio-chip.ts";
import { type GpioPort, LineError } from "../../chips/lines.ts";
import type { Wiring } from "../../chips/wiring.ts";
import { type Role, rolesOf } from "./configuration.ts";
import { joinRemedy } from "./facts/groups.ts";
import { deviceTreeHolder } from "./facts/line-holders.ts";
import { type Finding, fail, ok, skip, warn } from "./finding.ts";
import type { Machine } from "./machine.ts";
import { rebuild } from "./program.ts";

const gpioFolder = "/sys/class/gpio";

export interface GpioOptions {
  readonly wiring: Wiring;
  readonly source: GpioSource;
  /** Opens the chip and no line of it. @throws LineError (as a rejection) */
  readonly openGpio: (labels: readonly string[], source: GpioSource) => Promise<GpioPort>;
  /** The firmware drives these lines now. */
  readonly running: boolean;
}

export async function checkGpio(machine: Machine, options: GpioOptions): Promise<Finding[]> {
  const { wiring, source, openGpio, running } = options;
  const found = findChip(machine, options);
  if (!("backend" in found)) {
    const why = "the GPIO chip was not found";
    return [found, ...["gpio-permission", ...lineIds(wiring)].map((check) => skip(check, why))];
  }
  const { chip } = found;
  const where =
    found.backend === "sysfs" ? `kernel numbers from ${found.chip.base}` : `at ${found.chip.path}`;
  const checkRole = (role: Role): Finding =>
    found.backend === "sysfs"
      ? checkLine(machine, { ...options, chip: found.chip, role })
      : checkHeldLine({ chip: found.chip, devices: source.devices, role, running });
  return [
    ok("gpio-chip", `"${chip.label}" with ${chip.lines} lines, ${where}`),
    await checkDriver(() => openGpio(wiring.gpioChipLabels, source)),
    found.backend === "sysfs"
      ? checkPermission(machine)
      : ok("gpio-permission", `${machine.user.name} may use the GPIO lines`),
    ...rolesOf(wiring).map(checkRole),
  ].filter((finding) => finding !== undefined);
}

const installCompiler = "sudo apt-get install build-essential, then in the program's folder: npm run build";

export const lineIds = (wiring: Wiring): string[] => rolesOf(wiring).map(({ id }) => `line-${id}`);

function findChip(machine: Machine, { wiring, source }: GpioOptions): FoundGpio | Finding {
  const check = "gpio-chip";
  try {
    return findGpio(wiring.gpioChipLabels, source);
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    if (error.code === "denied") return fail(check, error.message, joinRemedy(machine, "gpio"));
    if (error.code === "no-driver") return fail(check, error.message, installCompiler);
    const remedy =
      machine.kind(gpioFolder) === undefined && machine.kind("/dev/gpiochip0") === undefined
        ? "Use the kernel of Raspberry Pi OS."
        : "Name the right board with --board NAME or in the settings; list them with: grove-heater board";
    return fail(check, error.message, remedy);
  }
}

/** `undefined` when it works: then the finding "native-packages" is enough. */
async function checkDriver(open: () => Promise<GpioPort>): Promise<Finding | undefined> {
  try {
    (await open()).close();
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    if (error.code === "no-driver") {
      return fail("gpio-driver", `built for another Node.js? ${error.message}`, rebuild);
    }
    return fail(
      "gpio-driver",
      error.message,
      "Run grove-heater doctor again; if the problem remains, report it.",
    );
  }
  return undefined;
}

function checkPermission(machine: Machine): Finding {
  const check = "gpio-permission";
  const refusal = machine.refusal(`${gpioFolder}/export`, "write");
  if (refusal === undefined) return ok(check, `${machine.user.name} may use the GPIO lines`);
  return fail(
    check,
    `${machine.user.name} may not use the GPIO lines (${refusal})`,
    joinRemedy(machine, "gpio"),
  );
}

interface LineOptions extends GpioOptions {
  readonly chip: GpioChip;
  readonly role: Role;
}

function checkLine(machine: Machine, { chip, role, running, wiring, source }: LineOptions): Finding {
  const check = `line-${role.id}`;
  const { line, socket } = role.wired;
  let number: number;
  try {
    number = kernelNumber(chip, line);
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    return fail(check, error.message, "Correct the line in the board definition; see: grove-heater board");
  }
  const name = `GPIO${line}${socket ? ` (${socket})` : ""}, kernel number ${number}`;
  const holder =
    holderByDevice(wiring, line, source.devices) ??
    holderByDebugfs(machine, number) ??
    deviceTreeHolder(machine, line);
  if (holder !== undefined && holder !== "sysfs") return heldBy(check, name, holder);
  if (machine.kind(`${gpioFolder}/gpio${number}`) === undefined) return ok(check, `${name}, free`);
  return checkExported(machine, { role, check, name, number, running });
}

interface ExportedLine {
  readonly role: Role;
  readonly check: string;
  readonly name: string;
  readonly number: number;
  readonly running: boolean;
}

/** Outputs stay exported after the firmware ends, so that they stay driven to off: this is not a fault. */
function checkExported(machine: Machine, { role, check, name, number, running }: ExportedLine): Finding {
  const folder = `${gpioFolder}/gpio${number}`;
  const value = (attribute: string) => machine.read(`${folder}/${attribute}`)?.trim();
  const refusal = machine.refusal(`${folder}/value`, "read-write");
  if (refusal !== undefined) {
    const detail = `${name}, was exported by another user and cannot be used (${refusal})`;
    return fail(check, detail, joinRemedy(machine, "gpio"));
  }
  const level = value("value") === "1" ? 1 : 0;
  const inverted = value("active_low") === "1";
  const electrical = inverted ? 1 - level : level;
  const state = `${value("direction") === "in" ? "input" : "output"}, ${electrical === 1 ? "high" : "low"}`;
  if (
    role.kind === "relay" &&
    value("direction") !== "in" &&
    electrical === role.wired.activeLevel &&
    !running
  ) {
    return fail(check, `${name}, is ON although no firmware runs`, "grove-heater relay off");
  }
  if (role.kind === "button" && value("direction") === "in" && value("edge") === undefined) {
    return fail(
      check,
      `${name}, reports no presses`,
      "Remove dtoverlay=gpio-no-irq from config.txt, then restart.",
    );
  }
  if (role.kind === "button" && value("direction") === "in" && electrical === role.wired.activeLevel) {
    return warn(
      check,
      `${name}, reads pressed (${state})`,
      "If nobody presses it: plug in its cable, check that it is not stuck, or set the pull that button-pulls names.",
    );
  }
  if (running) return ok(check, `${name}, in use by the firmware (${state})`);
  if (role.kind === "button") {
    const remedy =
      "If another program uses it, stop that program; the firmware takes the line over when it starts.";
    return warn(check, `${name}, is already exported (${state})`, remedy);
  }
  return ok(check, `${name}, exported before (${state})`);
}

const heldBy = (check: string, name: string, holder: string): Finding =>
  fail(check, `${name}, is held by "${holder}"`, "Stop that program, or remove its overlay from config.txt.");

interface HeldLineOptions {
  readonly chip: CharChip;
  readonly devices: GpioDevices;
  readonly role: Role;
  readonly running: boolean;
}

/** What the character device reports about a line without a request for it; the level is not included. */
function checkHeldLine({ chip, devices, role, running }: HeldLineOptions): Finding {
  const check = `line-${role.id}`;
  const { line, socket } = role.wired;
  const name = `GPIO${line}${socket ? ` (${socket})` : ""}`;
  if (line >= chip.lines) {
    const detail = `GPIO chip "${chip.label}" has lines 0 to ${chip.lines - 1}, there is no line ${line}`;
    return fail(check, detail, "Correct the line in the board definition; see: grove-heater board");
  }
  const holder = holderOf(chip, line, devices);
  if (holder === undefined) return ok(check, `${name}, free`);
  if (holder !== consumer && holder !== relayConsumer) return heldBy(check, name, holder);
  if (running) return ok(check, `${name}, in use by the firmware`);
  const remedy = "Find the process: ps -e | grep relay-off; then: grove-heater relay off";
  return warn(check, `${name}, is held by a grove-heater process although no firmware runs`, remedy);
}

/** Who holds a line of the sysfs chip, for any user who may open its character device. */
function holderByDevice({ gpioChipLabels }: Wiring, line: number, devices: GpioDevices): string | undefined {
  try {
    return holderOf(findCharChip(gpioChipLabels, devices), line, devices);
  } catch {
    return undefined;
  }
}

/** The same from debugfs, which only root can read. */
function holderByDebugfs({ read }: Machine, number: number): string | undefined {
  const listing = read("/sys/kernel/debug/gpio") ?? "";
  for (const [, found, holder] of listing.matchAll(/^ *gpio-(\d+) +\([^|)]*\|([^)]*)\)/gm)) {
    if (Number(found) === number) return holder?.trim();
  }
  return undefined;
}
