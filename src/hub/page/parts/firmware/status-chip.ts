/** A status as a chip: picture, word and tone. */
import { h, type Part, setAttribute, setText } from "../../dom.ts";
import { icon, setIcon } from "../../icons.ts";
import type { IconName } from "../../model/icon-paths.ts";
import type { StatusView, Tone } from "../../model/status.ts";

const pictures: Readonly<Record<Tone, IconName>> = {
  quiet: "firmware",
  pending: "clock",
  good: "check",
  bad: "fault",
  device: "firmware",
  cloud: "cloud",
};

export function makeStatusChip(): Part<StatusView> {
  const picture = icon("firmware");
  const word = h("span", { class: "chip-word" });
  const root = h("span", { class: "chip" }, picture, word);
  return {
    root,
    update(view) {
      setText(word, view.word);
      setIcon(picture, pictures[view.tone]);
      setAttribute(root, "data-tone", view.tone);
    },
  };
}
