/**
 * The stored form of the durable writable properties and their last changes.
 *
 * Guarantee: a property missing in the document (of older firmware) is not an error; an invalid one is.
 */

import { isOfKind, validateValue } from "../../model/cloud-schema.ts";
import {
  type ControlValue,
  type DurableName,
  eachWritable,
  isControlValue,
  isDurable,
  isValueOf,
  type WritableName,
  type WritableQuantities,
  writableNames,
  writableSpec,
} from "../../model/properties.ts";
import type { Settings } from "../../model/settings-table.ts";
import { isSource } from "../../model/sources.ts";
import type { Change } from "../input.ts";
import { adjusted } from "../limits.ts";
import { invalid, record, wall, within } from "../stored.ts";
import type { Panel } from "./panel.ts";

export interface StoredValue<T = ControlValue> {
  readonly value: T;
  readonly change: Change;
}

/** The first firmware stored value and change separately under other names; later properties have one entry. */
const firstNames = {
  targetTemperature: "target",
  controlMode: "mode",
  heaterSwitch: "heaterSwitch",
} as const satisfies { readonly [K in DurableName]?: string };
type First = typeof firstNames;

export type StoredValues = {
  readonly [K in keyof First as First[K]]: WritableQuantities[K];
} & {
  readonly changes: { readonly [K in keyof First as First[K]]: Change };
} & {
  readonly [K in Exclude<DurableName, keyof First>]?: StoredValue<WritableQuantities[K]>;
};

const firstNameOf = (name: WritableName): string | undefined =>
  (firstNames as { readonly [K in WritableName]?: string })[name];

export function storeValues({ values, changes }: Pick<Panel, "values" | "changes">): StoredValues {
  return document(
    new Map(
      writableNames.filter(isDurable).map((name) => [name, { value: values[name], change: changes[name] }]),
    ),
  );
}

function document(held: ReadonlyMap<WritableName, StoredValue>): StoredValues {
  const stored: Record<string, unknown> = {};
  const changes: Record<string, Change> = {};
  for (const [name, { value, change }] of held) {
    const first = firstNameOf(name);
    stored[first ?? name] = first === undefined ? { value, change } : value;
    if (first !== undefined) changes[first] = change;
  }
  return { ...stored, changes } as unknown as StoredValues;
}

/** @throws TypeError for what `storeValues` cannot have made */
export function parseValues(root: Readonly<Record<string, unknown>>): StoredValues {
  const held = new Map<WritableName, StoredValue>();
  for (const name of writableNames.filter(isDurable)) {
    const entry = entryOf(root, name);
    if (entry === undefined) continue;
    held.set(name, { value: parseValue(name, entry["value"]), change: parseChange(entry["change"]) });
  }
  return document(held);
}

function entryOf(root: Readonly<Record<string, unknown>>, name: WritableName) {
  const first = firstNameOf(name);
  if (first !== undefined) return { value: root[first], change: record(root["changes"])[first] };
  return root[name] === undefined ? undefined : record(root[name]);
}

/** Beyond any limit of the settings. */
const anyTemperature = 100;

function parseValue(name: WritableName, value: unknown): ControlValue {
  const { schema, limits } = writableSpec(name);
  // The limits may have changed: `restoreValues` clamps to the current ones.
  const fits =
    limits && schema.kind !== "week"
      ? within(value, -anyTemperature, anyTemperature) === value
      : isOfKind(schema, value) && (limits || validateValue(schema, value) === undefined);
  if (!fits || !isValueOf(value, name)) throw invalid(name);
  return value;
}

function parseChange(value: unknown): Change {
  const { source, wallMs, serial = 0, from } = record(value);
  if (!isSource(source)) throw invalid("source");
  const made = { source, wallMs: wall(wallMs), serial: Math.floor(within(serial, 0, 1e15)) };
  if (from === undefined) return made;
  if (!isControlValue(from)) throw invalid("from");
  return { ...made, from: typeof from === "number" ? within(from, -1e6, 1e6) : from };
}

/** Restores stored values, clamped to the current limits. @param fresh a panel with default values */
export function restoreValues(
  stored: StoredValues,
  fresh: Panel,
  settings: Settings,
): Pick<Panel, "values" | "changes"> {
  const root: Readonly<Record<string, unknown>> = stored;
  const held = (name: WritableName) =>
    isDurable(name) ? (entryOf(root, name) as StoredValue | undefined) : undefined;
  const value = (name: WritableName): ControlValue => {
    const entry = held(name);
    const follows = writableSpec(name).followsInitial === true && entry?.change.source === "default";
    return entry === undefined || follows ? fresh.values[name] : adjusted(name, entry.value, settings);
  };
  return {
    values: eachWritable(value) as unknown as WritableQuantities,
    changes: eachWritable((name) => held(name)?.change ?? fresh.changes[name]),
  };
}
