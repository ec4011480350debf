/** Below the history: how long the heater was on each day, with its energy, and the rows as a file. */
import type { DayRow } from "../../../page-server/api-history.ts";
import { api } from "../../api.ts";
import { h, type Part, setAttribute, setHidden, setText } from "../../dom.ts";
import { dayText } from "../../model/text/times.ts";
import { numberText, temperatureText } from "../../model/text/words.ts";
import type { Context, View } from "../context.ts";

export interface Days extends Part<View> {
  /** The plot shows so many minutes. */
  showSpan(minutes: number): void;
}

const dayMinutes = 24 * 60;
/** A day's row grows while somebody watches. */
const renewEveryMs = 5 * 60_000;

/** Rows of the file: no more than a person wants of a long time. */
const everyFor = (minutes: number): string => (minutes <= 30 * dayMinutes ? "minute" : "hour");

const cells = (row: DayRow): readonly string[] => [
  row.temperature === null ? "—" : temperatureText(row.temperature),
  `${numberText(row.heaterSeconds / 3600, "h")} h`,
  row.seconds === 0 ? "—" : `${Math.round((row.heaterSeconds / row.seconds) * 100)} %`,
  row.kWh === null ? "—" : `${row.kWh.toFixed(2)} kWh`,
];

function sumOf(rows: readonly DayRow[]): string {
  const hours = rows.reduce((sum, row) => sum + row.heaterSeconds, 0) / 3600;
  const energies = rows.flatMap(({ kWh }) => kWh ?? []);
  const energy = energies.reduce((sum, kWh) => sum + kWh, 0);
  const hint =
    energies.length === 0 ? " Name the heater’s power in the setting heaterPower for its energy." : "";
  const total = energies.length === 0 ? "" : `, ${energy.toFixed(2)} kWh`;
  return `In ${rows.length} ${rows.length === 1 ? "day" : "days"}: heater on for ${numberText(hours, "h")} h${total}.${hint}`;
}

export function makeDays(context: Context): Days {
  let id = "";
  let minutes = dayMinutes;
  let asked = "";
  let askedAt = 0;
  let last: View | undefined;
  const rows = h("tbody", {});
  const head = ["Day", "Room", "Heater on", "Share", "Energy"].map((name) => h("th", { scope: "col" }, name));
  const table = h(
    "table",
    { class: "days-table" },
    h("caption", { class: "spoken" }, "Heating by the day"),
    h("thead", {}, h("tr", {}, ...head)),
    rows,
  );
  const sum = h("p", { class: "hint", role: "status" });
  const file = h("a", { class: "button small", download: "history.csv" }, "Download CSV");
  const details = h(
    "details",
    { on: { toggle: () => last !== undefined && update(last) } },
    h("summary", {}, "By the day"),
    h("div", { class: "days-scroll", tabindex: 0, role: "group", "aria-label": "Heating by the day" }, table),
    sum,
  );
  const root = h("div", { class: "days" }, details, file);

  const fetchDays = async (deviceId: string, sinceMs: number) => {
    const answer = await context.expect(api.days(deviceId, sinceMs));
    if (answer === undefined || deviceId !== id) return;
    rows.replaceChildren(
      ...answer
        .toReversed()
        .map((row) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, dayText(row.atMs)),
            ...cells(row).map((text) => h("td", {}, text)),
          ),
        ),
    );
    setHidden(table, answer.length === 0);
    setText(sum, answer.length === 0 ? "Nothing is recorded in this time." : sumOf(answer));
  };
  const update = (view: View) => {
    last = view;
    const { detail } = view.state;
    if (detail === undefined) return;
    id = detail.id;
    const sinceMs = view.nowMs - minutes * 60_000;
    // To the minute: an address that changes at each frame would lose a click.
    const since = Math.floor(sinceMs / 60_000) * 60_000;
    const path = `/api/devices/${encodeURIComponent(id)}/history.csv`;
    setAttribute(file, "href", `${path}?sinceMs=${since}&every=${everyFor(minutes)}`);
    const wanted = `${id} ${minutes}`;
    if (!details.open || (wanted === asked && view.nowMs - askedAt < renewEveryMs)) return;
    [asked, askedAt] = [wanted, view.nowMs];
    void fetchDays(id, sinceMs);
  };
  return {
    root,
    update,
    showSpan(chosen) {
      minutes = chosen;
      if (last !== undefined) update(last);
    },
  };
}
