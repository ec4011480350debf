/**
 * The desired document as the cloud wrote it, sorted into what this device knows and what it does not.
 *
 * Guarantee: total and bounded for any JSON; nothing of a stranger's value is kept but a fingerprint.
 */

import { isRecord } from "../../base/json/value.ts";
import type { WritableName } from "../../model/cloud-model.ts";
import { deviceInformation, isWritableName, readOnlyProperties } from "../../model/cloud-model.ts";
import { isPlainName, maxUnknownNames, type TwinShadow } from "./shadow.ts";
import { fingerprint, membersOf } from "./values.ts";

export interface Desired {
  readonly version: number;
  /** Deleted ones are not in it. */
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

/** What the device reports under these names is no answer to anybody. */
const mayAnswer = (name: string): boolean =>
  isPlainName(name) && !Object.hasOwn(readOnlyProperties, name) && name !== deviceInformation.name;

/** Whether `desired` holds for `name` what the shadow has seen. */
export function isSeen(shadow: TwinShadow, name: WritableName, value: unknown): boolean {
  const seen = shadow.properties[name]?.seen;
  return value === undefined ? seen === undefined : seen === fingerprint(value);
}
