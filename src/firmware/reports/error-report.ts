/**
 * Folder reports/: error reports and remote logs, for people who were not present when something failed.
 *
 * An error report: one crash, unclean end, intervention of the guardian or fault, with the events just before
 * it.
 *
 * Guarantee: limited in size; made only of log lines, which contain no secret, and still scrubbed of secrets;
 * a crash is reported with the error's message and stack trace, but no memory contents.
 */
import { scrub } from "../../azure/credentials/secret.ts";
import { type Clock, isTrustedWallTime } from "../../base/clock.ts";
import type { LogFields, LogLevel } from "../../base/log.ts";
import { read, type Schema } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import { integer, number, oneOf, string } from "../../base/schema/values.ts";
import { reportKinds } from "../../model/error-reports.ts";

export type ReportKind = (typeof reportKinds)[number];

/** An event that was logged before the reported one. */
export interface EarlierEvent {
  /** Since the machine's start, in ms. */
  readonly upMs: number;
  readonly level: LogLevel;
  readonly event: string;
  /** Its fields as text. */
  readonly text: string;
}

export interface ErrorReport {
  readonly kind: ReportKind;
  /** A fault's code, otherwise the name of the log event. */
  readonly code: string;
  readonly detail: string;
  readonly firmware: string;
  /** Uptime of the process that wrote the report. */
  readonly uptimeSeconds: number;
  /** The boot in which it happened, the time since that boot, and what the wall clock showed. */
  readonly boot: string;
  readonly upMs: number;
  readonly wallMs: number;
  /** Number of reports of the same kind and code since the last written one, which were not written. */
  readonly heldBack: number;
  /** Oldest first. */
  readonly events: readonly EarlierEvent[];
}

/** The log events that make a report, and its kind. */
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
  "seal-damaged": "fault",
};

export const kindOf = (event: string): ReportKind | undefined =>
  Object.hasOwn(kindOfEvent, event) ? kindOfEvent[event] : undefined;

/** @returns whether the clock was plausible when it happened */
export const clockWasTrusted = ({ wallMs }: Pick<ErrorReport, "wallMs">): boolean =>
  isTrustedWallTime(wallMs);

/** Fields as text: `cause=EROFS attempt=2`. */
export const fieldsText = (fields: LogFields, maxLength: number): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${scrub(String(value)).replaceAll(/\s+/g, " ")}`)
    .join(" ")
    .slice(0, maxLength);

/** Identifies a boot of the machine, and says when in it the process's clock started. */
export interface Boot {
  readonly id: string;
  readonly clockZeroMs: number;
}

export const upTime = (clock: Pick<Clock, "now">, { clockZeroMs }: Boot): number =>
  Math.round(clock.now() + clockZeroMs);

/** With its checksum, a report fits into one block of a common file system. */
export const maxReportBytes = 4000;

/** The report as JSON; if it is too large, the oldest events are left out. */
export function encodeReport(report: ErrorReport): string {
  for (let from = 0; ; from += 1) {
    const text = JSON.stringify({ ...report, events: report.events.slice(from) });
    if (Buffer.byteLength(text) <= maxReportBytes || from >= report.events.length) return text;
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

/** @returns `undefined` if the document is not a report */
export const decodeReport = (document: unknown): ErrorReport | undefined => read(stored, document);
