/** The device's own front: its screen to the pixel, and its three buttons. It does not go through the cable. */
import type { PanelPress, PanelView } from "../../page-api.ts";
import { api } from "../api.ts";
import { h, type Part, setAttribute, setHidden, setText } from "../dom.ts";
import type { Context, View } from "./context.ts";

/** Held this long, a click is a long press. The device takes its own time for it. */
const longPressMs = 700;

const buttons: readonly (readonly [PanelPress["button"], string, string])[] = [
  ["a", "A", "Lower the set-point"],
  [
    "mode",
    "Mode",
    "Change between auto and manual; hold it, or press with Shift, to switch the heater in manual",
  ],
  ["b", "B", "Raise the set-point"],
];

/** @returns false when the picture is not what it says it is */
function draw(canvas: HTMLCanvasElement, screen: Extract<PanelView["screen"], { kind: "pixels" }>): boolean {
  const { width, height, bits } = screen;
  const context = canvas.getContext("2d");
  const right = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (context === null || !right || width > 512 || height > 512) return false;
  let bytes: string;
  try {
    bytes = atob(bits);
  } catch {
    return false;
  }
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const picture = context.createImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const lit = ((bytes.charCodeAt(pixel >> 3) || 0) >> (7 - (pixel & 7))) & 1;
    picture.data.set(lit ? [0xe8, 0xf4, 0xff, 0xff] : [0x0a, 0x0d, 0x11, 0xff], pixel * 4);
  }
  context.putImageData(picture, 0, 0);
  return true;
}

function makeScreen(): Part<PanelView["screen"]> {
  const canvas = h("canvas", { class: "screen-pixels", role: "img", "aria-label": "The device’s screen" });
  const lines = h("pre", { class: "screen-lines" });
  let drawn = "";
  return {
    root: h("div", { class: "screen" }, canvas, lines),
    update(screen) {
      setHidden(canvas, screen.kind !== "pixels");
      setHidden(lines, screen.kind !== "text");
      if (screen.kind === "text") setText(lines, screen.lines.join("\n"));
      else if (screen.bits !== drawn && draw(canvas, screen)) drawn = screen.bits;
    },
  };
}

export function makePanel(context: Context): Part<View> {
  let id = "";
  const screen = makeScreen();
  const press = (button: PanelPress["button"], long: boolean) =>
    void context.expect(api.press(id, { button, long }));
  const makeButton = ([name, label, doc]: (typeof buttons)[number]) => {
    let downMs: number | undefined;
    const held = () => downMs !== undefined && context.clock.now() - downMs >= longPressMs;
    const down = () => (downMs = context.clock.now());
    // A click comes of a pointer and of the keyboard alike; held keys repeat, held pointers do not.
    const click = (event: Event) => {
      press(name, held() || (event as MouseEvent).shiftKey);
      downMs = undefined;
    };
    const root = h(
      "button",
      {
        type: "button",
        class: "hat-button",
        "data-button": name,
        title: doc,
        on: { pointerdown: down, click },
      },
      label,
    );
    return { name, root };
  };
  const made = buttons.map(makeButton);
  const front = h(
    "div",
    { class: "front" },
    screen.root,
    h(
      "div",
      { class: "hat-buttons", role: "group", "aria-label": "Buttons" },
      ...made.map(({ root }) => root),
    ),
  );
  const absent = h(
    "p",
    { class: "panel-absent" },
    "This device has its front elsewhere. Turn the set-point with its buttons A and B; what it does will show here.",
  );
  return {
    root: h("div", { class: "panel" }, front, absent),
    update({ state: { detail } }) {
      const panel = detail?.panel;
      id = detail?.id ?? "";
      setHidden(front, panel === undefined);
      setHidden(absent, panel !== undefined);
      if (panel === undefined) return;
      screen.update(panel.screen);
      for (const { name, root } of made) {
        if (name === "mode") setAttribute(root, "data-lit", panel.modeLed);
      }
      setAttribute(front, "data-relay", panel.relay);
    },
  };
}
