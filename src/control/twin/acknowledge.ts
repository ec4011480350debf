/**
 * What the device reports of its writable properties: the value in force with `ac`, `av` and `ad`, in IoT Plug and
 * Play's form (RR-2, RR-3, RR-6).
 *
 * Guarantee: follows from what is in force and the shadow alone, so that saying it twice says the same (RR-8).
 */
import type { WritableName } from "../cloud-model.ts";
import { writableNames } from "../cloud-model.ts";
import type { InForce } from "../in-force.ts";
import type { ControlValue } from "../input.ts";
import type { WallMillis } from "../units.ts";
import { fingerprint, type JsonRecord, sameJson } from "./json-value.ts";
import type { ShadowProperty } from "./shadow.ts";

/** A type, not an interface: it is JSON, and compared as such. */
export type Acknowledgement = {
  readonly value: ControlValue;
  /** 200 followed, 203 the device's own or its default, 400 refused. */
  readonly ac: 200 | 203 | 400;
  /** The desired `$version` that this answers; 0: it answers none. */
  readonly av: number;
  readonly ad: string;
};

export const isoTime = (wallMs: WallMillis): string => new Date(wallMs).toISOString();

export function acknowledge(name: WritableName, inForce: InForce): Acknowledgement {
  const value = inForce.values[name];
  const { source, serial, wallMs } = inForce.changes[name];
  const entry = inForce.shadow.properties[name];
  switch (entry?.ruling.kind) {
    case "applied":
      if (source === "cloud") return { value, ac: 200, av: entry.ruling.version, ad: applied(value, entry) };
      break;
    case "reset":
      if (source === "default")
        return { value, ac: 200, av: entry.ruling.version, ad: "back to the default" };
      break;
    case "refused":
    case "overruled": {
      const { kind, version, why } = entry.ruling;
      if (serial === entry.ruling.serial) {
        return { value, ac: kind === "refused" ? 400 : 203, av: version, ad: why };
      }
      break;
    }
  }
  return {
    value,
    ac: 203,
    av: 0,
    ad: source === "device" ? `set at the device at ${isoTime(wallMs)}` : source,
  };
}

const applied = (value: ControlValue, { seen }: ShadowProperty): string =>
  fingerprint(value) === seen ? "set by the cloud" : "set by the cloud; the nearest that this device can do";

/** Of all writable properties, and of the names that this device does not have. */
export function acknowledgements(inForce: InForce): JsonRecord {
  const { names, version } = inForce.shadow.foreign;
  const foreign = { ac: 400, av: version, ad: "this device has no such writable property" };
  return Object.fromEntries([
    ...names.map((name): [string, JsonRecord] => [name, foreign]),
    ...writableNames.map((name): [string, JsonRecord] => [name, acknowledge(name, inForce)]),
  ]);
}

/**
 * Whether the cloud knows of the device's own last change.
 * @param known what the hub holds as reported
 */
export function isTold(name: WritableName, inForce: InForce, known: JsonRecord | undefined): boolean {
  const ruling = inForce.shadow.properties[name]?.ruling;
  const noted = ruling && "told" in ruling && ruling.told && ruling.serial === inForce.changes[name].serial;
  if (noted) return true;
  return (
    known !== undefined && Object.hasOwn(known, name) && sameJson(known[name], acknowledge(name, inForce))
  );
}
