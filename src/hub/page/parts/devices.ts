/** The table of devices: searched by name, state and fault, filtered, sorted; a row shows its device. */
import { h, KeyedList, type Part, setAttribute, setHidden, setText } from "../dom.ts";
import { icon } from "../icons.ts";
import {
  type DeviceColumn,
  type DeviceFilter,
  type DeviceQuery,
  type DeviceRow,
  deviceColumns,
  deviceFilters,
  deviceList,
  firstQuery,
} from "../model/devices.ts";
import type { Context, View } from "./context.ts";

interface Item extends DeviceRow {
  readonly shown: boolean;
}

const entriesOf = <K extends string>(words: Readonly<Record<K, string>>) =>
  Object.entries(words) as (readonly [string, string])[] as (readonly [K, string])[];

/** There the device is the page, and the list is in its way. */
const isNarrow = (): boolean => matchMedia("(max-width: 640px)").matches;

function makeRow(id: string, choose: (id: string) => void): Part<Item> {
  const dot = h("span", { class: "dot", "aria-hidden": "true" });
  const state = h("span", {});
  const note = h("span", { class: "firmware-note" });
  const button = h(
    "button",
    { type: "button", class: "small", on: { click: () => choose(id) } },
    h("span", { class: "device-name" }, id),
  );
  const cells = (["faults", "room", "setPoint", "heater", "edits"] as const).map((column) => ({
    column,
    cell: h("td", { "data-column": deviceColumns[column] }),
  }));
  const root = h(
    "tr",
    { "data-device": id },
    h("th", { scope: "row" }, button),
    h("td", { class: "device-state", "data-column": deviceColumns.state }, dot, state, note),
    ...cells.map(({ cell }) => cell),
  );
  return {
    root,
    update(row) {
      setAttribute(button, "aria-current", row.shown ? "true" : undefined);
      setAttribute(dot, "data-tone", row.state.tone);
      setText(state, row.state.value);
      setText(note, row.state.note);
      setAttribute(root, "data-away", row.isAway);
      setAttribute(root, "data-faulty", row.faults !== "");
      for (const { column, cell } of cells) {
        setText(cell, row[column] || "–");
        setAttribute(cell, "data-empty", row[column] === "");
      }
    },
  };
}

function makeFilters(choose: (filter: DeviceFilter) => void) {
  const radios = entriesOf(deviceFilters).map(([filter, label]) => {
    const input = h("input", { type: "radio", name: "device-filter", on: { change: () => choose(filter) } });
    const count = h("small", {});
    return { filter, input, count, root: h("label", {}, input, h("span", {}, label, " ", count)) };
  });
  return {
    root: h(
      "div",
      { class: "segments small", role: "radiogroup", "aria-label": "Which devices" },
      ...radios.map(({ root }) => root),
    ),
    update(chosen: DeviceFilter, counts: Readonly<Record<DeviceFilter, number>>) {
      for (const { filter, input, count, root } of radios) {
        input.checked = filter === chosen;
        setText(count, String(counts[filter]));
        setHidden(root, counts[filter] === 0 && filter !== "all" && filter !== chosen);
      }
    },
  };
}

function makeHead(sortBy: (column: DeviceColumn) => void) {
  const heads = entriesOf(deviceColumns).map(([column, label]) => ({
    column,
    root: h(
      "th",
      { scope: "col" },
      h("button", { type: "button", class: "sort", on: { click: () => sortBy(column) } }, label),
    ),
  }));
  return {
    root: h("thead", {}, h("tr", {}, ...heads.map(({ root }) => root))),
    update({ sort, descending }: DeviceQuery) {
      for (const { column, root } of heads)
        setAttribute(
          root,
          "aria-sort",
          column === sort ? (descending ? "descending" : "ascending") : undefined,
        );
    },
  };
}

export function makeDevices(context: Context): Part<View> {
  let query = firstQuery;
  let last: View | undefined;
  const ask = (change: Partial<DeviceQuery>) => {
    query = { ...query, ...change };
    if (last !== undefined) update(last);
  };
  const choose = (deviceId: string) => {
    context.dispatch({ type: "show", deviceId });
    if (isNarrow()) details.open = false;
  };
  const search = h("input", {
    type: "search",
    class: "device-search",
    placeholder: "Name, state or fault…",
    "aria-label": "Find a device by name, state or fault",
    on: { input: () => ask({ search: search.value }) },
  });
  const filters = makeFilters((filter) => ask({ filter }));
  const head = makeHead((sort) => ask({ sort, descending: sort === query.sort ? !query.descending : false }));
  const body = h("tbody", {});
  const rows = new KeyedList<Item>(
    body,
    ({ id }) => id,
    ({ id }) => makeRow(id, choose),
  );
  const scroll = h(
    "div",
    { class: "list-scroll", tabindex: 0, role: "group", "aria-label": "Table of devices" },
    h("table", { class: "list-table", "aria-label": "Devices" }, head.root, body),
  );
  const nothing = h("p", { class: "empty", role: "status" });
  const reset = h(
    "button",
    {
      type: "button",
      class: "small",
      on: {
        click: () => {
          search.value = "";
          search.focus();
          ask({ search: "", filter: "all" });
        },
      },
    },
    "Show all devices",
  );
  const summary = h("span", { class: "hint" });
  const details = h(
    "details",
    { class: "card list", open: !isNarrow() },
    h("summary", {}, icon("hub"), h("strong", {}, "Devices"), summary),
    h("div", { class: "list-tools" }, search, filters.root),
    scroll,
    h("div", { class: "list-nothing" }, nothing, reset),
  );
  const root = h("nav", { class: "devices", "aria-label": "Devices" }, details);
  const update = (view: View) => {
    last = view;
    const { devices, shown, hub } = view.state;
    // One alone is shown anyway.
    setHidden(root, devices.length < 2 || hub?.kind === "device");
    const list = deviceList(devices, query, view.nowMs);
    setText(summary, list.summary);
    filters.update(query.filter, list.counts);
    head.update(query);
    rows.update(list.rows.map((row) => ({ ...row, shown: row.id === shown })));
    setText(nothing, list.nothing);
    setHidden(scroll, list.rows.length === 0);
    setHidden(reset, list.rows.length > 0);
  };
  return { root, update };
}
