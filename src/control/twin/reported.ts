/**
 * One connection's view of the reported document: what the hub holds, what is on its way, what is to be said next.
 *
 * Guarantees: says nothing before it knows what the hub holds; one patch is under way at a time; what the hub holds
 * already is never said again, so nothing flaps (RR-8).
 */

import type { JsonRecord } from "../../base/json/value.ts";
import { mergePatch } from "../../base/json/value.ts";
import { acknowledgements, refusals } from "./acknowledge.ts";
import type { InForce } from "./in-force.ts";
import { patchTowards } from "./values.ts";

/** What one connection has learnt. Make a new one (`startLink`) for every connection. */
export interface TwinLink {
  /** The reported document as the hub holds it; `undefined` until a document has come. */
  readonly known: JsonRecord | undefined;
  /** The patch that waits for the hub's answer. */
  readonly inFlight: JsonRecord | undefined;
  /** Highest desired version heard of that no document has shown yet; 0: none. */
  readonly heard: number;
  /** The last document was older than the shadow: the next one is believed unless a patch is taken first. */
  readonly doubted: boolean;
}

export const startLink: TwinLink = { known: undefined, inFlight: undefined, heard: 0, doubted: false };

/**
 * What else is to be reported, by name: all of it, each time. `null`: the hub shall hold nothing. `undefined`: whatever
 * the hub holds may stay. Values that change often (counters) should be rounded to what is worth a message.
 */
export type ReportedSections = { readonly [name: string]: unknown };

/** What is to be reported in full. */
export const reportOf = (inForce: InForce, sections: ReportedSections): JsonRecord => ({
  ...refusals(inForce.shadow.unknownProperties),
  ...sections,
  ...acknowledgements(inForce),
});

/** @returns the patch to send now, if there is one, and the link that waits for its answer */
export function nextReport(
  link: TwinLink,
  inForce: InForce,
  sections: ReportedSections,
): { readonly link: TwinLink; readonly report: JsonRecord | undefined } {
  if (link.known === undefined || link.inFlight !== undefined) return { link, report: undefined };
  const report = patchTowards(link.known, reportOf(inForce, sections));
  return { link: { ...link, inFlight: report }, report };
}

/**
 * The hub has answered, or has not in time. After a failure nobody knows what the hub holds, and nothing is said until
 * the twin was got again (after a pause, which is the caller's).
 * @param report as `nextReport` gave it; one of an earlier connection changes nothing
 */
export function afterReport(
  link: TwinLink,
  report: JsonRecord,
  result: "ok" | "failed",
): { readonly link: TwinLink; readonly getAgain: boolean } {
  if (link.inFlight !== report) return { link, getAgain: false };
  const idle = { ...link, inFlight: undefined };
  if (result === "failed") return { link: { ...idle, known: undefined }, getAgain: true };
  // No document meanwhile, no knowledge: the one that is awaited tells.
  if (link.known === undefined) return { link: idle, getAgain: false };
  return { link: { ...idle, known: mergePatch(link.known, report) }, getAgain: false };
}
