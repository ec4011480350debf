/** The roll-out over several devices: its sum, and a row for each when it is opened. */
import { h, KeyedList, type Part, setAttribute, setHidden, setText } from "../../dom.ts";
import { icon } from "../../icons.ts";
import { type RollOutRow, rollOut } from "../../model/roll-out.ts";
import type { Context, View } from "../context.ts";
import { makeStatusChip } from "./status-chip.ts";

function makeRow(id: string, context: Context): Part<RollOutRow> {
  const show = () => context.dispatch({ type: "show", deviceId: id });
  const button = h("button", { type: "button", class: "small", on: { click: show } }, id);
  const installed = h("span", { class: "firmware-value" });
  const [state, last] = [makeStatusChip(), makeStatusChip()];
  const [stateNote, lastNote] = [
    h("span", { class: "firmware-note" }),
    h("span", { class: "firmware-note" }),
  ];
  const root = h(
    "tr",
    { "data-unit": id },
    h("th", { scope: "row" }, button),
    h("td", { "data-column": "Installed" }, installed),
    h("td", { "data-column": "Update" }, state.root, stateNote),
    h("td", { "data-column": "Last update" }, last.root, lastNote),
  );
  return {
    root,
    update(row) {
      setText(installed, row.installed);
      state.update(row.state);
      last.update(row.last);
      setText(stateNote, row.state.detail);
      setText(lastNote, row.last.detail);
    },
  };
}

export function makeRollOut(context: Context): Part<View> {
  const sum = makeStatusChip();
  const body = h("tbody", {});
  const rows = new KeyedList<RollOutRow>(
    body,
    ({ id }) => id,
    ({ id }) => makeRow(id, context),
  );
  const heads = ["Device", "Installed", "Update", "Last update"].map((text) =>
    h("th", { scope: "col" }, text),
  );
  const table = h(
    "table",
    { class: "roll-out-table", "aria-label": "Firmware of all devices" },
    h("thead", {}, h("tr", {}, ...heads)),
    body,
  );
  const root = h(
    "details",
    { class: "card roll-out" },
    h("summary", {}, icon("firmware"), h("strong", {}, "Firmware roll-out"), sum.root),
    h("div", { class: "roll-out-scroll" }, table),
  );
  let last: View | undefined;
  const update = (view: View) => {
    last = view;
    const shown = rollOut(view.state.devices);
    setHidden(root, shown === undefined);
    if (shown === undefined) return;
    sum.update({ tone: shown.tone, word: shown.text, detail: "" });
    setAttribute(root, "data-tone", shown.tone);
    if (root.open) rows.update(shown.rows);
  };
  root.addEventListener("toggle", () => last !== undefined && update(last));
  return { root, update };
}
