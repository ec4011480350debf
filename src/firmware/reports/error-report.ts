/**
 * Folder reports/: what went wrong, kept for the one who was not there: error reports and remote logs.
 *
 * An error report: one crash, unclean end, act of the guardian or fault, with what happened just before.
 *
 * Guarantee: bounded in bytes; made of log lines alone, which hold no secret, and scrubbed all the same; of a crash the
 * error's words and the places in the program, nothing of its memory.
 */
import { scrub } from "../../azure/credentials/secret.ts";
import { type Clock, isTrustedWallTime } from "../../base/clock.ts";
import type { LogFields, LogLevel } from "../../base/log.ts";
import { read, type Schema } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import { integer, number, oneOf, string } from "../../base/schema/values.ts";
import { reportKinds } from "../../model/error-reports.ts";

export type ReportKind = (typeof reportKinds)[number];

/** Something that was logged before it happened. */
export interface EarlierEvent {
  /** Since the machine's start, in ms. */
  readonly upMs: number;
  readonly level: LogLevel;
  readonly event: string;
  /** Its fields in words. */
  readonly text: string;
}

export interface ErrorReport {
  readonly kind: ReportKind;
  /** Of a fault its code, else the name of the log's event. */
  readonly code: string;
  readonly detail: string;
  readonly firmware: string;
  /** Of the process that wrote it. */
  readonly uptimeSeconds: number;
  /** The running of the machine in which it happened, the time since its start, and the wall clock as it showed. */
  readonly boot: string;
  readonly upMs: number;
  readonly wallMs: number;
  /** Of the same kind and code that were not written, since the last one that was. */
  readonly heldBack: number;
  /** Oldest first. */
  readonly events: readonly EarlierEvent[];
}

/** What a log event is a report of; no others make one. */
const kindOfEvent: Readonly<Record<string, ReportKind>> = {
  crash: "crash",
  "cloud-crash": "crash",
  "guardian-failed": "crash",
  "unclean-end": "unclean-end",
  "loop-lost": "unclean-end",
  "cloud-process-lost": "unclean-end",
  "hub-lost": "unclean-end",
  "watcher-lost": "unclean-end",
  "loop-silent": "guardian",
  "cloud-process-silent": "guardian",
  "relay-not-forced-off": "guardian",
  "fault-raised": "fault",
};

export const kindOf = (event: string): ReportKind | undefined =>
  Object.hasOwn(kindOfEvent, event) ? kindOfEvent[event] : undefined;

/** @returns whether the clock was believable when it happened */
export const clockWasTrusted = ({ wallMs }: Pick<ErrorReport, "wallMs">): boolean =>
  isTrustedWallTime(wallMs);

/** Fields in words: `cause=EROFS attempt=2`. */
export const fieldsText = (fields: LogFields, longest: number): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${scrub(String(value)).replaceAll(/\s+/g, " ")}`)
    .join(" ")
    .slice(0, longest);

/** Which running of the machine this is, and when the process's clock began within it. */
export interface Boot {
  readonly id: string;
  readonly clockZeroMs: number;
}

export const upTime = (clock: Pick<Clock, "now">, { clockZeroMs }: Boot): number =>
  Math.round(clock.now() + clockZeroMs);

/** One file on a usual file system's block, with its checksum. */
export const largestReport = 4000;

/** The report in JSON; of too many or too long events the oldest are left out. */
export function encodeReport(report: ErrorReport): string {
  for (let from = 0; ; from += 1) {
    const text = JSON.stringify({ ...report, events: report.events.slice(from) });
    if (Buffer.byteLength(text) <= largestReport || from >= report.events.length) return text;
  }
}

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const stored: Schema<ErrorReport> = object({
  kind: oneOf(reportKinds),
  code: string(),
  detail: string(),
  firmware: string(),
  uptimeSeconds: number(0),
  boot: string(),
  upMs: number(),
  wallMs: number(),
  heldBack: integer(0),
  events: list(object({ upMs: number(), level: oneOf(levels), event: string(), text: string() }), 100),
});

/** @returns `undefined` for what is no report */
export const decodeReport = (document: unknown): ErrorReport | undefined => read(stored, document);
