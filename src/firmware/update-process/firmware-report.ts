/** The twin's component `firmware`: its schema, and its value from the slots and the updater. */
import type { Schema } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { number, oneOf } from "../../base/schema/values.ts";
import { type FirmwareReport, updateResults, updateStates } from "../../model/cloud-model.ts";
import { groupName, placeOf, shortDigest } from "../../update/feed/rollout.ts";
import type { SlotName, SlotsState } from "../../update/slots/slots.ts";
import type { LastResult, UpdaterStatus } from "../../update/updater/ports.ts";
import { truncated } from "../process/message-values.ts";

const maxReason = 512;
const version = truncated(64);

export const firmwareReport: Schema<FirmwareReport> = object({
  installed: version,
  program: oneOf(["a", "b", "factory"]),
  available: version,
  state: oneOf(updateStates),
  progress: number(0, 100),
  reason: truncated(maxReason),
  lastResult: oneOf(updateResults),
  lastVersion: version,
  lastReason: truncated(maxReason),
  slotA: version,
  slotB: version,
  group: truncated(96),
  place: number(0, 100),
  image: version,
  lastImage: version,
});

/** Which program runs, and which feed the unit follows. */
export interface Reporter {
  readonly version: string;
  readonly program: SlotName | "factory";
  /** `undefined`: it follows no feed. */
  readonly feed: { readonly channel: string; readonly group: string } | undefined;
  readonly unitId: string;
}

/** @param status `undefined`: no source of updates is configured */
export function reportOf(
  { version: installed, program, feed, unitId }: Reporter,
  { slots, trial, outcome }: SlotsState,
  status: UpdaterStatus | undefined,
): FirmwareReport {
  const onTrial = trial !== null && trial.slot === program;
  const assigned = status === undefined || status.state === "idle" ? "" : (status.version ?? "");
  const last = status?.last && { ...status.last, reason: reasonWithCode(status.last) };
  // An update that a person installed by hand has an outcome too.
  const ended =
    last ??
    (outcome && {
      result: outcome.result,
      version: outcome.image.version,
      image: outcome.image.digest,
      reason: outcome.reason,
    });
  return {
    // An image carries the version that its owner gave it.
    installed: (program !== "factory" && slots[program]?.version) || installed,
    program,
    available: assigned,
    state: onTrial ? "on-trial" : (status?.state ?? "idle"),
    progress: status?.percent ?? 0,
    reason: (status?.reason || problemOf(status)).slice(0, maxReason),
    lastResult: ended?.result ?? "none",
    lastVersion: ended?.version ?? "",
    lastReason: (ended?.reason ?? "").slice(0, maxReason),
    slotA: slots.a?.version ?? "",
    slotB: slots.b?.version ?? "",
    group: feed === undefined ? "" : groupName(feed.channel, feed.group),
    place: feed === undefined ? 0 : Math.floor(placeOf(unitId) * 10) / 10,
    image: shortDigest((program !== "factory" && slots[program]?.digest) || ""),
    lastImage: shortDigest(ended?.image ?? ""),
  };
}

/** Owners' systems look for the code, people read the reason. */
const reasonWithCode = ({ code, reason }: LastResult): string =>
  code === "" ? reason : `${code}: ${reason}`;

/** Why a source failed. */
function problemOf(status: UpdaterStatus | undefined): string {
  const problems = Object.entries(status?.sources ?? {}).flatMap(([kind, { problem }]) =>
    problem === null ? [] : [`${kind}: ${problem.reason}`],
  );
  return problems.join("; ");
}
