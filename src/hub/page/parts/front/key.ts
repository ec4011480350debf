/**
 * A button of the device's front, operated by mouse, touch, keyboard or assistive tool.
 *
 * Guarantee: every press is released, also when the pointer slips off or the focus is lost.
 */
import { h, setAttribute } from "../../dom.ts";

export interface KeyLabels {
  readonly name: string;
  readonly does: string;
  /** What holding it does, as a sentence. */
  readonly title: string;
}

/** @param onMove called when it is pressed and when it is released */
export function makeKey(
  { name, does, title }: KeyLabels,
  onMove: (down: boolean) => void,
): HTMLButtonElement {
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
      // Otherwise the browser adds a click, a second press.
      event.preventDefault();
      move(true);
    },
    keyup: (event: Event) => {
      if (!isKey(event)) return;
      event.preventDefault();
      up();
    },
    blur: up,
    // A long touch is a long press, not a context menu.
    contextmenu: (event: Event) => event.preventDefault(),
    click: (event: Event) => {
      // Only clicks of assistive tools, which send neither pointer nor key events.
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
