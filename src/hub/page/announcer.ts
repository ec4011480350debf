/** Short notifications: visible for a few seconds, and read out by screen readers. */
import type { Clock } from "../../base/clock.ts";
import { seconds } from "../../base/units.ts";
import { h } from "./dom.ts";
import { icon } from "./icons.ts";
import { sentence } from "./model/text/words.ts";

const shownFor = seconds(8);
const maxShown = 3;

export interface Announcer {
  readonly root: HTMLElement;
  announce(text: string, tone: "good" | "bad"): void;
}

export function makeAnnouncer(clock: Clock): Announcer {
  const root = h("div", { class: "notes", role: "alert" });
  return {
    root,
    announce(text, tone) {
      const note = h(
        "p",
        { class: "note", "data-tone": tone },
        icon(tone === "bad" ? "cross" : "check"),
        sentence(text),
      );
      root.append(note);
      while (root.childElementCount > maxShown) root.firstElementChild?.remove();
      clock.setTimer(shownFor, () => note.remove());
    },
  };
}
