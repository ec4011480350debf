/** The two sides with the cable between them. */
import { h, type Part, setHidden, setText } from "../../dom.ts";
import { icon } from "../../icons.ts";
import { makeCable } from "../cable.ts";
import { makeCommands } from "../commands.ts";
import type { Context, View } from "../context.ts";
import { makePanel } from "../front/panel.ts";
import { makeControls } from "./controls.ts";
import { makeReconnection } from "./reconnection.ts";

export function makeSides(context: Context): Part<View> {
  const panel = makePanel(context);
  const cable = makeCable(context);
  const controls = makeControls(context);
  const commands = makeCommands(context);
  const reconnection = makeReconnection();
  const between = h("section", { class: "between", "aria-label": "Cable" }, cable.root, reconnection.root);
  const title = h("span", {}, "Cloud");
  const root = h(
    "div",
    { class: "sides" },
    h(
      "section",
      { class: "card side", "data-actor": "device", "aria-labelledby": "device-side" },
      h("h2", { id: "device-side" }, icon("device"), "Device"),
      panel.root,
    ),
    between,
    h(
      "section",
      { class: "card side", "data-actor": "operator", "aria-labelledby": "cloud-side" },
      h("h2", { id: "cloud-side" }, icon("cloud"), title),
      h("div", { class: "cloud-parts" }, controls.root, commands.root),
      controls.more,
    ),
  );
  return {
    root,
    update(view) {
      const isDevice = view.state.hub?.kind === "device";
      setHidden(between, isDevice);
      setText(title, isDevice ? "Set" : "Cloud");
      for (const part of [panel, cable, controls, commands, reconnection]) part.update(view);
    },
  };
}
