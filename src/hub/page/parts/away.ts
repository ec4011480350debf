/** What a page shows that was opened while its server does not answer. */
import { h } from "../dom.ts";
import { icon } from "../icons.ts";

/** @param retry called when the user does not want to wait */
export const makeAway = (retry: () => void): HTMLElement =>
  h(
    "main",
    { class: "sign-in card" },
    h("h1", {}, icon("unplugged"), "The device does not answer"),
    h(
      "p",
      { class: "hint", role: "status" },
      "Is it switched on, and is this machine in its network? This page tries again every few seconds. Heating does not depend on it.",
    ),
    h("button", { type: "button", class: "primary", on: { click: retry } }, "Try again now"),
  );
