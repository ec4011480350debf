/** Checks the files that people edit: settings, board definition, manifest; and which hat they select. */
import type { BackendSetting } from "../../board/kernel/gpio-backend.ts";
import type { WiredLine, Wiring } from "../../chips/wiring.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import {
  type BoardChoice,
  chooseBoard,
  isRaspberryPi,
  type MachinePaths,
  realBoard,
} from "../choose-board.ts";
import { loadManifest } from "../hardware.ts";
import { StartupError } from "../process/exit-codes.ts";
import { readSettingsFile, type SettingsSource } from "../storage/settings-file.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import type { Machine } from "./machine.ts";

/**
 * The model in the device tree, such as "Raspberry Pi 4 Model B Rev 1.5"; `undefined` on machines without
 * one.
 */
export function modelOf({ read }: Machine): string | undefined {
  // Strings in the device tree end with a NUL.
  return read("/proc/device-tree/model")?.replaceAll("\0", "").trim() || undefined;
}

export function checkComputer(machine: Machine): Finding {
  const model = modelOf(machine);
  return ok("computer", model ?? "not a Raspberry Pi (there is no device tree)");
}

export interface SettingsCheck {
  readonly findings: readonly Finding[];
  /** The board that the settings name. */
  readonly board: string;
  readonly gpioBackend: BackendSetting;
}

export function checkSettings(
  machine: Machine,
  { path: settingsFile, named }: SettingsSource,
): SettingsCheck {
  const check = "settings";
  try {
    const { settings, found, problems } = readSettingsFile({
      path: machine.resolve(settingsFile),
      named,
    });
    const findings = problems.map(({ key, cause, allowed, nextStep }) =>
      fail(check, `${settingsFile}: ${key && `${key}: `}${cause} (${allowed})`, nextStep),
    );
    const valid = ok(check, found ? settingsFile : `no ${settingsFile}: the defaults are in force`);
    const { board, gpioBackend } = settings;
    return { findings: findings.length > 0 ? findings : [valid], board, gpioBackend };
  } catch (error) {
    return { findings: [failure(check, error)], board: "auto", gpioBackend: "auto" };
  }
}

export interface BoardCheck {
  readonly findings: readonly Finding[];
  /** The hat to examine; `undefined` when its definition is broken. */
  readonly choice: BoardChoice | undefined;
}

/**
 * On a Raspberry Pi "auto" means the real hat, also where `run` refuses to start because something is
 * missing: the doctor finds out what.
 */
export function checkBoard(
  machine: Machine,
  { requested, gpioBackend }: { readonly requested: string; readonly gpioBackend: BackendSetting },
  dataPath: string,
): BoardCheck {
  const onPi = isRaspberryPi(pathsOf(machine));
  const name = requested === "auto" && onPi ? realBoard : requested;
  try {
    const choice = chooseBoard(name, dataPath, { ...pathsOf(machine), gpioBackend });
    const { board, wiring } = choice;
    const warnings = board.warnings.map(({ file, line, message, remedy }) =>
      warn("board", `${file}${line === undefined ? "" : `:${line}`}: ${message}`, remedy),
    );
    if (requested === "auto" && modelOf(machine)?.startsWith("Raspberry Pi Zero")) warnings.push(whichHat);
    const why = requested === "auto" ? `, because this is ${onPi ? "a" : "not a"} Raspberry Pi` : "";
    const hat = wiring.backend === "virtual" ? "the virtual hat" : "a real hat";
    return { findings: [ok("board", `${choice.name}: ${hat}${why}`), ...warnings], choice };
  } catch (error) {
    return { findings: [failure("board", error)], choice: undefined };
  }
}

/**
 * A Zero has the same header and may carry either hat. Their sockets differ, and neither hat identifies
 * itself.
 */
const whichHat = warn(
  "board",
  `on a Raspberry Pi Zero the large Grove Base Hat is assumed (${realBoard})`,
  'Name the hat in the settings: {"board": "grove-heater-zero"} for the small hat, otherwise {"board": "grove-heater-pi"}.',
);

/** The paths that `chooseBoard` reads, on the machine under examination. */
export const pathsOf = ({ resolve, gpioDevices }: Machine): MachinePaths => ({
  gpioDevices,
  sysRoot: resolve("/sys"),
  model: resolve("/proc/device-tree/model"),
  devices: resolve("/dev"),
});

export interface ManifestCheck {
  readonly findings: readonly Finding[];
  readonly manifest: Manifest | undefined;
}

/** @param file another manifest, for tests */
export function checkManifest(choice: BoardChoice, file?: string): ManifestCheck {
  const check = "manifest";
  try {
    const manifest = loadManifest(choice, file);
    const refused = notGranted(choice.wiring, manifest);
    if (refused.length === 0) {
      return { findings: [ok(check, `${manifest.name}: grants every line and bus of the board`)], manifest };
    }
    const detail = `does not grant ${refused.join(", ")}: the firmware cannot use what is not named`;
    const remedy = "Add these names under Capabilities, then: grove-heater manifest check";
    return { findings: [fail(check, detail, remedy)], manifest };
  } catch (error) {
    return { findings: [failure(check, error)], manifest: undefined };
  }
}

/** What the board needs and the manifest does not grant, as it must be written there. */
export function notGranted(wiring: Wiring, manifest: Manifest): string[] {
  const lines = rolesOf(wiring).filter(({ wired }) => !manifest.gpio.has(wired.line));
  const names = lines.map(({ wired }) => `$${wired.name} (Gpio)`);
  if (!manifest.i2c.has(wiring.i2cBus)) names.push(`I²C bus ${wiring.i2cBus} (I2cMaster)`);
  return names;
}

export interface Role {
  /** As in the `check` of a finding. */
  readonly id: string;
  readonly kind: "relay" | "button" | "led";
  readonly wired: WiredLine;
}

export function rolesOf(wiring: Wiring): readonly Role[] {
  return [
    { id: "relay", kind: "relay", wired: wiring.relay },
    { id: "button-a", kind: "button", wired: wiring.buttonA },
    { id: "button-b", kind: "button", wired: wiring.buttonB },
    { id: "mode-button", kind: "button", wired: wiring.modeButton },
    { id: "mode-led", kind: "led", wired: wiring.modeLed },
    { id: "status-led", kind: "led", wired: wiring.statusLed },
  ];
}

function failure(check: string, error: unknown): Finding {
  if (error instanceof StartupError) return fail(check, error.message, error.remedy);
  throw error;
}
