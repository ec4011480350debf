/** The values of a device's own page: each with who set it, and what the device alone reports. */
import { writableNames } from "../../../model/cloud-model.ts";
import type { PropertyRow } from "../../page-server/api.ts";
import { h, KeyedList, type Part, setHidden, setText } from "../dom.ts";
import { sortedRows, statusView } from "../model/status.ts";
import { labelOf, valueText } from "../model/text/words.ts";
import type { View } from "./context.ts";

/** Shown above. */
const onTiles: readonly string[] = ["faults", "firmwareVersion", "board", "setPointFrom"];

function makeRow({ name }: PropertyRow): Part<PropertyRow> {
  const value = h("td", { "data-side": "Value" });
  const by = h("td", { "data-side": "Set by" });
  const head = h("th", { scope: "row" }, h("span", {}, labelOf(name)), h("code", {}, name));
  return {
    root: h("tr", { "data-property": name }, head, value, by),
    update(row) {
      const { word, detail } = statusView(row, true);
      setText(value, valueText(name, row.reported?.value));
      setText(by, row.ack === undefined ? "" : [word, detail].filter((part) => part !== "").join(" "));
    },
  };
}

export function makeValues(): Part<View> {
  const rows = h("tbody", {});
  const list = new KeyedList<PropertyRow>(rows, ({ name }) => name, makeRow);
  const columns = ["Property", "Value", "Set by"].map((name) => h("th", { scope: "col" }, name));
  const root = h(
    "section",
    { class: "card twin values", "aria-labelledby": "values-title" },
    h("h2", { id: "values-title" }, "Values"),
    h("table", { class: "twin-table" }, h("thead", {}, h("tr", {}, ...columns)), rows),
  );
  return {
    root,
    update({ state: { detail, hub } }) {
      setHidden(root, hub?.kind !== "device");
      if (detail === undefined || hub?.kind !== "device") return;
      const { shared, reported } = sortedRows(detail, writableNames);
      list.update([...shared, ...reported.filter(({ name }) => !onTiles.includes(name))]);
    },
  };
}
