/**
 * Decides which hat this run drives: the one named; by default the real one on a Raspberry Pi, and elsewhere
 * the virtual one.
 *
 * Guarantees: cheap (a few small files), loads no driver; gives the reason of the choice as text. A Raspberry
 * Pi never falls back to the simulation (SR-14): `missing` then explains what is missing, and the caller must
 * refuse to run.
 */
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { messageOf } from "../base/errors.ts";
import { readSmallFile } from "../base/files/small-file.ts";
import { type Board, BoardError, loadBoard, type RelayWiring } from "../board/definition/definition.ts";
import { type GpioDevices, noDevices, systemDevices } from "../board/kernel/chardev/devices.ts";
import { type BackendSetting, findGpio, type GpioSource, gpioLabels } from "../board/kernel/gpio-backend.ts";
import { LineError } from "../chips/lines.ts";
import type { Wiring } from "../chips/wiring.ts";
import { exitCodes, StartupError } from "./process/exit-codes.ts";
import { kernelCallsFile, packageRoot } from "./process/package-root.ts";

export interface BoardChoice {
  /** The definition's name or path, never "auto". */
  readonly name: string;
  readonly board: Board;
  readonly wiring: Wiring;
  /** Why this one, for the log and the first line on the terminal. */
  readonly why: string;
  readonly gpio: GpioSource;
  /** Why the hat that "auto" stands for cannot be used on this Raspberry Pi. */
  readonly missing?: Missing | undefined;
}

/** Texts for people. */
export interface Missing {
  readonly cause: string;
  readonly remedy: string;
}

/** Where to find out about the machine; tests use other paths. */
export interface MachinePaths {
  readonly sysRoot: string;
  /** File with the model, in the device tree. */
  readonly model: string;
  readonly devices: string;
  /** The setting `gpioBackend`. */
  readonly gpioBackend?: BackendSetting | undefined;
  readonly gpioDevices?: GpioDevices | undefined;
}

const systemPaths: MachinePaths = { sysRoot: "/sys", model: "/proc/device-tree/model", devices: "/dev" };

const machineDevices = systemDevices(kernelCallsFile);

/** @param devices with another root than /sys there are none by default */
export const gpioSource = (
  sysRoot = systemPaths.sysRoot,
  backend: BackendSetting = "auto",
  devices: GpioDevices = sysRoot === systemPaths.sysRoot ? machineDevices : noDevices,
): GpioSource => ({ backend, sysRoot, devices });

const sourceOf = ({ sysRoot, gpioBackend, gpioDevices }: MachinePaths): GpioSource =>
  gpioSource(sysRoot, gpioBackend, gpioDevices);

/** The board that "auto" means on a Raspberry Pi. */
export const realBoard = "grove-heater-pi";
const virtualBoard = "virtual";

/**
 * @param name of a definition, a path, or "auto"
 * @param dataPath the folder for the virtual hat's lines
 * @param read reads a definition; last-good.ts passes one that reads kept copies
 * @throws StartupError (configuration) when the definition is broken
 */
export function chooseBoard(
  name: string,
  dataPath: string,
  machine: Partial<MachinePaths> = {},
  read: (name: string) => Board = readBoard,
): BoardChoice {
  const paths = { ...systemPaths, ...machine };
  const gpio = sourceOf(paths);
  if (name !== "auto") return chosen(name, read(name), `board ${name} was requested`, dataPath, gpio);
  const real = read(realBoard);
  const missing = whatIsMissing(real.wiring, paths);
  if (isRaspberryPi(paths)) {
    const why = missing?.cause ?? "a Raspberry Pi with its drivers was found";
    return { ...chosen(realBoard, real, why, dataPath, gpio), missing };
  }
  const why = `no real hat: ${missing?.cause ?? "this is not a Raspberry Pi"}`;
  return chosen(virtualBoard, read(virtualBoard), why, dataPath, gpio);
}

/** By the device tree; where that is hidden, as in a container, by the GPIO chip. */
export function isRaspberryPi(paths: MachinePaths = systemPaths): boolean {
  try {
    if (readSmallFile(paths.model, { limit: 1024 })?.startsWith("Raspberry Pi")) return true;
  } catch {
    // Not readable: use the chip's label.
  }
  try {
    const labels = readBoard(realBoard).wiring.gpioChipLabels;
    return gpioLabels(sourceOf(paths)).some((label) => labels.includes(label));
  } catch {
    return false;
  }
}

/** The relay of the real board, on a computer that has its GPIO chip. */
export function defaultRelay(source: GpioSource): RelayWiring | undefined {
  // A laptop has no GPIO chip: the definition need not be read.
  if (gpioLabels(source).length === 0) return undefined;
  try {
    const { relay, gpioChipLabels, backend } = readBoard(realBoard).wiring;
    findGpio(gpioChipLabels, source);
    return { relay, gpioChipLabels, backend };
  } catch {
    return undefined;
  }
}

function chosen(name: string, board: Board, why: string, dataPath: string, gpio: GpioSource): BoardChoice {
  const { wiring } = board;
  const virtual = wiring.backend === "virtual";
  return { name, board, wiring, why, gpio: virtual ? virtualGpio(dataPath) : gpio };
}

/** The virtual hat's lines: files in the data folder that look like those of sysfs. */
export const virtualGpio = (dataPath: string): GpioSource => gpioSource(join(dataPath, "virtual-hat", "sys"));

/** A start-up failure that still contains the relay's wiring, so that the relay can be forced off nevertheless. */
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

/** Many times the size of the largest definition. */
const largestDefinition = 256 * 1024;

/** As `DefinitionSource` requires: a missing file is an error too. */
export function readDefinition(path: string): string {
  const text = readSmallFile(path, { limit: largestDefinition });
  if (text !== undefined) return text;
  throw Object.assign(new Error(`${path} does not exist`), { code: "ENOENT" });
}

/** Why the real hat cannot be used. */
function whatIsMissing(wiring: Wiring, paths: MachinePaths): Missing | undefined {
  try {
    findGpio(wiring.gpioChipLabels, sourceOf(paths));
  } catch (error) {
    const cause = messageOf(error).replace(/\.$/, "");
    const absent = error instanceof LineError && error.code === "absent";
    return { cause, remedy: absent ? "Use the kernel of Raspberry Pi OS." : "Then start it again." };
  }
  const bus = `${paths.devices}/i2c-${wiring.i2cBus}`;
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

/** Built, not only installed: a machine without a compiler has the packages without their native parts. */
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
