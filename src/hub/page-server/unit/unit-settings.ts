/**
 * The settings of the devices on the hub's machine: what they are, and changes of them.
 *
 * Guarantee: settings are sent to the pages only when they have changed.
 */
import { equalJson, type Json } from "../../../base/json/value.ts";
import type { SettingsView } from "../api-settings.ts";

/** Why a change is refused; `undefined`: it is in force and on the disk. */
export type Changed = { readonly kind: "refused" | "away"; readonly why: string } | undefined;
export type ChangeSettings = (changes: Readonly<Record<string, Json>>) => Promise<Changed>;

interface Unit {
  readonly change: ChangeSettings;
  settings?: SettingsView | undefined;
}

export class UnitSettings {
  readonly #units = new Map<string, Unit>();
  readonly #publish: (deviceId: string) => void;

  constructor(publish: (deviceId: string) => void) {
    this.#publish = publish;
  }

  /** A device whose owner answers for its settings. */
  add(deviceId: string, change: ChangeSettings): void {
    this.#units.set(deviceId, { change });
  }

  of(deviceId: string): SettingsView | undefined {
    return this.#units.get(deviceId)?.settings;
  }

  /** @param settings `undefined`: the device does not answer */
  show(deviceId: string, settings: SettingsView | undefined): void {
    const unit = this.#units.get(deviceId);
    if (unit === undefined || equalJson(unit.settings, settings)) return;
    unit.settings = settings;
    this.#publish(deviceId);
  }

  /** @returns "not-here" for a device of another machine */
  async change(deviceId: string, changes: Readonly<Record<string, Json>>): Promise<Changed | "not-here"> {
    const unit = this.#units.get(deviceId);
    return unit === undefined ? "not-here" : await unit.change(changes);
  }
}
