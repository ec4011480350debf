/**
 * Decides which hat this run drives: the one named; else, on a Raspberry Pi, the real one, and elsewhere the virtual one.
 *
 * Guarantees: cheap (a few small files), loads no driver; says in words why the choice fell. A Raspberry Pi never falls
 * back to the simulation (SR-14): what its hat lacks is in `missing`, and who runs it must refuse.
 */
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { messageOf } from "../base/errors.ts";
import { readSmallFile } from "../base/files/small-file.ts";
import { type Board, BoardError, loadBoard, type RelayWiring } from "../board/definition/definition.ts";
import { findGpioChip, listGpioChips } from "../board/kernel/gpio-chip.ts";
import type { Wiring } from "../chips/wiring.ts";
import { exitCodes, StartupError } from "./process/exit-codes.ts";
import { packageRoot } from "./process/package-root.ts";

export interface BoardChoice {
  /** The definition's name or path, never "auto". */
  readonly name: string;
  readonly board: Board;
  readonly wiring: Wiring;
  /** Why this one, for the log and the first line on the terminal. */
  readonly why: string;
  /** Where the kernel's GPIO files lie: /sys, or the virtual hat's own folder. */
  readonly sysRoot: string;
  /** Why the hat that "auto" stands for cannot be used on this Raspberry Pi. */
  readonly missing?: Missing | undefined;
}

/** Both to be read by people. */
export interface Missing {
  readonly cause: string;
  readonly remedy: string;
}

/** Where to look for the machine; tests give others. */
export interface MachinePaths {
  readonly sysRoot: string;
  /** Of the device tree. */
  readonly model: string;
  readonly devices: string;
}

const systemPaths: MachinePaths = { sysRoot: "/sys", model: "/proc/device-tree/model", devices: "/dev" };

/** What "auto" looks for. */
export const realBoard = "grove-heater-pi";
const virtualBoard = "virtual";

/**
 * @param name of a definition, a path, or "auto"
 * @param dataPath the virtual hat keeps its lines there
 * @param read reads a definition; another than the files' own serves what was kept of them
 * @throws StartupError (configuration) when the definition is broken
 */
export function chooseBoard(
  name: string,
  dataPath: string,
  machine: Partial<MachinePaths> = {},
  read: (name: string) => Board = readBoard,
): BoardChoice {
  const paths = { ...systemPaths, ...machine };
  const { sysRoot } = paths;
  if (name !== "auto") return chosen(name, read(name), `board ${name} was asked for`, dataPath, sysRoot);
  const real = read(realBoard);
  const missing = whatIsMissing(real.wiring, paths);
  if (isRaspberryPi(paths)) {
    const why = missing?.cause ?? "a Raspberry Pi with its drivers was found";
    return { ...chosen(realBoard, real, why, dataPath, sysRoot), missing };
  }
  const why = `no real hat: ${missing?.cause ?? "this is no Raspberry Pi"}`;
  return chosen(virtualBoard, read(virtualBoard), why, dataPath, sysRoot);
}

/** By the device tree, and by the chip alone where that is hidden, as in a container. */
export function isRaspberryPi({ sysRoot, model }: MachinePaths = systemPaths): boolean {
  try {
    if (readSmallFile(model, { limit: 1024 })?.startsWith("Raspberry Pi")) return true;
  } catch {
    // Not readable: the chip tells.
  }
  try {
    const labels = readBoard(realBoard).wiring.gpioChipLabels;
    return listGpioChips({ sysRoot }).some(({ label }) => labels.includes(label));
  } catch {
    return false;
  }
}

/** The relay of the real board, on a computer that has its GPIO chip. */
export function defaultRelay(sysRoot = systemPaths.sysRoot): RelayWiring | undefined {
  try {
    const { relay, gpioChipLabels, backend } = readBoard(realBoard).wiring;
    findGpioChip(gpioChipLabels, { sysRoot });
    return { relay, gpioChipLabels, backend };
  } catch {
    return undefined;
  }
}

function chosen(name: string, board: Board, why: string, dataPath: string, sysRoot: string): BoardChoice {
  const { wiring } = board;
  const virtual = wiring.backend === "virtual";
  return { name, board, wiring, why, sysRoot: virtual ? join(dataPath, "virtual-hat", "sys") : sysRoot };
}

/** A start-up failure that still tells where the relay is, so that it can be forced off all the same. */
export class BoardFailure extends StartupError {
  readonly relay: RelayWiring | undefined;
  constructor(name: string, cause: unknown) {
    super(
      exitCodes.configuration,
      `The board definition "${name}" cannot be used:\n${messageOf(cause)}`,
      "Fix that file, or name another with --board; see: grove-heater board",
      { cause },
    );
    this.relay = cause instanceof BoardError ? cause.relay : undefined;
  }
}

/** @throws BoardFailure */
export function readBoard(name: string, readFile = readDefinition): Board {
  try {
    return loadBoard(name, { folder: join(packageRoot, "boards"), readFile });
  } catch (cause) {
    throw new BoardFailure(name, cause);
  }
}

/** Many times what the largest definition takes. */
const largestDefinition = 256 * 1024;

/** As `DefinitionSource` wants it: a file that is not there is an error too. */
export function readDefinition(path: string): string {
  const text = readSmallFile(path, { limit: largestDefinition });
  if (text !== undefined) return text;
  throw Object.assign(new Error(`${path} is not there`), { code: "ENOENT" });
}

/** What keeps the real hat from being used. */
function whatIsMissing(wiring: Wiring, { sysRoot, devices }: MachinePaths): Missing | undefined {
  try {
    findGpioChip(wiring.gpioChipLabels, { sysRoot });
  } catch (error) {
    const cause = messageOf(error).replace(/\.$/, "");
    return { cause, remedy: "Use a kernel with sysfs GPIO, as Raspberry Pi OS has it." };
  }
  const bus = `${devices}/i2c-${wiring.i2cBus}`;
  try {
    accessSync(bus, constants.F_OK);
  } catch {
    return {
      cause: `${bus} is missing`,
      remedy: "Enable I²C: sudo raspi-config nonint do_i2c 0, then restart the computer.",
    };
  }
  const unbuilt = unbuiltPackage();
  if (unbuilt === undefined) return undefined;
  return {
    cause: `the native package ${unbuilt} is not built for this Node.js`,
    remedy: "sudo apt-get install build-essential python3, then in the program's folder: npm rebuild.",
  };
}

/** Built, not only installed: a machine without a compiler has the packages and not what is inside. */
export function unbuiltPackage(): string | undefined {
  const resolver = createRequire(join(packageRoot, "package.json"));
  for (const file of ["i2c-bus/build/Release/i2c.node", "epoll/build/Release/epoll.node"]) {
    try {
      resolver.resolve(file);
    } catch {
      return file.split("/")[0];
    }
  }
  return undefined;
}
