/**
 * The desired document, divided into properties that this device has and unknown ones.
 *
 * Guarantee: total and bounded for any JSON; of unknown values only a fingerprint is stored.
 */

import { isRecord } from "../../base/json/value.ts";
import type { WritableName } from "../../model/cloud-model.ts";
import { isComponentName, isWritableName, readOnlyProperties } from "../../model/cloud-model.ts";
import { isPlainName, maxUnknownNames, type TwinShadow } from "./shadow.ts";
import { fingerprint, membersOf } from "./values.ts";

export interface Desired {
  readonly version: number;
  /** Without deleted ones. */
  readonly values: ReadonlyMap<WritableName, unknown>;
  readonly unknownProperties: {
    readonly seen: string;
    readonly names: readonly string[];
    readonly count: number;
  };
}

export const isVersion = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0;

/** @param document `{desired: {…, $version}, reported}` @returns `undefined` without a `$version` */
export function readDesired(document: unknown): Desired | undefined {
  const desired = isRecord(document) ? document["desired"] : undefined;
  if (!isRecord(desired) || !isVersion(desired["$version"])) return undefined;
  const values = new Map<WritableName, unknown>();
  const unknownProperties: (readonly [string, unknown])[] = [];
  for (const [name, value] of membersOf(desired)) {
    if (isWritableName(name)) values.set(name, value);
    else unknownProperties.push([name, value]);
  }
  const names = unknownProperties.map(([name]) => name);
  return {
    version: desired["$version"],
    values,
    unknownProperties: {
      seen: names.length === 0 ? "" : fingerprint(Object.fromEntries(unknownProperties)),
      names: names.filter(mayAnswer).slice(0, maxUnknownNames),
      count: names.length,
    },
  };
}

/** Names of read-only properties are reported already and must not be acknowledged. */
const mayAnswer = (name: string): boolean =>
  isPlainName(name) && !Object.hasOwn(readOnlyProperties, name) && !isComponentName(name);

/** Whether `value` is the desired value of `name` in the shadow, and nobody has set it again since. */
export function isSeen(shadow: TwinShadow, name: WritableName, value: unknown): boolean {
  if (shadow.changedInPart?.includes(name)) return false;
  const seen = shadow.properties[name]?.seen;
  return value === undefined ? seen === undefined : seen === fingerprint(value);
}
