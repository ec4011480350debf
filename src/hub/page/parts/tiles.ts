/** Shows the tiles with a device's main values. */
import { h, type Part, setAttribute, setText } from "../dom.ts";
import { icon, setIcon } from "../icons.ts";
import type { IconName } from "../model/icon-paths.ts";
import { type TileName, type TileView, tileViews } from "../model/tiles.ts";
import type { View } from "./context.ts";

const tileList: readonly (readonly [TileName, string, IconName])[] = [
  ["temperature", "Room", "temperature"],
  ["setPoint", "Set-point", "target"],
  ["humidity", "Humidity", "humidity"],
  ["heater", "Heater", "heater"],
  ["mode", "Mode", "mode"],
  ["link", "Link", "link"],
  ["faults", "Faults", "fault"],
  ["firmware", "Firmware", "firmware"],
];

function makeTile(name: TileName, label: string, picture: IconName): Part<TileView> {
  const value = h("span", { class: "tile-number" });
  const unit = h("span", { class: "tile-unit" });
  const note = h("p", { class: "tile-note" });
  const mark = icon(picture);
  const title = h("span", {}, label);
  const root = h(
    "div",
    { class: "tile", "data-tile": name },
    h("dt", { class: "tile-label" }, mark, title),
    h("dd", {}, h("p", { class: "tile-value" }, value, unit), note),
  );
  return {
    root,
    update(view) {
      setText(value, view.value);
      setText(title, view.label ?? label);
      // A warning sign beside "None" would warn.
      setIcon(mark, name === "faults" && view.tone === "good" ? "check" : picture);
      setText(unit, view.unit);
      setText(note, view.note);
      setAttribute(root, "data-tone", view.tone);
      setAttribute(value, "data-long", view.value.length > 5 || view.value.includes(" "));
    },
  };
}

export function makeTiles(): Part<View> {
  const tiles = tileList.map(([name, label, picture]) => [name, makeTile(name, label, picture)] as const);
  const root = h("dl", { class: "tiles", "aria-label": "Now" }, ...tiles.map(([, tile]) => tile.root));
  return {
    root,
    update({ state, nowMs }) {
      if (state.detail === undefined) return;
      const views = tileViews(state.detail, nowMs);
      for (const [name, tile] of tiles) tile.update(views[name]);
    },
  };
}
