/**
 * A key of the device's front, under a mouse, a finger, the keyboard or an assistive tool.
 *
 * Guarantee: what goes down comes up, also when the pointer slips off, the focus goes or the window is left.
 */
import { h, setAttribute } from "../../dom.ts";

export interface KeyFace {
  readonly name: string;
  readonly does: string;
  /** What holding it does, as a sentence. */
  readonly title: string;
}

/** @param onMove told when it goes down and when it comes up */
export function makeKey({ name, does, title }: KeyFace, onMove: (down: boolean) => void): HTMLButtonElement {
  let isDown = false;
  const move = (down: boolean) => {
    if (down === isDown) return;
    isDown = down;
    setAttribute(root, "data-down", down);
    onMove(down);
  };
  const up = () => move(false);
  const isKey = (event: Event) => [" ", "Enter"].includes((event as KeyboardEvent).key);
  const on = {
    pointerdown: (event: Event) => {
      const { button, pointerId } = event as PointerEvent;
      if (button !== 0) return;
      root.setPointerCapture(pointerId);
      move(true);
    },
    pointerup: up,
    pointercancel: up,
    lostpointercapture: up,
    keydown: (event: Event) => {
      if (!isKey(event)) return;
      // Else the browser makes a click of it, which would be another press.
      event.preventDefault();
      move(true);
    },
    keyup: (event: Event) => {
      if (!isKey(event)) return;
      event.preventDefault();
      up();
    },
    blur: up,
    // A long touch is a long press here, not a menu.
    contextmenu: (event: Event) => event.preventDefault(),
    click: (event: Event) => {
      // Of an assistive tool, which has neither pointer nor keys.
      if ((event as MouseEvent).detail !== 0) return;
      move(true);
      up();
    },
  };
  const root = h(
    "button",
    { type: "button", class: "hat-key", "data-key": name.toLowerCase(), title, on },
    h("strong", {}, name),
    " ",
    h("span", {}, does),
  );
  return root;
}
