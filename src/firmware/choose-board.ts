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
  /** By the settings. */
  readonly gpioBackend?: BackendSetting | undefined;
  readonly gpioDevices?: GpioDevices | undefined;
}

const systemPaths: MachinePaths = { sysRoot: "/sys", model: "/proc/device-tree/model", devices: "/dev" };

const machineDevices = systemDevices(kernelCallsFile);

/** @param sysRoot another place than /sys has no character devices beside it, unless a test gives some */
export const gpioSource = (
  sysRoot = systemPaths.sysRoot,
  backend: BackendSetting = "auto",
  devices: GpioDevices = sysRoot === systemPaths.sysRoot ? machineDevices : noDevices,
): GpioSource => ({ backend, sysRoot, devices });

const sourceOf = ({ sysRoot, gpioBackend, gpioDevices }: MachinePaths): GpioSource =>
  gpioSource(sysRoot, gpioBackend, gpioDevices);

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
  const gpio = sourceOf(paths);
  if (name !== "auto") return chosen(name, read(name), `board ${name} was asked for`, dataPath, gpio);
  const real = read(realBoard);
  const missing = whatIsMissing(real.wiring, paths);
  if (isRaspberryPi(paths)) {
    const why = missing?.cause ?? "a Raspberry Pi with its drivers was found";
    return { ...chosen(realBoard, real, why, dataPath, gpio), missing };
  }
  const why = `no real hat: ${missing?.cause ?? "this is no Raspberry Pi"}`;
  return chosen(virtualBoard, read(virtualBoard), why, dataPath, gpio);
}

/** By the device tree, and by the chip alone where that is hidden, as in a container. */
export function isRaspberryPi(paths: MachinePaths = systemPaths): boolean {
  try {
    if (readSmallFile(paths.model, { limit: 1024 })?.startsWith("Raspberry Pi")) return true;
  } catch {
    // Not readable: the chip tells.
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
  // A laptop has none: the definition need not be read.
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

/** The virtual hat's lines are files as sysfs has them, in the data folder. */
export const virtualGpio = (dataPath: string): GpioSource => gpioSource(join(dataPath, "virtual-hat", "sys"));

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
