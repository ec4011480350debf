/**
 * The reported document during one connection: the hub's copy, the patch in flight, and the next patch.
 *
 * Guarantees: reports nothing before the hub's copy is known; one patch in flight at a time; values that the hub has are
 * never reported again, so nothing flaps (RR-8).
 */

import type { JsonRecord } from "../../base/json/value.ts";
import { mergePatch } from "../../base/json/value.ts";
import { acknowledgements, refusals } from "./acknowledge.ts";
import type { InForce } from "./in-force.ts";
import { mergePatchBetween } from "./values.ts";

/** The state of one connection. Use a new `startLink` for every connection. */
export interface TwinLink {
  /** The hub's reported document; `undefined` before the twin was received. */
  readonly known: JsonRecord | undefined;
  /** The patch waiting for the hub's answer. */
  readonly inFlight: JsonRecord | undefined;
  /** Highest desired version of a skipped patch that no document has contained yet; 0: none. */
  readonly skippedVersion: number;
  /** The last document was older than the shadow: the next one is accepted unless a patch is applied first. */
  readonly isOlder: boolean;
}

export const startLink: TwinLink = {
  known: undefined,
  inFlight: undefined,
  skippedVersion: 0,
  isOlder: false,
};

/**
 * Further sections to report, by name; always all of them. `null` deletes the hub's value, `undefined` leaves it. Round
 * values that change often (counters), to avoid messages.
 */
export type ReportedSections = { readonly [name: string]: unknown };

/** The complete reported document. */
export const reportOf = (inForce: InForce, sections: ReportedSections): JsonRecord => ({
  ...refusals(inForce.shadow.unknownProperties),
  ...sections,
  ...acknowledgements(inForce),
});

/** @returns the patch to send, if any, and the link that waits for its answer */
export function nextReport(
  link: TwinLink,
  inForce: InForce,
  sections: ReportedSections,
): { readonly link: TwinLink; readonly report: JsonRecord | undefined } {
  if (link.known === undefined || link.inFlight !== undefined) return { link, report: undefined };
  const report = mergePatchBetween(link.known, reportOf(inForce, sections));
  return { link: { ...link, inFlight: report }, report };
}

/**
 * Call it with the result of a report. After a failure the hub's state is unknown, and nothing is reported until the
 * caller has requested the twin again, after a pause.
 * @param report from `nextReport`; one of an earlier connection is ignored
 */
export function afterReport(
  link: TwinLink,
  report: JsonRecord,
  result: "ok" | "failed",
): { readonly link: TwinLink; readonly getAgain: boolean } {
  if (link.inFlight !== report) return { link, getAgain: false };
  const idle = { ...link, inFlight: undefined };
  if (result === "failed") return { link: { ...idle, known: undefined }, getAgain: true };
  // The hub's document is not known yet: wait for it.
  if (link.known === undefined) return { link: idle, getAgain: false };
  return { link: { ...idle, known: mergePatch(link.known, report) }, getAgain: false };
}
