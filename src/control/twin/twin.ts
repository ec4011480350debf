/**
 * Folder twin/: reconciles the device with its twin (RR-1 to RR-9).
 *
 * The device twin's reconciliation (RR-1 to RR-9): pure, one message in, what to do out.
 *
 *     connected            link = startLink; get the twin
 *     the twin has come    takeDocument(link, inForce, document)
 *     a patch has come     takePatch(link, inForce, patch, version)
 *     after either, and    nextReport(link, inForce, sections): send `report` if there is one, then
 *     whenever anything    afterReport(link, report, "ok" | "failed"), then nextReport again
 *     changed
 *
 * The caller keeps the returned `link`; hands all `requests` of an outcome to the core in ONE step (then values and
 * shadow are stored in one write); gets the twin again when `getAgain` says so, after a pause that grows; logs
 * `decisions` and the `oddity`. `inForce` is always taken fresh from the core. It reports nothing that is yet to be
 * written to the disk (unless the disk has failed): else a power cut could leave a hub that knows more of the device than
 * the device (RR-9).
 *
 * Guarantees: nothing here throws, whatever the cloud sends; a message that says nothing new asks for nothing, so any may
 * come twice; a value older than what the device has reconciled is never applied.
 */

import { isRecord } from "../../base/json/value.ts";
import type { WritableName } from "../../model/properties.ts";
import { isWritableName, writableNames } from "../../model/properties.ts";
import { sideOf } from "../../model/sources.ts";
import type { Request } from "../input.ts";
import { isReported } from "./acknowledge.ts";
import { type Desired, isSeen, isVersion, readDesired } from "./desired.ts";
import type { InForce } from "./in-force.ts";
import type { TwinLink } from "./reported.ts";
import type { Decision, Resolution, ResolutionContext } from "./resolve.ts";
import { mayStandNoMore, resolve } from "./resolve.ts";
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
  /** Get the whole twin again. */
  readonly getAgain: boolean;
  /** What was wrong with the message, for the log: one sentence without a full stop. */
  readonly oddity?: string;
}

/** A fingerprint that no value has. */
const unseen = "?";

/**
 * The whole twin, got after connecting or when `getAgain` asked for it.
 * @param document `{desired: {…, $version}, reported: {…}}` as it came, anything else does nothing
 */
export function takeDocument(link: TwinLink, inForce: InForce, document: unknown): TwinOutcome {
  const desired = readDesired(document);
  if (!desired || !isRecord(document)) {
    return { ...nothing(link), getAgain: true, oddity: "the twin has no desired properties with a version" };
  }
  const { shadow } = inForce;
  // An answer may have been overtaken by a patch; a twin that was deleted and created again counts from 1. Ask
  // again: with no patch taken since, the next answer cannot have been overtaken.
  const older = desired.version < shadow.version;
  const behind = `the twin's desired version ${desired.version} is behind ${shadow.version}`;
  if (older && !link.doubted) {
    return { ...nothing({ ...link, doubted: true }), getAgain: true, oddity: `${behind}: asked again` };
  }
  const known = Object.fromEntries(membersOf(document["reported"]));
  const context: ResolutionContext = { inForce, known, version: desired.version };
  const judged = judgeDocument(desired, older, context);
  const fresh = link.known === undefined ? keptNews(judged, context) : [];
  const next: TwinShadow = {
    version: desired.version,
    properties: propertiesOf(judged),
    unknownProperties: unknownPropertiesOf(desired, shadow),
  };
  const strangers =
    next.unknownProperties.seen === shadow.unknownProperties.seen ? [] : reportUnknown(desired);
  return {
    link: { ...link, known, heard: 0, doubted: false },
    requests: requestsOf(judged, next, shadow),
    decisions: [...decisionsOf(judged, shadow), ...fresh, ...strangers],
    getAgain: link.heard > desired.version,
    ...(older ? { oddity: `${behind} twice in a row: it was created again, and is believed` } : {}),
  };
}

/**
 * A change of the desired document, pushed by the hub.
 * @param version the patch's `$version`: one that is not the next is dropped, or makes the caller get the twin again
 */
export function takePatch(link: TwinLink, inForce: InForce, patch: unknown, version: number): TwinOutcome {
  const { shadow } = inForce;
  if (!isVersion(version) || !isRecord(patch) || version <= shadow.version) return nothing(link);
  const { known } = link;
  // Until this connection's document is there, nobody knows what the patch builds on.
  if (known === undefined) return nothing({ ...link, heard: Math.max(link.heard, version) });
  if (version > shadow.version + 1) {
    const oddity = `desired version ${version} came after ${shadow.version}: what was between is lost`;
    return { ...nothing({ ...link, heard: Math.max(link.heard, version) }), getAgain: true, oddity };
  }
  const context: ResolutionContext = { inForce, known, version };
  const judged: Resolved = new Map(Object.entries(shadow.properties).map(asResolved));
  let strange = false;
  let partial = false;
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith("$") || value === undefined) continue;
    if (isWritableName(name)) judged.set(name, resolve(name, value ?? undefined, false, context));
    else strange = true;
    partial ||= isRecord(value);
  }
  const unknownProperties = strange
    ? { ...shadow.unknownProperties, seen: unseen }
    : shadow.unknownProperties;
  const next = { version, properties: propertiesOf(judged), unknownProperties };
  return {
    // The twin that the shadow knows lives on, and the answer under way may be older than this patch too.
    link: { ...link, doubted: false },
    requests: requestsOf(judged, next, shadow),
    decisions: decisionsOf(judged, shadow),
    // A patch shows a part: how an object, or all unknown properties, look now is for the document to say.
    getAgain: strange || partial,
  };
}

const nothing = (link: TwinLink): TwinOutcome => ({ link, requests: [], decisions: [], getAgain: false });

/** Properties with an entry in the shadow to come. */
type Resolved = Map<WritableName, Resolution>;

const asResolved = ([name, property]: [string, ShadowProperty]): [WritableName, Resolution] => [
  name as WritableName,
  { property },
];

/** @param older the document belongs to a twin that was created again: what is missing in it was not deleted */
function judgeDocument(desired: Desired, older: boolean, context: ResolutionContext): Resolved {
  const { inForce } = context;
  const { shadow } = inForce;
  const wanted = (name: WritableName) => desired.values.get(name);
  const changed = writableNames.filter((name) => !isSeen(shadow, name, wanted(name)));
  const moved = desired.version !== shadow.version;
  const again =
    moved && changed.length === 0 && desired.unknownProperties.seen === shadow.unknownProperties.seen;
  const judged: Resolved = new Map();
  for (const name of writableNames) {
    const value = wanted(name);
    const entry = shadow.properties[name];
    if (changed.includes(name)) {
      if (value !== undefined || !older) judged.set(name, resolve(name, value, false, context));
    } else if (value !== undefined && again && sideOf(inForce.changes[name].source) === "device") {
      judged.set(name, resolve(name, value, true, context));
    } else if (mayStandNoMore(name, value, inForce)) {
      judged.set(name, resolve(name, value, false, context));
    } else if (entry) {
      // The document moved on without this one: the ruling answers the new version too.
      const ruling = value === undefined ? entry.ruling : { ...entry.ruling, version: desired.version };
      judged.set(name, { property: { ...entry, ruling } });
    }
  }
  return judged;
}

const propertiesOf = (judged: Resolved): TwinShadow["properties"] =>
  Object.fromEntries([...judged].map(([name, { property }]) => [name, property]));

function requestsOf(judged: Resolved, next: TwinShadow, shadow: TwinShadow): Request[] {
  const requests = [...judged.values()].flatMap(({ request }) => request ?? []);
  if (requests.length === 0 && sameInHub(next, shadow)) return [];
  return [...requests, { kind: "keep-twin", shadow: next, source: "cloud" }];
}

/** A ruling that the shadow has already is no news. */
const decisionsOf = (judged: Resolved, shadow: TwinShadow): Decision[] =>
  [...judged].flatMap(([name, { decision, request, property }]) => {
    const before = shadow.properties[name]?.ruling;
    const { kind, version } = property.ruling;
    const known = request === undefined && before?.kind === kind && before.version === version;
    return decision === undefined || known ? [] : [decision];
  });

/** RR-3: what the device alone has changed and is yet to tell. */
function keptNews(judged: Resolved, context: ResolutionContext): Decision[] {
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
  const more = count > names.length ? ` (and ${count - names.length} under names that are not answered)` : "";
  const reason = `this device has no such writable property${more}`;
  return [{ rule: "RR-6", property: names.join(", "), version: desired.version, reason }];
}
