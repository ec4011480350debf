/**
 * The updater's state that survives a power cut: the image that it installed and its assignment, the reports that the
 * owner has not received, and the result of each source's last assignment. Pure.
 */
import type { Infer } from "../../base/schema/schema.ts";
import { byKind, list, object } from "../../base/schema/structures.ts";
import { nullable, oneOf, string, withDefault } from "../../base/schema/values.ts";
import type { SlotsState } from "../slots/slots.ts";
import type { Assignment } from "../source.ts";
import type { FinalReport, SourceKind } from "./ports.ts";

const source = oneOf(["feed", "hawkbit"]);
const id = string(undefined, 256);
const digest = string({ pattern: /^[0-9a-f]{64}$/, expected: "a SHA-256" });
const text = string(undefined, 1000);
const version = nullable(string(undefined, 512));
const finalReport = byKind("kind", {
  confirmed: object({}),
  reverted: object({ reason: text }),
  refused: object({ code: string(undefined, 64), reason: text }),
  kept: object({}),
  canceled: object({}),
});
const doneWith = object({
  id,
  version,
  result: oneOf(["confirmed", "reverted", "refused", "kept", "canceled"]),
  code: string(undefined, 64),
  reason: text,
  digest: nullable(digest),
  /** `UpdaterOptions.unit` at the time of the refusal. Absent from older records. */
  unit: withDefault(string(undefined, 64), ""),
});

/** Reports kept for an unreachable server; beyond this number the oldest is dropped. */
const maxUnreported = 16;

export const updateRecord = object({
  /** The image installed in a slot, and its assignment, whose result is not known yet. */
  current: nullable(object({ source, id, version, digest })),
  unreported: list(object({ source, id, report: finalReport, digest: nullable(digest) }), maxUnreported),
  done: object({ feed: nullable(doneWith), hawkbit: nullable(doneWith) }),
  /** The source of the newest of `done`. */
  last: nullable(source),
});
export type UpdateRecord = Infer<typeof updateRecord>;
export type Current = NonNullable<UpdateRecord["current"]>;
export type Unreported = UpdateRecord["unreported"][number];
export type Done = Infer<typeof doneWith>;

export const noRecord: UpdateRecord = {
  current: null,
  unreported: [],
  done: { feed: null, hawkbit: null },
  last: null,
};

export const installedFor = (record: UpdateRecord, current: Current): UpdateRecord => ({
  ...record,
  current,
});

/** The record after the end of an assignment, whose report is to be sent. */
export function finished(
  record: UpdateRecord,
  assignment: { readonly source: SourceKind; readonly id: string; readonly version: string | null },
  given: FinalReport,
  unit: string,
): UpdateRecord {
  const report = shortened(given);
  const { current } = record;
  const isCurrent = current !== null && isSameAssignment(current, assignment);
  const installedDigest = isCurrent ? current.digest : null;
  const others = record.unreported.filter((each) => !isSameAssignment(each, assignment));
  const done: Done = {
    id: assignment.id,
    version: assignment.version,
    result: report.kind,
    code: "code" in report ? report.code : "",
    reason: "reason" in report ? report.reason : "",
    digest: installedDigest,
    unit,
  };
  return {
    current: isCurrent ? null : current,
    unreported: [
      ...others,
      { source: assignment.source, id: assignment.id, report, digest: installedDigest },
    ].slice(-maxUnreported),
    done: { ...record.done, [assignment.source]: done },
    last: assignment.source,
  };
}

/** The record after the owner's system has received a report. */
export const markReported = (
  record: UpdateRecord,
  { source, id }: Pick<Unreported, "source" | "id">,
): UpdateRecord => ({
  ...record,
  unreported: record.unreported.filter((each) => !isSameAssignment(each, { source, id })),
});

/** The record after the assignment of the installed image has gone, so that nobody expects a report. */
export const dropped = (record: UpdateRecord): UpdateRecord => ({ ...record, current: null });

interface AssignmentKey {
  readonly source: SourceKind;
  readonly id: string;
}

/** Ids are unique within a source only. */
export const isSameAssignment = (a: AssignmentKey, b: AssignmentKey): boolean =>
  a.source === b.source && a.id === b.id;

/** Whether an assignment needs no further work. A unit that reverted a confirmed image installs it again. */
export function isDone(
  { done: all, unreported }: UpdateRecord,
  assignment: { readonly source: SourceKind } & Pick<Assignment, "id" | "install">,
  { slots, active }: SlotsState,
  unit: string,
): boolean {
  const done = all[assignment.source];
  if (done?.id !== assignment.id) return false;
  switch (done.result) {
    case "canceled":
      return false;
    case "kept":
      return assignment.install === "never";
    case "refused":
      // The owner must receive one final report before the next attempt.
      return done.unit === unit || unreported.some((each) => isSameAssignment(each, assignment));
    case "reverted":
      return true;
    case "confirmed":
      return done.digest === null || (active !== null && slots[active]?.digest === done.digest);
  }
}

function shortened(report: FinalReport): FinalReport {
  const cut = (given: string) => given.slice(0, 1000);
  if (report.kind === "reverted") return { ...report, reason: cut(report.reason) };
  if (report.kind !== "refused") return report;
  return { ...report, code: report.code.slice(0, 64), reason: cut(report.reason) };
}

export type SlotStatus =
  | { readonly kind: "installed" }
  | { readonly kind: "on-trial" }
  | { readonly kind: "over"; readonly report: FinalReport }
  /** In no slot: never completely installed, or overwritten. */
  | { readonly kind: "lost" };

/** The status of an image in the slots. */
export function slotStatusOf(
  image: string,
  { slots, trial, outcome, active, failed }: SlotsState,
): SlotStatus {
  if (trial && slots[trial.slot]?.digest === image) return { kind: "on-trial" };
  if (outcome?.image.digest === image) {
    const { result, reason } = outcome;
    return { kind: "over", report: result === "confirmed" ? { kind: result } : { kind: result, reason } };
  }
  if (failed.includes(image))
    return { kind: "over", report: { kind: "reverted", reason: "it did not prove its health" } };
  if (active !== null && slots[active]?.digest === image)
    return { kind: "over", report: { kind: "confirmed" } };
  const isThere = slots.a?.digest === image || slots.b?.digest === image;
  return isThere ? { kind: "installed" } : { kind: "lost" };
}
