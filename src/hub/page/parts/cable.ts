/** The cable control: unplugging it here really breaks the device's connection. */
import type { CableState, DeviceDetail, TimelineEvent } from "../../page-server/api.ts";
import { api } from "../api.ts";
import { h, type Part, s, setAttribute, setHidden, setText } from "../dom.ts";
import { icon } from "../icons.ts";
import { cableText } from "../model/cable.ts";
import type { Context, View } from "./context.ts";

const unplugWays: readonly (readonly [Exclude<CableState, "connected">, string, string])[] = [
  ["close", "Close", "Clean close: both ends are notified (FIN)"],
  ["reset", "Reset", "Abrupt reset (RST)"],
  ["silence", "Silence", "Traffic is dropped and neither end is notified"],
];

/** Both halves meet in the middle; the style sheet moves them apart. */
function picture(): SVGSVGElement {
  return s(
    "svg",
    { class: "cable-picture", viewBox: "0 0 240 96", "aria-hidden": "true", focusable: "false" },
    s(
      "g",
      { class: "cable-left" },
      s("path", { class: "cable-line", d: "M-400 48H88" }),
      s("path", { class: "cable-flow", d: "M-400 48H86" }),
      s(
        "g",
        { class: "cable-head" },
        s("path", { class: "cable-pins", d: "M112 42h11M112 54h11" }),
        s("rect", { class: "cable-plug", x: 86, y: 34, width: 28, height: 28, rx: 7 }),
      ),
    ),
    s("path", {
      class: "cable-sparks",
      d: "M120 22l-4 8h8l-4 8M108 30l-6-5M132 30l6-5M108 68l-6 6M132 68l6 6",
    }),
    s(
      "g",
      { class: "cable-right" },
      s("path", { class: "cable-line", d: "M150 48H640" }),
      s("path", { class: "cable-flow", d: "M154 48H640" }),
      s(
        "g",
        { class: "cable-head" },
        s("rect", { class: "cable-plug", x: 123, y: 30, width: 30, height: 36, rx: 8 }),
        s("path", { class: "cable-holes", d: "M130 42h6M130 54h6" }),
      ),
    ),
  );
}

export function makeCable(context: Context): Part<View> {
  let id = "";
  const set = async (state: CableState) => {
    const device = await context.expect(api.cable(id, { state }));
    if (device !== undefined) context.dispatch({ type: "device", device });
  };
  const throttle = h("input", {
    type: "checkbox",
    on: { change: () => void context.expect(api.throttle(id, { on: throttle.checked })) },
  });
  const status = h("p", { class: "cable-status", role: "status" });
  const since = h("p", { class: "hint" });
  const unplugButtons = h(
    "div",
    { class: "cable-pulls", role: "group", "aria-label": "Unplug the cable" },
    h("p", { class: "cable-ask" }, icon("unplugged"), "Unplug the cable"),
    ...unplugWays.map(([state, label, doc]) =>
      h(
        "button",
        { type: "button", "data-cable": state, title: doc, on: { click: () => void set(state) } },
        h("strong", {}, label),
      ),
    ),
  );
  const plugIn = h(
    "button",
    { type: "button", class: "primary plug-in", on: { click: () => void set("connected") } },
    icon("plug"),
    "Plug the cable in",
  );
  const root = h(
    "div",
    { class: "cable" },
    h("h3", { class: "spoken" }, "Cable"),
    picture(),
    status,
    since,
    h("div", { class: "cable-actions" }, unplugButtons, plugIn),
    h("label", { class: "check" }, throttle, "Throttle: answer twin requests with 429"),
  );
  return {
    root,
    update({ state: { detail, timeline }, nowMs }) {
      if (detail === undefined) return;
      id = detail.id;
      show(detail, timeline, nowMs);
    },
  };

  function show(detail: DeviceDetail, timeline: readonly TimelineEvent[], nowMs: number): void {
    const { word, note } = cableText(detail, timeline, nowMs);
    const out = detail.cable !== "connected";
    setAttribute(root, "data-cable", detail.cable);
    setAttribute(root, "data-online", detail.connected && !out);
    setText(status, word);
    setText(since, note);
    showAction(out);
    throttle.checked = detail.throttled;
  }

  function showAction(out: boolean): void {
    if (unplugButtons.hidden === out && plugIn.hidden !== out) return;
    const [next, last] = out ? [plugIn, unplugButtons] : [unplugButtons, plugIn];
    // A hidden button loses the focus: move it to the opposite action.
    const hadFocus = last.contains(document.activeElement);
    setHidden(next, false);
    setHidden(last, true);
    if (hadFocus) (next === plugIn ? plugIn : unplugButtons.querySelector("button"))?.focus();
  }
}
