/**
 * What the device remembers of its twin: the desired document that it last reconciled with, and what came of it.
 *
 * Guarantees: plain, small, bounded JSON; `parseShadow` never throws. It is stored in the core's own durable state, in
 * one write with the values that it speaks about, so that no power cut can part them (RR-9).
 */

import type { JsonRecord } from "../../base/json/value.ts";
import type { WritableName } from "../../model/properties.ts";
import { isWritableName } from "../../model/properties.ts";
import { isSource } from "../../model/sources.ts";
import { invalid, record, wall } from "../stored.ts";
import type { Superseded } from "./superseded.ts";

/** What became of a desired value. `serial` is that of the change in force then: a later one makes the ruling history. */
export type Ruling =
  /**
   * It was followed: stands while the value in force is the cloud's. Or it was deleted and the default was restored
   * (RR-7): stands while the value in force is the default. `over`: what the device had set while offline (RR-4).
   */
  | { readonly kind: "applied" | "reset"; readonly version: number; readonly over?: Superseded }
  /** Not followed, because it is out of its limits (RR-6). */
  | { readonly kind: "refused"; readonly why: string; readonly version: number; readonly serial: number }
  /** Not followed, because the device's own change outranks it (RR-4, RR-5). */
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
  /** `$version` of the desired document that was reconciled last; 0: none yet. */
  readonly version: number;
  readonly properties: { readonly [K in WritableName]?: ShadowProperty };
  /** Desired properties that this device does not have: a fingerprint of all, and names that can be acknowledged. */
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

/** Desired names beyond these are counted, not acknowledged: a twin is no place for a stranger to grow in. */
export const maxUnknownNames = 8;
/** DTDL v2 names. Leaves out `__proto__` and everything that begins with `$`. */
export const isPlainName = (name: string): boolean => /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name);
/** Longest text of ours in an acknowledgement. */
export const maxReasonLength = 200;

/** @returns the empty shadow for anything that is not one: then the next document is reconciled as the first */
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
    if (isWritableName(name)) properties[name] = property(record(entry));
  }
  return {
    version: version(root["version"]),
    properties,
    unknownProperties: {
      seen: text(unknownProperties["seen"]),
      version: version(unknownProperties["version"]),
      names: names.map((name) => text(name)).filter(isPlainName),
    },
  };
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
