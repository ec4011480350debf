/**
 * Folder twin/: reconciles the device with its twin (RR-1 to RR-9).
 *
 * Pure functions; the caller proceeds as follows:
 *
 *     connected            link = startLink; get the twin
 *     twin received        takeDocument(link, inForce, document)
 *     patch received       takePatch(link, inForce, patch, version)
 *     after either, and    nextReport(link, inForce, sections): send `report` if there is one, then
 *     whenever anything    afterReport(link, report, "ok" | "failed"), then nextReport again
 *     changed
 *
 * The caller stores the returned `link`; passes all `requests` of an outcome to the core in ONE step (then values and
 * shadow are stored in one write); requests the twin again on `getAgain`, after a growing pause; logs `decisions` and
 * `problem`; and always uses the current `inForce`. It reports nothing before it is stored on the disk (unless the disk
 * has failed): otherwise, after a power cut, the hub could have a state that the device has lost (RR-9).
 *
 * Guarantees: nothing here throws for any message; repeated messages have no effect; a value older than the last
 * reconciliation is never applied.
 */

import { isRecord } from "../../base/json/value.ts";
import type { WritableName } from "../../model/properties.ts";
import { isWritableName, writableNames, writableSpec } from "../../model/properties.ts";
import { sideOf } from "../../model/sources.ts";
import type { Request } from "../input.ts";
import { isReported } from "./acknowledge.ts";
import { type Desired, isSeen, isVersion, readDesired } from "./desired.ts";
import type { InForce } from "./in-force.ts";
import type { TwinLink } from "./reported.ts";
import type { Decision, Resolution, ResolutionContext } from "./resolve.ts";
import { isValidNow, resolve } from "./resolve.ts";
import type { ShadowProperty, TwinShadow } from "./shadow.ts";
import { membersOf, sameInHub } from "./values.ts";

export { lastChange } from "./last-change.ts";
export type { ReportedSections, TwinLink } from "./reported.ts";
export { afterReport, nextReport, startLink } from "./reported.ts";
export type { Decision } from "./resolve.ts";

export interface TwinOutcome {
  readonly link: TwinLink;
  /** For the core, all in one step. */
  readonly requests: readonly Request[];
  readonly decisions: readonly Decision[];
  /** Request the whole twin again. */
  readonly getAgain: boolean;
  /** A problem with the message, for the log: a sentence without a full stop. */
  readonly problem?: string;
}

/** A fingerprint that no value has. */
const unseen = "?";

/**
 * Reconciles with the whole twin, received after connecting or after `getAgain`.
 * @param document `{desired: {…, $version}, reported: {…}}`; anything else is ignored
 */
export function takeDocument(link: TwinLink, inForce: InForce, document: unknown): TwinOutcome {
  const desired = readDesired(document);
  if (!desired || !isRecord(document)) {
    return { ...nothing(link), getAgain: true, problem: "the twin has no desired properties with a version" };
  }
  const { shadow } = inForce;
  // Either a patch has overtaken the answer, or the twin was deleted and created again, which counts from 1. Ask
  // again: without a patch meanwhile, the next answer cannot have been overtaken.
  const older = desired.version < shadow.version;
  const behind = `the twin's desired version ${desired.version} is behind ${shadow.version}`;
  if (older && !link.isOlder) {
    return { ...nothing({ ...link, isOlder: true }), getAgain: true, problem: `${behind}: requested again` };
  }
  const known = Object.fromEntries(membersOf(document["reported"]));
  const context: ResolutionContext = { inForce, known, version: desired.version };
  const resolved = resolveDocument(desired, older, context);
  const unreported = link.known === undefined ? unreportedChanges(resolved, context) : [];
  const next: TwinShadow = {
    version: desired.version,
    properties: propertiesOf(resolved),
    unknownProperties: unknownPropertiesOf(desired, shadow),
  };
  const unknown = next.unknownProperties.seen === shadow.unknownProperties.seen ? [] : reportUnknown(desired);
  return {
    link: { ...link, known, skippedVersion: 0, isOlder: false },
    requests: requestsOf(resolved, next, shadow),
    decisions: [...decisionsOf(resolved, shadow), ...unreported, ...unknown],
    getAgain: link.skippedVersion > desired.version,
    ...(older ? { problem: `${behind} twice in a row: it was created again and is accepted` } : {}),
  };
}

/**
 * Applies a desired patch.
 * @param version the patch's `$version`: an old one is dropped, after a gap the twin is requested again
 */
export function takePatch(link: TwinLink, inForce: InForce, patch: unknown, version: number): TwinOutcome {
  const { shadow } = inForce;
  if (!isVersion(version) || !isRecord(patch) || version <= shadow.version) return nothing(link);
  const { known } = link;
  // Before this connection's document the base of the patch is unknown.
  if (known === undefined)
    return nothing({ ...link, skippedVersion: Math.max(link.skippedVersion, version) });
  if (version > shadow.version + 1) {
    const problem = `desired version ${version} came after ${shadow.version}: the patches between are missing`;
    return {
      ...nothing({ ...link, skippedVersion: Math.max(link.skippedVersion, version) }),
      getAgain: true,
      problem,
    };
  }
  const context: ResolutionContext = { inForce, known, version };
  const resolved: Resolved = new Map(Object.entries(shadow.properties).map(asResolved));
  const changedInPart = new Set(shadow.changedInPart);
  let hasUnknown = false;
  let partial = false;
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith("$") || value === undefined) continue;
    partial ||= isRecord(value);
    if (!isWritableName(name)) hasUnknown = true;
    else if (isRecord(value) && isMerged(name)) {
      // A part of an object says nothing about the whole: the document does.
      changedInPart.add(name);
    } else {
      changedInPart.delete(name);
      resolved.set(name, resolve(name, value ?? undefined, false, context));
    }
  }
  const unknownProperties = hasUnknown
    ? { ...shadow.unknownProperties, seen: unseen }
    : shadow.unknownProperties;
  const next: TwinShadow = {
    version,
    properties: propertiesOf(resolved),
    ...(changedInPart.size > 0 && { changedInPart: [...changedInPart] }),
    unknownProperties,
  };
  return {
    // The twin was not created again, and an answer in flight may be older than this patch.
    link: { ...link, isOlder: false },
    requests: requestsOf(resolved, next, shadow),
    decisions: decisionsOf(resolved, shadow),
    // A patch may contain only a part of an object or of the unknown properties: get the document.
    getAgain: hasUnknown || partial,
  };
}

/** A patch may contain a part of its value. */
const isMerged = (name: WritableName): boolean => writableSpec(name).schema.kind === "week";

const nothing = (link: TwinLink): TwinOutcome => ({ link, requests: [], decisions: [], getAgain: false });

/** Properties with an entry in the next shadow. */
type Resolved = Map<WritableName, Resolution>;

const asResolved = ([name, property]: [string, ShadowProperty]): [WritableName, Resolution] => [
  name as WritableName,
  { property },
];

/** @param older the twin was created again: values missing in it were not deleted */
function resolveDocument(desired: Desired, older: boolean, context: ResolutionContext): Resolved {
  const { inForce } = context;
  const { shadow } = inForce;
  const wanted = (name: WritableName) => desired.values.get(name);
  const changed = writableNames.filter((name) => !isSeen(shadow, name, wanted(name)));
  const moved = desired.version !== shadow.version;
  const again =
    moved && changed.length === 0 && desired.unknownProperties.seen === shadow.unknownProperties.seen;
  const resolved: Resolved = new Map();
  for (const name of writableNames) {
    const value = wanted(name);
    const entry = shadow.properties[name];
    if (changed.includes(name)) {
      if (value !== undefined || !older) resolved.set(name, resolve(name, value, false, context));
    } else if (value !== undefined && again && sideOf(inForce.changes[name].source) === "device") {
      resolved.set(name, resolve(name, value, true, context));
    } else if (isValidNow(name, value, inForce)) {
      resolved.set(name, resolve(name, value, false, context));
    } else if (entry) {
      // Unchanged in the new version: the ruling applies to it too.
      const ruling = value === undefined ? entry.ruling : { ...entry.ruling, version: desired.version };
      resolved.set(name, { property: { ...entry, ruling } });
    }
  }
  return resolved;
}

const propertiesOf = (judged: Resolved): TwinShadow["properties"] =>
  Object.fromEntries([...judged].map(([name, { property }]) => [name, property]));

function requestsOf(judged: Resolved, next: TwinShadow, shadow: TwinShadow): Request[] {
  const requests = [...judged.values()].flatMap(({ request }) => request ?? []);
  if (requests.length === 0 && sameInHub(next, shadow)) return [];
  return [...requests, { kind: "store-shadow", shadow: next, source: "cloud" }];
}

/** Without rulings that the shadow contains already. */
const decisionsOf = (judged: Resolved, shadow: TwinShadow): Decision[] =>
  [...judged].flatMap(([name, { decision, request, property }]) => {
    const before = shadow.properties[name]?.ruling;
    const { kind, version } = property.ruling;
    const known = request === undefined && before?.kind === kind && before.version === version;
    return decision === undefined || known ? [] : [decision];
  });

/** RR-3: changes of the device that are not reported yet. */
function unreportedChanges(judged: Resolved, context: ResolutionContext): Decision[] {
  const { inForce, known, version } = context;
  return writableNames.flatMap((name): Decision[] => {
    const { source } = inForce.changes[name];
    if (judged.get(name)?.decision || sideOf(source) !== "device" || isReported(name, inForce, known))
      return [];
    const winner = { source, value: inForce.values[name] };
    return [{ rule: "RR-3", property: name, version, winner, reason: "only the device changed" }];
  });
}

function unknownPropertiesOf(desired: Desired, shadow: TwinShadow): TwinShadow["unknownProperties"] {
  const { seen, names } = desired.unknownProperties;
  if (seen === shadow.unknownProperties.seen && desired.version === shadow.version)
    return shadow.unknownProperties;
  return { seen, names, version: names.length === 0 ? 0 : desired.version };
}

function reportUnknown(desired: Desired): Decision[] {
  const { names, count } = desired.unknownProperties;
  if (count === 0) return [];
  const more = count > names.length ? ` (and ${count - names.length} more that are not acknowledged)` : "";
  const reason = `this device has no such writable property${more}`;
  return [{ rule: "RR-6", property: names.join(", "), version: desired.version, reason }];
}
