/**
 * `report`: shows the error reports of this device: crashes, unclean ends, interventions of the guardian,
 * faults.
 *
 * Guarantee: only reads; works whether or not the firmware runs.
 */
import { isoTime } from "../../base/iso-time.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { clockWasTrusted } from "../../firmware/reports/error-report.ts";
import { type KeptReport, ReportStore, reportsFolder } from "../../firmware/reports/report-store.ts";
import { durableSystemFiles } from "../../firmware/storage/durable-files.ts";
import { readContext } from "../line/context.ts";
import { print } from "../line/print.ts";
import { sharedFlags, type Verb } from "../line/verb.ts";

const { data, json } = sharedFlags;

export const verb: Verb = {
  name: "report",
  summary: "Show the error reports of this device",
  usage: "report [NUMBER] [FLAGS]",
  subverbs: "any",
  flags: { data, json },
  notes: `
The newest is last. With a number it shows that report and the log events before it. Reports are kept for 14 days, at
most 1,000; they are sent to the cloud, or to the local hub, when there is a link. "?" marks a time of a wrong clock.`,
  async run(args) {
    const store = new ReportStore(
      reportsFolder(readContext(args).data.path),
      durableSystemFiles,
      systemClock,
    );
    const reports = await store.list();
    const [word] = args.words;
    if (word !== undefined) {
      const found = reports.find(({ number }) => String(number) === word);
      if (found === undefined) {
        throw new StartupError(exitCodes.usage, `There is no report ${word}.`, "See: grove-heater report");
      }
      return print(args.has("json") ? JSON.stringify(asJson(found), null, 2) : details(found));
    }
    if (args.has("json")) return print(JSON.stringify(reports.map(asJson), null, 2));
    return print(reports.length === 0 ? "There are no error reports." : reports.map(line).join("\n"));
  },
};

function asJson({ number, sent, atMs, report }: KeptReport): object {
  const { upMs, boot, wallMs: _, events, ...rest } = report;
  const at = atMs === undefined ? null : isoTime(atMs);
  return { number, at, clockTrusted: clockWasTrusted(report), sent, ...rest, boot, upMs, events };
}

const timeText = ({ atMs, report }: KeptReport): string =>
  atMs === undefined
    ? "at an unknown time"
    : `${isoTime(atMs).slice(0, 19)}Z${clockWasTrusted(report) ? "" : "?"}`;

function line(kept: KeptReport): string {
  const { kind, code, firmware, detail } = kept.report;
  const sent = kept.sent ? "" : "  (not sent yet)";
  return `${kept.number}  ${timeText(kept)}  ${kind}  ${code}  ${firmware}  ${detail.slice(0, 80)}${sent}`;
}

function details(kept: KeptReport): string {
  const { report, sent } = kept;
  const before = (upMs: number) => `-${((report.upMs - upMs) / 1000).toFixed(1)} s`.padStart(12);
  return [
    `Report ${kept.number}: ${report.kind}, ${report.code}`,
    `  when      ${timeText(kept)}`,
    `  firmware  ${report.firmware}, uptime ${report.uptimeSeconds} s`,
    `  detail    ${report.detail}`,
    ...(report.heldBack > 0 ? [`  and ${report.heldBack} earlier ones of this kind, not kept`] : []),
    `  sent      ${sent ? "yes" : "not yet"}`,
    "  before",
    ...report.events.map(
      ({ upMs, level, event, text }) => `${before(upMs)}  ${level.padEnd(5)} ${event} ${text}`,
    ),
  ].join("\n");
}
