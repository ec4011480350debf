/**
 * Folder twin/: the twin on the page: both sides, the controls, the reconnection.
 *
 * The twin: desired and reported side by side, and the status of each property.
 */
import { writableNames } from "../../../../model/cloud-model.ts";
import type { PropertyRow } from "../../../page-server/api.ts";
import { h, KeyedList, type Part, setAttribute, setHidden, setText } from "../../dom.ts";
import { icon, setIcon } from "../../icons.ts";
import { isReachable } from "../../model/cable.ts";
import type { IconName } from "../../model/icon-paths.ts";
import { ackText, desiredVersionText, sortedRows, statusView, type Tone } from "../../model/status.ts";
import { labelOf, valueText } from "../../model/text/words.ts";
import type { View } from "../context.ts";

/** Shown as tiles already. */
const onTiles: readonly string[] = ["faults", "firmwareVersion", "board", "swVersion", "model"];

interface Item {
  readonly row: PropertyRow;
  readonly reachable: boolean;
}

const pictures: Readonly<Record<Tone, IconName>> = {
  quiet: "device",
  pending: "clock",
  good: "check",
  bad: "cross",
  device: "device",
  cloud: "cloud",
};

function makeRow({ row: { name } }: Item): Part<Item> {
  const desired = h("span", { class: "twin-value" });
  const desiredVersion = h("span", { class: "twin-version" });
  const reported = h("span", { class: "twin-value" });
  const reportedVersion = h("span", { class: "twin-version" });
  const picture = icon("check");
  const word = h("span", { class: "chip-word" });
  const chip = h("span", { class: "chip" }, picture, word);
  const detail = h("span", { class: "twin-detail" });
  const root = h(
    "tr",
    { "data-property": name },
    h("th", { scope: "row" }, h("span", {}, labelOf(name)), h("code", {}, name)),
    h("td", { "data-side": "Desired" }, desired, desiredVersion),
    h("td", { "data-side": "Reported" }, reported, reportedVersion),
    h("td", { class: "twin-status" }, chip, detail),
  );
  return {
    root,
    update({ row, reachable }) {
      const view = statusView(row, reachable);
      setText(desired, valueText(name, row.desired?.value));
      setText(desiredVersion, desiredVersionText(row));
      setText(reported, valueText(name, row.reported?.value));
      setText(reportedVersion, ackText(row));
      setText(word, view.word);
      setText(detail, view.detail);
      setIcon(picture, pictures[view.tone]);
      setAttribute(chip, "data-tone", view.tone);
      setAttribute(root, "data-status", row.status);
    },
  };
}

function makeReported({ row: { name } }: Item): Part<Item> {
  const value = h("dd", {});
  const root = h("div", {}, h("dt", {}, labelOf(name)), value);
  return { root, update: ({ row }) => setText(value, valueText(name, row.reported?.value)) };
}

/** The raw documents. */
function makeDocuments(): Part<View> {
  const desired = h("pre", { tabindex: 0, "aria-label": "Desired document" });
  const reported = h("pre", { tabindex: 0, "aria-label": "Reported document" });
  const root = h(
    "details",
    { class: "documents" },
    h("summary", {}, "Both documents as JSON"),
    h(
      "div",
      { class: "documents-pair" },
      h("div", {}, h("h3", {}, "desired"), desired),
      h("div", {}, h("h3", {}, "reported"), reported),
    ),
  );
  return {
    root,
    update({ state: { detail } }) {
      if (!root.open || detail === undefined) return;
      setText(desired, JSON.stringify(detail.desired, null, 2));
      setText(reported, JSON.stringify(detail.reported, null, 2));
    },
  };
}

export function makeTwin(): Part<View> {
  const rows = h("tbody", {});
  const reported = h("dl", { class: "reported-only" });
  const desiredVersion = h("span", { class: "twin-version" });
  const reportedVersion = h("span", { class: "twin-version" });
  const sharedList = new KeyedList<Item>(rows, ({ row }) => row.name, makeRow);
  const reportedList = new KeyedList<Item>(reported, ({ row }) => row.name, makeReported);
  const documents = makeDocuments();
  const nothing = h("p", { class: "empty" }, "No data from either side yet.");
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, "Property"),
    h("th", { scope: "col", "data-actor": "operator" }, icon("cloud"), "Desired ", desiredVersion),
    h("th", { scope: "col", "data-actor": "device" }, icon("device"), "Reported ", reportedVersion),
    h("th", { scope: "col" }, "Status"),
  );
  const table = h("table", { class: "twin-table" }, h("thead", {}, head), rows);
  let last: View | undefined;
  const update = (view: View) => {
    last = view;
    const { detail, hub } = view.state;
    // The device's own page shows the values with one side.
    setHidden(root, hub?.kind === "device");
    if (detail === undefined) return;
    const { shared, reported: alone } = sortedRows(detail, writableNames);
    const reachable = isReachable(detail);
    setText(desiredVersion, `$version ${detail.desiredVersion}`);
    setText(reportedVersion, `$version ${detail.reportedVersion}`);
    sharedList.update(shared.map((row) => ({ row, reachable })));
    reportedList.update(
      alone.filter(({ name }) => !onTiles.includes(name)).map((row) => ({ row, reachable })),
    );
    setHidden(table, shared.length === 0);
    setHidden(nothing, shared.length + alone.length > 0);
    documents.update(view);
  };
  documents.root.addEventListener("toggle", () => last !== undefined && documents.update(last));
  const root = h(
    "section",
    { class: "card twin", "aria-labelledby": "twin-title" },
    h("h2", { id: "twin-title" }, "Twin"),
    table,
    nothing,
    reported,
    documents.root,
  );
  return { root, update };
}
