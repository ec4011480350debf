/** Provenance: who changed a writable property last, from what to what, when. */

import { isoTime } from "../../base/iso-time.ts";
import { shortValue } from "../../model/cloud-schema.ts";
import type { ReadOnlyValues } from "../../model/properties.ts";
import { writableNames } from "../../model/properties.ts";
import { sideOf } from "../../model/sources.ts";
import type { InForce } from "./in-force.ts";

/** For the reported section of the same name; `null` before the first change. */
export function lastChange({ changes, values }: InForce): ReadOnlyValues["lastChange"] {
  const newest = (a: (typeof writableNames)[number], b: typeof a) => changes[b].serial - changes[a].serial;
  const [property] = writableNames.toSorted(newest);
  if (property === undefined || changes[property].serial === 0) return null;
  const { source, from, wallMs } = changes[property];
  const to = values[property];
  const amount = typeof to === "number" && typeof from === "number" ? Math.round((to - from) * 100) / 100 : 0;
  return {
    property,
    source: sideOf(source),
    from: String(shortValue(from ?? to)),
    to: String(shortValue(to)),
    amount,
    time: isoTime(wallMs),
  };
}
