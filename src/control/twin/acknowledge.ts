/**
 * The reported form of the writable properties: the value in force with `ac`, `av` and `ad` of IoT Plug and Play (RR-2,
 * RR-3, RR-6).
 *
 * Guarantees: depends only on the values in force and the shadow, so that a repetition is identical (RR-8); `ad` contains
 * the value that lost a conflict (RR-4), and ends with source and time of the value in force, so that the hub's copy
 * shows whether a press has arrived.
 */

import { isRecord, type JsonRecord } from "../../base/json/value.ts";
import { type ControlValue, eachWritable, type WritableName } from "../../model/properties.ts";
import type { InForce } from "./in-force.ts";
import type { Ruling, TwinShadow } from "./shadow.ts";
import { describeSuperseded, originText, type Superseded } from "./superseded.ts";
import { fingerprint, sameInHub } from "./values.ts";

/** A type, not an interface: it is JSON, and compared as such. */
export type Acknowledgement = {
  readonly value: ControlValue;
  /** 200 applied, 203 set on the device or default, 400 refused. */
  readonly ac: 200 | 203 | 400;
  /** The acknowledged desired `$version`; 0: none. */
  readonly av: number;
  readonly ad: string;
};

/** The ruling on the desired value; `undefined` after a later change. */
export function currentRuling(name: WritableName, { shadow, changes }: InForce): Ruling | undefined {
  const ruling = shadow.properties[name]?.ruling;
  const { source, serial } = changes[name];
  switch (ruling?.kind) {
    case undefined:
      return undefined;
    case "applied":
      return source === "cloud" ? ruling : undefined;
    case "reset":
      return source === "default" ? ruling : undefined;
    case "refused":
    case "overruled":
      return serial === ruling.serial ? ruling : undefined;
  }
}

export function acknowledge(name: WritableName, inForce: InForce): Acknowledgement {
  const value = inForce.values[name];
  const origin = originText(inForce.changes[name]);
  const ruling = currentRuling(name, inForce);
  switch (ruling?.kind) {
    case undefined:
      return { value, ac: 203, av: 0, ad: origin };
    case "applied": {
      const exact = fingerprint(value) === inForce.shadow.properties[name]?.seen;
      const nearest = exact ? "" : "the nearest supported value; ";
      return { value, ac: 200, av: ruling.version, ad: `${nearest}${supersededText(ruling.over)}${origin}` };
    }
    case "reset":
      return { value, ac: 200, av: ruling.version, ad: `${supersededText(ruling.over)}${origin}` };
    case "refused":
      return { value, ac: 400, av: ruling.version, ad: `${ruling.why}; in force: ${origin}` };
    case "overruled":
      return { value, ac: 203, av: ruling.version, ad: `${supersededText(ruling.over)}${origin}` };
  }
}

const supersededText = (over: Superseded | undefined): string =>
  over === undefined ? "" : `${describeSuperseded(over)}; `;

/**
 * Whether the hub has the change in force, regardless of the rest of the acknowledgement.
 * @param known the hub's reported document
 */
export function isReported(name: WritableName, inForce: InForce, known: JsonRecord): boolean {
  const held = known[name];
  if (!isRecord(held) || !sameInHub(held["value"], inForce.values[name])) return false;
  const ad = held["ad"];
  return typeof ad === "string" && ad.endsWith(originText(inForce.changes[name]));
}

export const acknowledgements = (inForce: InForce): JsonRecord =>
  eachWritable((name) => acknowledge(name, inForce));

/** Acknowledges desired properties that this device does not have (RR-6), without a value. */
export function refusals({ names, version }: TwinShadow["unknownProperties"]): JsonRecord {
  const refusal = { ac: 400, av: version, ad: "this device has no such writable property" };
  return Object.fromEntries(names.map((name) => [name, refusal]));
}
