/**
 * The settings in force, and changes of them while the device runs: checked as a whole, on the disk first, then in force.
 *
 * Guarantee: what is in force is what the file says, but for settings that need a start: those stay until the next one. A
 * change that any check refuses, or that the disk does not take, changes nothing. A file that the firmware may not write,
 * or that has a mistake, is left as it is.
 */
import { dirname, relative, resolve } from "node:path";
import { reasonOf } from "../../base/errors.ts";
import { equalJson, isRecord, type Json, readJson } from "../../base/json/value.ts";
import type { Log } from "../../base/log.ts";
import {
  defaultSettings,
  isSettingKey,
  parseSettings,
  type Settings,
  settingKeys,
  settingSpec,
} from "../../model/settings.ts";
import type { Device } from "../device.ts";
import type { DataFolder } from "./data-folder.ts";
import type { DurableFiles } from "./durable-files.ts";
import { readSettingsText, type SettingsSource, settingProblemText } from "./settings-file.ts";

/** `null`: the default. */
export type SettingChanges = Readonly<Record<string, unknown>>;

export interface LiveSettingsOptions {
  readonly device: Pick<Device, "request">;
  readonly source: SettingsSource;
  readonly data: Pick<DataFolder, "path">;
  readonly files: Pick<DurableFiles, "writeDurably" | "rename" | "syncFolder">;
  readonly log: Log;
  /** In force since the start. */
  readonly settings: Settings;
  /** What is wrong with the file, if the last good settings are in its place. */
  readonly problem: Error | undefined;
  /** The new text is in use: a copy is kept for a file that goes bad. */
  readonly onStored: (text: string) => void;
}

export class LiveSettings {
  readonly #options: LiveSettingsOptions;
  #values: Settings;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: LiveSettingsOptions) {
    this.#options = options;
    this.#values = options.settings;
  }

  get values(): Settings {
    return this.#values;
  }

  /** Those that are not the default, by their keys. */
  get changed(): Readonly<Record<string, Json>> {
    const keys = settingKeys.filter((key) => this.#values[key] !== defaultSettings[key]);
    return Object.fromEntries(keys.map((key) => [key, this.#values[key]]));
  }

  /** Why they cannot be changed here. */
  get fixed(): string | undefined {
    const { source, data, problem } = this.#options;
    if (problem !== undefined) return "the settings file has a mistake; see: grove-heater settings check";
    if (!relative(resolve(data.path), resolve(source.path)).startsWith("..")) return undefined;
    return `they are in ${source.path}, outside of the data folder: change them there, then restart`;
  }

  /** One after the other. @returns why it is refused */
  change(changes: SettingChanges): Promise<string | undefined> {
    const done = this.#last.then(() => this.#change(changes));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #change(changes: SettingChanges): Promise<string | undefined> {
    const refused = this.fixed ?? notChangeable(changes);
    if (refused !== undefined) return refused;
    const { source, device, log, onStored } = this.#options;
    let before: Readonly<Record<string, unknown>>;
    try {
      before = documentOf(readSettingsText(source));
    } catch (error) {
      return reasonOf(error);
    }
    const after = changedDocument(before, changes);
    const { settings, problems } = parseSettings(after);
    const [problem] = problems;
    if (problem !== undefined) return settingProblemText(problem);
    const next = withoutRestart(settings, this.#values);
    if (!equalJson(before, after)) {
      const text = `${JSON.stringify(after, null, 2)}\n`;
      const failed = await this.#store(source.path, text);
      if (failed !== undefined) return failed;
      onStored(text);
    }
    for (const key of settingKeys)
      if (next[key] !== this.#values[key])
        log.info("setting-changed", { key, from: this.#values[key], to: next[key] });
    this.#values = next;
    return device.request({ kind: "use-settings", settings: next, source: "local" });
  }

  async #store(path: string, text: string): Promise<string | undefined> {
    const { files, log } = this.#options;
    try {
      await files.writeDurably(`${path}.new`, text);
      await files.rename(`${path}.new`, path);
      await files.syncFolder(dirname(path));
      return undefined;
    } catch (error) {
      const reason = reasonOf(error);
      log.error("settings-not-stored", { path, reason, now: "the settings before" });
      return `the settings file cannot be written: ${reason}`;
    }
  }
}

function notChangeable(changes: SettingChanges): string | undefined {
  for (const key of Object.keys(changes)) {
    if (!isSettingKey(key)) return `there is no setting ${key.slice(0, 64)}`;
    if (settingSpec(key).restart)
      return `${key} takes effect at a start only: change it in the settings file`;
  }
  return undefined;
}

/** @throws Error for what is no object: nobody may lose what stands there */
function documentOf(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  const document = readJson(text);
  if (isRecord(document) && parseSettings(document).problems.length === 0) return document;
  throw new Error("the settings file has a mistake; see: grove-heater settings check");
}

/** In the order of the file; new keys come last. */
function changedDocument(
  before: Readonly<Record<string, unknown>>,
  changes: SettingChanges,
): Readonly<Record<string, unknown>> {
  const after = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) after.delete(key);
    else after.set(key, value);
  }
  return Object.fromEntries(after);
}

/** @param inForce since the start */
function withoutRestart(settings: Settings, inForce: Settings): Settings {
  const kept = settingKeys.filter((key) => settingSpec(key).restart);
  return Object.freeze({ ...settings, ...Object.fromEntries(kept.map((key) => [key, inForce[key]])) });
}
