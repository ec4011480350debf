/**
 * `history`: what the device measured and did: the stored rows from its data folder, and the rows that are
 * not stored yet from the running device.
 *
 * Guarantee: only reads; works whether or not the firmware runs; one file of the history is in memory at a time.
 */
import { existsSync } from "node:fs";
import { errnoOf } from "../../base/errors.ts";
import { csvFormat, dayOf, type HistoryFormat } from "../../firmware/history/export.ts";
import { type HistoryRow, hourOf, joined, RowJoiner } from "../../firmware/history/row.ts";
import { historyFolder } from "../../firmware/history/segment.ts";
import { wholeHistory } from "../../firmware/history/whole-history.ts";
import { socketFileIn } from "../../firmware/local-socket/socket-file.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { noNetwork } from "../../firmware/process/guard-network.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { type DataFolder, describeDataFolder } from "../../firmware/storage/data-folder.ts";
import { settingsOrLastGood } from "../../firmware/storage/last-good.ts";
import { oneOf, readContext } from "../line/context.ts";
import { momentOf } from "../line/moment.ts";
import { otherDataFolder } from "../line/service-data.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";
import { jsonFormat, tableFormat } from "../output/history.ts";

const { data, settings, json } = sharedFlags;
const spans = ["minute", "hour", "day"] as const;
type Span = (typeof spans)[number];

export const verb: Verb = {
  name: "history",
  summary: "Show what was measured and heated, for up to two years",
  usage: "history [--from T] [--to T] [--every minute|hour|day] [FLAGS]",
  network: noNetwork,
  flags: {
    data,
    settings,
    from: { value: "T", doc: "a time ago (90min, 24h, 7d, 1y) or a date (2026-11-01T18:30); default: 24h" },
    to: { value: "T", doc: "likewise; default: now" },
    every: { value: "SPAN", doc: "one row per minute, hour (default) or day; minutes go back 30 days" },
    csv: { doc: "print CSV: °C, UTC" },
    json,
  },
  notes: `
Temperature, humidity and demand are means. "heater" is the time that the relay was on, in percent of the recorded time and in
hours; kWh follows from the setting heaterPower. Rows are missing where the device did not run. "?" marks a time of a wrong
clock. Reads the data folder, and a running device beside it; a power cut loses the last 90
minutes at most.`,
  async run(args) {
    const nowMs = systemClock.wallNow();
    const from = momentOf(args, "from", nowMs) ?? nowMs - 86_400_000;
    const to = momentOf(args, "to", nowMs) ?? Number.POSITIVE_INFINITY;
    const every = oneOf(args, "every", spans, "hour");
    if (from >= to)
      throw new StartupError(
        exitCodes.usage,
        "--from is not before --to.",
        "See: grove-heater history --help",
      );
    const folder = folderOf(args);
    const format = formatOf(args, folder, every);
    const isWanted = ({ atMs }: HistoryRow): boolean => atMs >= from && atMs < to;
    await show(rowsOf(folder, isWanted), format, every);
    return exitCodes.ok;
  },
};

/** The user's data folder, or the installed service's where the user's has no history. */
function folderOf(args: Arguments): DataFolder {
  const own = readContext(args).data;
  const isHere = existsSync(historyFolder(own.path)) || existsSync(socketFileIn(own.path));
  const service = isHere ? undefined : otherDataFolder(args, own.path);
  return service === undefined ? own : describeDataFolder(service);
}

function formatOf(args: Arguments, folder: DataFolder, every: Span): HistoryFormat {
  const named = args.value("settings");
  const file = { path: named ?? folder.settingsFile, named: named !== undefined };
  const { value } = settingsOrLastGood(file, folder);
  if (args.has("csv")) return csvFormat(value);
  return args.has("json") ? jsonFormat(value) : tableFormat(value, every === "day");
}

/** After the last row, warns of what could not be read. @throws StartupError */
async function* rowsOf(
  { path }: DataFolder,
  isWanted: (row: HistoryRow) => boolean,
): AsyncGenerator<HistoryRow> {
  const onSilent = (): void => warn("No running device answers here: its last 90 minutes may be missing.");
  const lost = { rows: 0, files: 0 };
  try {
    for await (const { rows, damaged, unreadable } of wholeHistory({ dataPath: path, onSilent })) {
      lost.rows += damaged;
      lost.files += unreadable ? 1 : 0;
      yield* rows.filter(isWanted);
    }
  } catch (error) {
    if (errnoOf(error) !== "EACCES" && errnoOf(error) !== "EPERM") throw error;
    throw new StartupError(
      exitCodes.unavailable,
      `The history in ${path} belongs to another user.`,
      "Run this command as that user, or with sudo (a service: sudo grove-heater …).",
      { cause: error },
    );
  }
  if (lost.rows + lost.files > 0)
    warn(`Left out: damaged rows ${lost.rows}, unreadable files ${lost.files}.`);
}

async function show(rows: AsyncIterable<HistoryRow>, format: HistoryFormat, every: Span): Promise<void> {
  const write = (text: string): void => void process.stdout.write(text);
  const joiner = new RowJoiner({ minute: (atMs: number) => atMs, hour: hourOf, day: dayOf }[every]);
  let sum: HistoryRow | undefined;
  write(format.head);
  for await (const row of rows) {
    sum = sum === undefined ? row : joined(sum, row);
    const done = joiner.add(row);
    if (done !== undefined) write(format.row(done));
  }
  const last = joiner.end();
  if (last !== undefined) write(format.row(last));
  write(format.end(sum));
  if (sum === undefined) warn("Nothing is recorded in this time.");
}

const warn = (text: string): void => void process.stderr.write(`${text}\n`);
