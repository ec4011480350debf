/**
 * Checks of the GPIO chip and of each line that the board uses, by looking at files only.
 *
 * Guarantee: no line is exported, opened or driven; the relay's least of all.
 */
import type { GpioSource } from "../../board/kernel/gpio-backend.ts";
import { findGpioChip, type GpioChip, kernelNumber } from "../../board/kernel/gpio-chip.ts";
import { type GpioPort, LineError } from "../../chips/lines.ts";
import type { Wiring } from "../../chips/wiring.ts";
import { type Role, rolesOf } from "./configuration.ts";
import { deviceTreeHolder } from "./facts/line-holders.ts";
import { type Finding, fail, ok, skip, warn } from "./finding.ts";
import { joinRemedy } from "./groups.ts";
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

export async function checkGpio(
  machine: Machine,
  { wiring, source, openGpio, running }: GpioOptions,
): Promise<Finding[]> {
  const chip = findChip(machine, wiring.gpioChipLabels);
  if (!("base" in chip)) {
    const why = "there is no chip to find it on";
    return [chip, ...["gpio-permission", ...lineIds(wiring)].map((check) => skip(check, why))];
  }
  return [
    ok("gpio-chip", `"${chip.label}" with ${chip.lines} lines, kernel numbers from ${chip.base}`),
    await checkDriver(() => openGpio(wiring.gpioChipLabels, source)),
    checkPermission(machine),
    ...rolesOf(wiring).map((role) => checkLine(machine, chip, role, running)),
  ].filter((finding) => finding !== undefined);
}

export const lineIds = (wiring: Wiring): string[] => rolesOf(wiring).map(({ id }) => `line-${id}`);

function findChip(machine: Machine, labels: readonly string[]): GpioChip | Finding {
  const check = "gpio-chip";
  try {
    return findGpioChip(labels, { sysRoot: machine.resolve("/sys") });
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    if (error.code === "denied") return fail(check, error.message, joinRemedy(machine, "gpio"));
    const remedy =
      machine.kind(gpioFolder) === undefined
        ? "Start the kernel of Raspberry Pi OS."
        : "grove-heater board lists the boards: name the right one with --board NAME or in the settings.";
    return fail(check, error.message, remedy);
  }
}

/** Says nothing when all is well: "native-packages" has said it. */
async function checkDriver(open: () => Promise<GpioPort>): Promise<Finding | undefined> {
  try {
    (await open()).close();
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    if (error.code === "no-driver") {
      return fail("gpio-driver", "the package onoff does not load: built for another Node.js?", rebuild);
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

function checkLine(machine: Machine, chip: GpioChip, role: Role, running: boolean): Finding {
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
  const holder = holderOf(machine, number) ?? deviceTreeHolder(machine, line);
  if (holder !== undefined && holder !== "sysfs") {
    return fail(
      check,
      `${name}, is held by "${holder}"`,
      "Stop that program, or remove its overlay from config.txt.",
    );
  }
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

/** Outputs stay exported after the firmware ends, so that they go on being driven off: this is no fault. */
function checkExported(machine: Machine, { role, check, name, number, running }: ExportedLine): Finding {
  const folder = `${gpioFolder}/gpio${number}`;
  const value = (attribute: string) => machine.read(`${folder}/${attribute}`)?.trim();
  const refusal = machine.refusal(`${folder}/value`, "read-write");
  if (refusal !== undefined) {
    const detail = `${name}, was exported by another user and may not be used (${refusal})`;
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
      "If nobody holds it: plug in its cable, release it, or give its line the pull that button-pulls names.",
    );
  }
  if (running) return ok(check, `${name}, in use by the firmware (${state})`);
  if (role.kind === "button") {
    const remedy = "If another program uses it, stop that; the firmware takes the line over when it starts.";
    return warn(check, `${name}, is exported already (${state})`, remedy);
  }
  return ok(check, `${name}, exported before (${state})`);
}

/** Who holds a line; the kernel tells it to root only. */
function holderOf({ read }: Machine, number: number): string | undefined {
  const listing = read("/sys/kernel/debug/gpio") ?? "";
  for (const [, found, holder] of listing.matchAll(/^ *gpio-(\d+) +\([^|)]*\|([^)]*)\)/gm)) {
    if (Number(found) === number) return holder?.trim();
  }
  return undefined;
}
