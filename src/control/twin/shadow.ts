/**
 * The device's record of its twin: the desired document last reconciled, and the rulings.
 *
 * Guarantees: plain, small, bounded JSON; `parseShadow` never throws. It is part of the core's durable state, so that
 * one atomic write stores it together with the values (RR-9).
 */

import type { JsonRecord } from "../../base/json/value.ts";
import type { WritableName } from "../../model/properties.ts";
import { isDurable, isWritableName, writableNames } from "../../model/properties.ts";
import { isSource } from "../../model/sources.ts";
import { invalid, record, wall } from "../stored.ts";
import type { Superseded } from "./superseded.ts";

/** The result for a desired value. `serial`: the change in force at the time; a later change invalidates the ruling. */
export type Ruling =
  /**
   * `applied`: valid while the value in force is the cloud's. `reset`: deleted, and the default restored (RR-7); valid
   * while the default is in force. `over`: the device's value that lost (RR-4).
   */
  | { readonly kind: "applied" | "reset"; readonly version: number; readonly over?: Superseded }
  /** Not applied: invalid or out of its limits (RR-6). */
  | { readonly kind: "refused"; readonly why: string; readonly version: number; readonly serial: number }
  /** Not applied: the device's own change wins (RR-4, RR-5). */
  | {
      readonly kind: "overruled";
      readonly over: Superseded;
      readonly version: number;
      readonly serial: number;
    };

export interface ShadowProperty {
  /** Fingerprint of the desired value; missing when the document has none. */
  readonly seen?: string;
  readonly ruling: Ruling;
}

export interface TwinShadow {
  /** `$version` of the desired document last reconciled; 0: none yet. */
  readonly version: number;
  readonly properties: { readonly [K in WritableName]?: ShadowProperty };
  /** Patches have changed parts of these since: the next document counts as a change, also to the same value or none. */
  readonly changedInPart?: readonly WritableName[];
  /** Desired properties that this device does not have: a fingerprint of all, and the names to acknowledge. */
  readonly unknownProperties: {
    readonly seen: string;
    readonly version: number;
    readonly names: readonly string[];
  };
}

export const emptyShadow: TwinShadow = {
  version: 0,
  properties: {},
  unknownProperties: { seen: "", version: 0, names: [] },
};

/** Further unknown names are counted but not acknowledged, to limit the size of the twin. */
export const maxUnknownNames = 8;
/** DTDL v2 names. Excludes `__proto__` and names that begin with `$`. */
export const isPlainName = (name: string): boolean => /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name);
/** Longest reason in an acknowledgement. */
export const maxReasonLength = 200;

/** @returns the empty shadow for invalid input: then the next document is reconciled as the first one */
export function parseShadow(value: unknown): TwinShadow {
  try {
    return parse(value);
  } catch {
    return emptyShadow; // Also when a hostile object throws from its getters.
  }
}

function parse(value: unknown): TwinShadow {
  const root = record(value);
  const unknownProperties = record(root["unknownProperties"]);
  const names = unknownProperties["names"];
  if (!Array.isArray(names) || names.length > maxUnknownNames) throw invalid("twin");
  const properties: { [K in WritableName]?: ShadowProperty } = {};
  for (const [name, entry] of Object.entries(record(root["properties"]))) {
    // Without its value, a ruling would hide that the desired value must be applied again.
    if (isWritableName(name) && isDurable(name)) properties[name] = property(record(entry));
  }
  return {
    version: version(root["version"]),
    properties,
    ...partsOf(root["changedInPart"]),
    unknownProperties: {
      seen: text(unknownProperties["seen"]),
      version: version(unknownProperties["version"]),
      names: names.map((name) => text(name)).filter(isPlainName),
    },
  };
}

function partsOf(value: unknown): Pick<TwinShadow, "changedInPart"> {
  if (value === undefined) return {};
  if (!Array.isArray(value)) throw invalid("twin");
  return { changedInPart: writableNames.filter((name) => value.includes(name)) };
}

function property(entry: JsonRecord): ShadowProperty {
  const ruling = parseRuling(record(entry["ruling"]));
  return entry["seen"] === undefined ? { ruling } : { seen: text(entry["seen"]), ruling };
}

function parseRuling(entry: JsonRecord): Ruling {
  const { kind } = entry;
  const at = version(entry["version"]);
  if (kind === "applied" || kind === "reset") {
    const over = entry["over"];
    return over === undefined ? { kind, version: at } : { kind, version: at, over: superseded(over) };
  }
  const serial = version(entry["serial"]);
  if (kind === "refused") return { kind, version: at, why: text(entry["why"]), serial };
  if (kind !== "overruled") throw invalid("twin");
  return { kind, version: at, over: superseded(entry["over"]), serial };
}

function superseded(entry: unknown): Superseded {
  const { value, source, wallMs } = record(entry);
  if (!isSource(source)) throw invalid("source");
  const lost: Superseded = {
    value: typeof value === "boolean" || isNumber(value) ? value : text(value),
    source,
  };
  if (wallMs === undefined) return lost;
  return { ...lost, wallMs: wall(wallMs) };
}

const isNumber = (value: unknown): value is number => Number.isFinite(value);

function version(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw invalid("twin");
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string" || value.length > maxReasonLength) throw invalid("twin");
  return value;
}
