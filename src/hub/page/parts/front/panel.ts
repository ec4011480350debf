/**
 * Folder front/: the device's panel on the page: screen, LEDs, buttons.
 *
 * Shows the device's screen, its LEDs and buttons, and the simulated room. This data does not pass the cable.
 */
import type { DeviceDetail, PanelPress, PanelView } from "../../../page-server/api.ts";
import { api } from "../../api.ts";
import { h, type Part, setAttribute, setHidden, setText } from "../../dom.ts";
import { icon } from "../../icons.ts";
import { temperatureText, valueText } from "../../model/text/words.ts";
import type { Context, View } from "../context.ts";
import { makeFaults } from "./faults.ts";
import { makeKey } from "./key.ts";
import { makeScreen } from "./screen.ts";

type Press = (key: PanelPress["key"], down: boolean) => void;

/** In their order on the hat. */
const keys = [
  ["a", { name: "A", does: "lower", title: "Lowers the set-point; repeats while held" }],
  [
    "mode",
    { name: "M", does: "mode", title: "Toggles auto and manual; in manual, hold to switch the heater" },
  ],
  ["b", { name: "B", does: "raise", title: "Raises the set-point; repeats while held" }],
] as const;

function makeLamps(): Part<PanelView> {
  const lamp = (name: string) => {
    const word = h("span", { class: "spoken" });
    const root = h("li", { class: "lamp", "data-lamp": name.toLowerCase() }, name, word);
    return (lit: boolean) => {
      setAttribute(root, "data-lit", lit);
      setText(word, lit ? " on" : " off");
      return root;
    };
  };
  const [relay, mode, status] = [lamp("Relay"), lamp("Mode"), lamp("Status")];
  return {
    root: h("ul", { class: "lamps", "aria-label": "LEDs" }, relay(false), mode(false), status(false)),
    update(panel) {
      relay(panel.relay);
      mode(panel.modeLed);
      status(panel.statusLed);
    },
  };
}

function makeRoom(press: Press): Part<PanelView> {
  let open = false;
  const air = h("dd", {});
  const outside = h("dd", {});
  const window = h("button", {
    type: "button",
    class: "small window",
    "data-key": "window",
    on: { click: () => press("window", !open) },
  });
  const root = h(
    "div",
    { class: "room" },
    h(
      "dl",
      {},
      h("div", {}, h("dt", {}, "Simulated room"), air),
      h("div", {}, h("dt", {}, "Outside"), outside),
    ),
    window,
  );
  return {
    root,
    update({ room }) {
      setHidden(root, room === undefined);
      if (room === undefined) return;
      open = room.windowOpen;
      setText(air, temperatureText(room.air));
      setText(outside, temperatureText(room.outside));
      setText(window, open ? "Close window" : "Open window");
      setAttribute(window, "data-open", open);
    },
  };
}

export function makePanel(context: Context): Part<View> {
  let id = "";
  /** Requests are sent one after the other: a release must not overtake its press. */
  let last: Promise<unknown> = Promise.resolve();
  const press: Press = (key, down) => {
    const device = id;
    last = last.then(() => context.expect(api.press(device, { key, down })));
  };
  const screen = makeScreen();
  const lamps = makeLamps();
  const room = makeRoom(press);
  const faults = makeFaults((fault, active) => void context.expect(api.fault(id, { fault, active })));
  const buttons = keys.map(([key, face]) => makeKey(face, (down) => press(key, down)));
  const keyRow = h("div", { class: "hat-keys", role: "group", "aria-label": "Buttons" }, ...buttons);
  const note = h("p", { class: "hint" });
  const front = h("div", { class: "front" }, screen.root, lamps.root, keyRow, note, room.root, faults.root);
  const absent = h(
    "p",
    { class: "panel-absent" },
    icon("device"),
    "This device runs on another machine, which has its screen and buttons. Changes made there are shown here.",
  );
  return {
    root: h("div", { class: "panel" }, front, absent),
    update({ state: { detail } }) {
      const panel = detail?.panel;
      id = detail?.id ?? "";
      setHidden(front, panel === undefined);
      setHidden(absent, panel !== undefined);
      if (panel === undefined) return;
      for (const part of [screen, lamps, room, faults]) part.update(panel);
      screen.describe(screenWords(detail));
      setHidden(keyRow, panel.room === undefined);
      const words = noteOf(panel);
      setText(note, words);
      setHidden(note, words === "");
    },
  };
}

/** What the picture says, for those who do not see it. */
function screenWords(detail: DeviceDetail | undefined): string {
  const value = (name: string): string => valueText(name, detail?.latest[name]?.value);
  const heating = detail?.latest["heaterOn"]?.value === true ? "heating" : "not heating";
  return `The device’s screen: room ${value("temperature")}, set-point ${value("setPoint")}, ${heating}`;
}

function noteOf({ fitted, room }: PanelView): string {
  const missing = fitted ? "" : "No display found; this is what it would show. ";
  return missing + (room === undefined ? "Use the buttons on the hat." : "");
}
