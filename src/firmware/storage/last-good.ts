/**
 * The last settings and board definition that worked, kept in the data folder in case their files become
 * invalid.
 *
 * Guarantee: a unit that has run once keeps running with the same configuration, whatever a power cut, a worn
 * card or a person does to the files, and reports it; a kept copy passes the same checks again before it is
 * used. A missing settings file is not an error: the defaults are in force, and are what is kept. If a file
 * named by --settings is missing, the kept copy replaces it only if it is a copy of that file, because nobody
 * watches a service's terminal; any other name is taken for a typing error.
 */
import { relative, resolve } from "node:path";
import { crc32 } from "node:zlib";
import type { Clock } from "../../base/clock.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import { isRecord } from "../../base/json/value.ts";
import type { Log } from "../../base/log.ts";
import type { RelayWiring } from "../../board/definition/definition.ts";
import type { BackendSetting } from "../../board/kernel/gpio-backend.ts";
import { defaultSettings, type Settings } from "../../model/settings.ts";
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

/** What is in use; and, where the last good copy replaces a file, what is wrong with that file. */
export interface Chosen<T, Kept> {
  readonly value: T;
  readonly problem: StartupError | undefined;
  /** To be kept once it has worked; absent when it is itself the kept copy. */
  readonly good: Kept | undefined;
}

export interface GoodSettings {
  /** See `storedPath`. */
  readonly path: string;
  /** Absent: there was no file, and the defaults were in use. */
  readonly text?: string;
}

export interface GoodBoard {
  /** As requested. If it is a path, see `storedPath`, which also makes the paths of `files`. */
  readonly name: string;
  /** Each file that was read, by its path. */
  readonly files: Readonly<Record<string, string>>;
}

interface LastGood {
  readonly settings?: GoodSettings;
  readonly board?: GoodBoard;
}

/** If all files together are larger, they are not kept: real definitions are much smaller. */
const maxKeptBytes = 256 * 1024;

/** @throws StartupError when the file is invalid and no good copy of it is kept */
export function settingsOrLastGood(source: SettingsSource, data: DataFolder): Chosen<Settings, GoodSettings> {
  const path = storedPath(source.path, data);
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

/** The settings in use while this file is invalid; `undefined` when no good copy of it is kept. */
export function lastGoodSettings({ path }: SettingsSource, data: DataFolder): Settings | undefined {
  const { settings } = readLastGood(data);
  if (settings?.path !== storedPath(path, data)) return undefined;
  try {
    return parseSettingsText(settings.text, path);
  } catch {
    return undefined; // This firmware version may have other limits.
  }
}

/** For a process that only displays settings. Never throws: unreadable settings are replaced by the defaults. */
export function settingsToShow(source: SettingsSource, data: DataFolder): Settings {
  try {
    return settingsOrLastGood(source, data).value;
  } catch {
    return defaultSettings;
  }
}

/**
 * @param relay `relayKey` of the relay that the guardian forces off: if the definition now names another
 * relay, both
 *   processes must restart before it is used, or two relays would be driven
 * @throws StartupError when the definition is invalid and no good copy of it is kept
 */
export function boardOrLastGood(
  name: string,
  data: DataFolder,
  relay?: string,
  gpioBackend?: BackendSetting,
): Chosen<BoardChoice, GoodBoard> {
  let problem: StartupError | undefined;
  let good: GoodBoard | undefined;
  const choice = chooseBoard(name, data.path, { gpioBackend }, (requested) => {
    try {
      const files: Record<string, string> = {};
      const board = readBoard(requested, (path) => {
        const text = readDefinition(path);
        files[storedPath(path, data)] = text;
        return text;
      });
      if (relay !== undefined && relayKey(board.wiring) !== relay) throw relayChanged(requested);
      good = { name: keyOf(requested, data), files };
      return board;
    } catch (error) {
      if (!(error instanceof StartupError)) throw error;
      const board = lastGoodBoard(requested, data);
      if (board === undefined || (relay !== undefined && relayKey(board.wiring) !== relay)) throw error;
      problem = error;
      return board;
    }
  });
  return { value: choice, problem, good: problem === undefined ? good : undefined };
}

/** Identifies a relay: equal for the same relay, different for another. */
export function relayKey({ relay, backend, gpioChipLabels }: RelayWiring): string {
  const { line, activeLevel } = relay;
  return crc32(JSON.stringify([backend, gpioChipLabels, line, activeLevel])).toString(16);
}

function lastGoodBoard(name: string, data: DataFolder) {
  const { board } = readLastGood(data);
  if (board?.name !== keyOf(name, data)) return undefined;
  try {
    // An update moves the shipped files; those are then read from their new place.
    return readBoard(name, (path) => board.files[storedPath(path, data)] ?? readDefinition(path));
  } catch {
    return undefined;
  }
}

const relayChanged = (name: string): StartupError =>
  new StartupError(
    exitCodes.configuration,
    `The board definition "${name}" names a different relay than when grove-heater run was started.`,
    "Stop grove-heater and start it again.",
  );

/** Logs what is wrong and what is used instead. */
export function logProblems(
  log: Log,
  settings: Chosen<unknown, unknown>,
  board: Chosen<unknown, unknown>,
): void {
  if (settings.problem !== undefined)
    log.error("settings-unreadable", problemFields(settings.problem, "the last good settings"));
  if (board.problem !== undefined)
    log.error("board-unreadable", problemFields(board.problem, "the last good board"));
}

function problemFields(problem: StartupError, now: string) {
  const remedy = problem instanceof SettingsFailure ? problem.step : problem.remedy;
  return { cause: problem.message, remedy: `${remedy} Then restart.`, now };
}

/** The parts whose file is invalid, for the fault on the screen, the page and the twin (SR-11). */
export function failingFiles(
  settings: Chosen<unknown, unknown>,
  board: Chosen<unknown, unknown>,
): ("settings" | "board")[] {
  return [
    ...(settings.problem === undefined ? [] : (["settings"] as const)),
    ...(board.problem === undefined ? [] : (["board"] as const)),
  ];
}

/**
 * Keeps a copy of what is in use, if it changed. Never rejects: the state store reports a disk that cannot be
 * written.
 */
export async function keepLastGood(
  parts: {
    readonly data: DataFolder;
    readonly files: DurableFiles;
    readonly clock: Clock;
    readonly log: Log;
  },
  inUse: { readonly settings: GoodSettings | undefined; readonly board: GoodBoard | undefined },
): Promise<void> {
  const { data, files, clock, log } = parts;
  const { settings, board } = inUse;
  const kept: LastGood = {
    ...readLastGood(data),
    ...(settings !== undefined && { settings }),
    ...(board !== undefined && { board }),
  };
  if (JSON.stringify(kept).length > maxKeptBytes) {
    log.warn("last-good-not-kept", {
      cause: "settings and board definition are too large",
      limit: maxKeptBytes,
    });
    return;
  }
  const store = new StateStore(data.lastGoodFile, files, clock);
  await store.load();
  store.offer(kept);
  await store.flush();
}

/** Empty where no undamaged copy is kept. Never throws. */
function readLastGood({ lastGoodFile }: DataFolder): LastGood {
  for (const path of [lastGoodFile, previousName(lastGoodFile)]) {
    try {
      const decoded = decode(readSmallFile(path, { limit: 2 * maxKeptBytes }) ?? "");
      if ("document" in decoded && isLastGood(decoded.document)) return decoded.document;
    } catch {
      // Try the other file.
    }
  }
  return {};
}

/** The checksum proves that this firmware or an older version wrote it, so its members need no check. */
const isLastGood = (value: unknown): value is LastGood => isRecord(value);

const isPath = (name: string): boolean => !/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name);

const keyOf = (name: string, data: DataFolder): string => (isPath(name) ? storedPath(name, data) : name);

/**
 * A path in the data folder is stored relative to it, so that it stays valid when the folder is moved or
 * restored.
 */
function storedPath(path: string, data: DataFolder): string {
  const inside = relative(resolve(data.path), resolve(path));
  return inside.startsWith("..") ? resolve(path) : `./${inside}`;
}
