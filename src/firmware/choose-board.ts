/**
 * Decides which hat this run drives: the one named, or a real one where all of it is there, or the virtual one.
 *
 * Guarantee: cheap (a few small files), loads no driver; says in words why the choice fell.
 */
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { readSmallFile } from "../base/small-file.ts";
import { type Board, BoardError, loadBoard, type RelayWiring } from "../board/definition.ts";
import { findGpioChip } from "../board/gpio-chip.ts";
import type { Wiring } from "../chips/wiring.ts";
import { exitCodes, StartupError } from "./exit-codes.ts";
import { packageRoot } from "./package-root.ts";

export interface BoardChoice {
  /** The definition's name or path, never "auto". */
  readonly name: string;
  readonly board: Board;
  readonly wiring: Wiring;
  /** Why this one, for the log and the first line on the terminal. */
  readonly why: string;
  /** Where the kernel's GPIO files lie: /sys, or the virtual hat's own folder. */
  readonly sysRoot: string;
}

/** What "auto" looks for. */
export const realBoard = "grove-heater-pi";
const virtualBoard = "virtual";

/**
 * @param name of a definition, a path, or "auto"
 * @param dataPath the virtual hat keeps its lines there
 * @throws StartupError (configuration) when the definition is broken
 */
export function chooseBoard(name: string, dataPath: string, sysRoot = "/sys"): BoardChoice {
  if (name !== "auto") return chosen(name, readBoard(name), `board ${name} was asked for`, dataPath, sysRoot);
  const real = readBoard(realBoard);
  const missing = whatIsMissing(real.wiring, sysRoot);
  if (missing === undefined)
    return chosen(realBoard, real, "a Raspberry Pi with its drivers was found", dataPath, sysRoot);
  return chosen(virtualBoard, readBoard(virtualBoard), `no real hat: ${missing}`, dataPath, sysRoot);
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
      `The board definition "${name}" cannot be used:\n${(cause as Error).message}`,
      "Mend that file, or name another with --board; see: grove-heater board",
      { cause },
    );
    this.relay = cause instanceof BoardError ? cause.relay : undefined;
  }
}

/** @throws BoardFailure */
export function readBoard(name: string): Board {
  try {
    return loadBoard(name, {
      folder: join(packageRoot, "boards"),
      readFile: readDefinition,
    });
  } catch (cause) {
    throw new BoardFailure(name, cause);
  }
}

/** Many times what the largest definition takes. */
const largestDefinition = 256 * 1024;

/** As `DefinitionSource` wants it: a file that is not there is an error too. */
function readDefinition(path: string): string {
  const text = readSmallFile(path, { limit: largestDefinition });
  if (text !== undefined) return text;
  throw Object.assign(new Error(`${path} is not there`), { code: "ENOENT" });
}

/** What keeps the real hat from being used, or undefined. */
function whatIsMissing(wiring: Wiring, sysRoot: string): string | undefined {
  try {
    findGpioChip(wiring.gpioChipLabels, { sysRoot });
  } catch (error) {
    return (error as Error).message;
  }
  try {
    accessSync(`/dev/i2c-${wiring.i2cBus}`, constants.F_OK);
  } catch {
    return `/dev/i2c-${wiring.i2cBus} is missing (enable I²C: sudo raspi-config nonint do_i2c 0)`;
  }
  return missingPackage();
}

function missingPackage(): string | undefined {
  const name = unbuiltPackage();
  if (name === undefined) return undefined;
  return `the native package ${name} is not built (sudo apt-get install build-essential, then npm rebuild)`;
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
