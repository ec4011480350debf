/** The roll-out over several devices: its sum, the groups of the hub's feed, and a row for each device when it is opened. */
import type { RollOutGroup } from "../../../page-server/api-roll-outs.ts";
import { api } from "../../api.ts";
import { h, KeyedList, type Part, setAttribute, setHidden, setText } from "../../dom.ts";
import { icon } from "../../icons.ts";
import { type GroupRow, groupRows, type RollOutRow, rollOut } from "../../model/roll-out.ts";
import type { Context, View } from "../context.ts";
import { makeStatusChip } from "./status-chip.ts";

function makeRow(id: string, context: Context): Part<RollOutRow> {
  const show = () => context.dispatch({ type: "show", deviceId: id });
  const button = h("button", { type: "button", class: "small", on: { click: show } }, id);
  const installed = h("span", { class: "firmware-value" });
  const group = h("span", {});
  const [state, last] = [makeStatusChip(), makeStatusChip()];
  const [stateNote, lastNote] = [
    h("span", { class: "firmware-note" }),
    h("span", { class: "firmware-note" }),
  ];
  const root = h(
    "tr",
    { "data-unit": id },
    h("th", { scope: "row" }, button),
    h("td", { "data-column": "Group" }, group),
    h("td", { "data-column": "Installed" }, installed),
    h("td", { "data-column": "Update" }, state.root, stateNote),
    h("td", { "data-column": "Last update" }, last.root, lastNote),
  );
  return {
    root,
    update(row) {
      setText(installed, row.installed);
      setText(group, row.group);
      state.update(row.state);
      last.update(row.last);
      setText(stateNote, row.state.detail);
      setText(lastNote, row.last.detail);
    },
  };
}

function makeTable(label: string, heads: readonly string[], body: HTMLElement): HTMLElement {
  const cells = heads.map((text) => h("th", { scope: "col" }, text));
  const head = h("thead", {}, h("tr", {}, ...cells));
  return h("table", { class: "list-table", "aria-label": label }, head, body);
}

const actionWords = { stop: "Stop", resume: "Resume" } as const;

function makeGroupRow(name: string, context: Context): Part<GroupRow> {
  let action: GroupRow["action"] = "stop";
  const change = () => void context.expect(api.changeRollOut({ name, action }));
  const button = h("button", { type: "button", class: "small", on: { click: change } });
  const [version, share] = [h("span", { class: "firmware-value" }), h("span", {})];
  const status = makeStatusChip();
  const note = h("span", { class: "firmware-note" });
  const root = h(
    "tr",
    { "data-group": name },
    h("th", { scope: "row" }, name),
    h("td", { "data-column": "Version" }, version),
    h("td", { "data-column": "Share" }, share),
    h("td", { "data-column": "Status" }, status.root, note),
    h("td", { "data-column": "" }, button),
  );
  return {
    root,
    update(row) {
      action = row.action;
      setText(version, row.version);
      setText(share, row.share);
      status.update(row.status);
      setText(note, row.status.detail);
      setText(button, actionWords[action]);
      setAttribute(button, "aria-label", `${actionWords[action]} the roll-out to ${name}`);
    },
  };
}

/** The groups of the hub's feed; hidden without one. */
function makeGroups(context: Context): Part<readonly RollOutGroup[]> {
  const body = h("tbody", {});
  const rows = new KeyedList<GroupRow>(
    body,
    ({ name }) => name,
    ({ name }) => makeGroupRow(name, context),
  );
  const heads = ["Group", "Version", "Share", "Status", ""];
  const root = h(
    "div",
    { class: "list-scroll" },
    makeTable("Roll-out of the hub's feed, by group", heads, body),
  );
  return {
    root,
    update(groups) {
      setHidden(root, groups.length === 0);
      rows.update(groupRows(groups));
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
  const heads = ["Device", "Group", "Installed", "Update", "Last update"];
  const table = makeTable("Firmware of all devices", heads, body);
  const groups = makeGroups(context);
  const root = h(
    "details",
    { class: "card list roll-out" },
    h("summary", {}, icon("firmware"), h("strong", {}, "Firmware roll-out"), sum.root),
    groups.root,
    h("div", { class: "list-scroll" }, table),
  );
  let last: View | undefined;
  const update = (view: View) => {
    last = view;
    const { devices, rollOuts } = view.state;
    const shown = rollOut(devices, rollOuts);
    setHidden(root, shown === undefined);
    if (shown === undefined) return;
    sum.update({ tone: shown.tone, word: shown.text, detail: "" });
    setAttribute(root, "data-tone", shown.tone);
    if (!root.open) return;
    groups.update(rollOuts);
    rows.update(shown.rows);
  };
  root.addEventListener("toggle", () => last !== undefined && update(last));
  return { root, update };
}
