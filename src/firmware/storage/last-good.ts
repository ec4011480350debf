/**
 * The settings and the board definition that served last, kept in the data folder for when their files turn bad.
 *
 * Guarantee: a unit that once ran goes on with what it ran with, whatever a power cut, a worn card or a person does to
 * the files, and says so; what is kept passes the same checks again before it serves. A settings file that is not
 * there is no damage: the defaults are in force, and are what is kept. One that was named and vanished is served from
 * here if it is the very one that ran last, for a service has nobody at a terminal; any other name is a typing error.
 */
import { isAbsolute, relative, resolve } from "node:path";
import { crc32 } from "node:zlib";
import type { Clock } from "../../base/clock.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import { isRecord } from "../../base/json/value.ts";
import type { Log } from "../../base/log.ts";
import type { RelayWiring } from "../../board/definition/definition.ts";
import type { BackendSetting } from "../../board/kernel/gpio-backend.ts";
import type { Settings } from "../../model/settings.ts";
import { type BoardChoice, chooseBoard, readBoard, readDefinition } from "../choose-board.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";
import type { DataFolder } from "./data-folder.ts";
import type { DurableFiles } from "./durable-files.ts";
import {
  loadSettings,
  parseSettingsText,
  readSettingsText,
  SettingsFailure,
  type SettingsSource,
} from "./settings-file.ts";
import { decode, previousName, StateStore } from "./state-store.ts";

/** What serves, and what is wrong with the file in whose place the last good one serves. */
export interface Decided<T, Kept> {
  readonly value: T;
  readonly problem: StartupError | undefined;
  /** To be kept when it has served; absent when it came from here. */
  readonly good: Kept | undefined;
}

export interface GoodSettings {
  /** By `placeOf`. */
  readonly path: string;
  /** Absent: there was no file, and the defaults served. */
  readonly text?: string;
}

export interface GoodBoard {
  /** As asked for; a path by `placeOf`, as are the paths of `files`. */
  readonly name: string;
  /** Each file that was read, by its path. */
  readonly files: Readonly<Record<string, string>>;
}

interface LastGood {
  readonly settings?: GoodSettings;
  readonly board?: GoodBoard;
}

/** Files larger than this together are not kept: no real definition comes near. */
const largest = 256 * 1024;

/** @throws StartupError when the file is of no use and nothing good is kept of it */
export function decideSettings(source: SettingsSource, data: DataFolder): Decided<Settings, GoodSettings> {
  const path = placeOf(source.path, data);
  try {
    const value = loadSettings(source);
    const text = readSettingsText(source);
    return { value, problem: undefined, good: { path, ...(text !== undefined && { text }) } };
  } catch (problem) {
    if (!(problem instanceof SettingsFailure)) throw problem;
    const value = lastGoodSettings(source, data);
    if (value === undefined) throw problem;
    return { value, problem, good: undefined };
  }
}

/** The settings that serve while this file is of no use; `undefined` when it never was of any. */
export function lastGoodSettings({ path }: SettingsSource, data: DataFolder): Settings | undefined {
  const { settings } = readLastGood(data);
  if (settings?.path !== placeOf(path, data)) return undefined;
  try {
    return parseSettingsText(settings.text, path);
  } catch {
    return undefined; // Firmware of today may have other limits.
  }
}

/**
 * @param relay what the guardian forces off, by `relayKey`: a definition that was changed meanwhile must wait for a
 *   restart of both, or two relays would be driven
 * @throws StartupError when the definition is of no use and nothing good is kept of it
 */
export function decideBoard(
  name: string,
  data: DataFolder,
  relay?: string,
  gpioBackend?: BackendSetting,
): Decided<BoardChoice, GoodBoard> {
  let problem: StartupError | undefined;
  let good: GoodBoard | undefined;
  const choice = chooseBoard(name, data.path, { gpioBackend }, (asked) => {
    try {
      const files: Record<string, string> = {};
      const board = readBoard(asked, (path) => {
        const text = readDefinition(path);
        files[placeOf(path, data)] = text;
        return text;
      });
      if (relay !== undefined && relayKey(board.wiring) !== relay) throw changedMeanwhile(asked);
      good = { name: keyOf(asked, data), files };
      return board;
    } catch (error) {
      if (!(error instanceof StartupError)) throw error;
      const board = lastGoodBoard(asked, data);
      if (board === undefined || (relay !== undefined && relayKey(board.wiring) !== relay)) throw error;
      problem = error;
      return board;
    }
  });
  return { value: choice, problem, good: problem === undefined ? good : undefined };
}

/** The same for the same relay, and different for another. */
export function relayKey({ relay, backend, gpioChipLabels }: RelayWiring): string {
  const { line, activeLevel } = relay;
  return crc32(JSON.stringify([backend, gpioChipLabels, line, activeLevel])).toString(16);
}

function lastGoodBoard(name: string, data: DataFolder) {
  const { board } = readLastGood(data);
  if (board?.name !== keyOf(name, data)) return undefined;
  try {
    // Shipped files lie elsewhere after an update; then those of today serve.
    return readBoard(name, (path) => board.files[placeOf(path, data)] ?? readDefinition(path));
  } catch {
    return undefined;
  }
}

const changedMeanwhile = (name: string): StartupError =>
  new StartupError(
    exitCodes.configuration,
    `The board definition "${name}" names another relay than when grove-heater run was started.`,
    "Stop grove-heater and start it again.",
  );

/** Says what is wrong and what serves in its place. */
export function logProblems(
  log: Log,
  settings: Decided<unknown, unknown>,
  board: Decided<unknown, unknown>,
): void {
  if (settings.problem !== undefined)
    log.error("settings-unreadable", words(settings.problem, "the last good settings"));
  if (board.problem !== undefined) log.error("board-unreadable", words(board.problem, "the last good board"));
}

function words(problem: StartupError, now: string) {
  const remedy = problem instanceof SettingsFailure ? problem.step : problem.remedy;
  return { cause: problem.message, remedy: `${remedy} Then restart.`, now };
}

/** The parts whose file is of no use, for the fault on the screen, the page and the twin (SR-11). */
export function failingFiles(
  settings: Decided<unknown, unknown>,
  board: Decided<unknown, unknown>,
): ("settings" | "board")[] {
  return [
    ...(settings.problem === undefined ? [] : (["settings"] as const)),
    ...(board.problem === undefined ? [] : (["board"] as const)),
  ];
}

/** Keeps what is serving, if it is new. Never rejects: a disk that takes nothing is reported by the state's store. */
export async function keepLastGood(
  parts: {
    readonly data: DataFolder;
    readonly files: DurableFiles;
    readonly clock: Clock;
    readonly log: Log;
  },
  serving: { readonly settings: GoodSettings | undefined; readonly board: GoodBoard | undefined },
): Promise<void> {
  const { data, files, clock, log } = parts;
  const { settings, board } = serving;
  const kept: LastGood = {
    ...readLastGood(data),
    ...(settings !== undefined && { settings }),
    ...(board !== undefined && { board }),
  };
  if (JSON.stringify(kept).length > largest) {
    log.warn("last-good-not-kept", { cause: "settings and board definition are too large", limit: largest });
    return;
  }
  const store = new StateStore(data.lastGoodFile, files, clock);
  await store.load();
  store.offer(kept);
  await store.flush();
}

/** Nothing is known where nothing whole is kept. Never throws. */
function readLastGood({ lastGoodFile }: DataFolder): LastGood {
  for (const path of [lastGoodFile, previousName(lastGoodFile)]) {
    try {
      const decoded = decode(readSmallFile(path, { limit: 2 * largest }) ?? "");
      if ("document" in decoded && isLastGood(decoded.document)) return decoded.document;
    } catch {
      // Of no use; the other may be.
    }
  }
  return {};
}

/** The checksum says that this firmware or an older one wrote it. */
const isLastGood = (value: unknown): value is LastGood => isRecord(value);

const isPath = (name: string): boolean => !/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name);

const keyOf = (name: string, data: DataFolder): string => (isPath(name) ? placeOf(name, data) : name);

/** What lies in the data folder is named relative to it: a folder that was moved or restored is still the same. */
function placeOf(path: string, data: DataFolder): string {
  const inside = relative(resolve(data.path), resolve(path));
  return inside.startsWith("..") || isAbsolute(inside) ? resolve(path) : `./${inside}`;
}
