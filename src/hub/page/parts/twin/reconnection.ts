/** The outcome of the last offline period, shown until the next edit or disconnect. */
import { h, KeyedList, type Part, setAttribute, setHidden, setText } from "../../dom.ts";
import { icon, setIcon } from "../../icons.ts";
import { lastReconnection, type Outcome } from "../../model/reconnection.ts";
import { spanText } from "../../model/text/words.ts";
import { sinceStory } from "../../model/timeline.ts";
import type { View } from "../context.ts";

const winners = { cloud: "The cloud", device: "The device", refused: "Refused" } as const;
const pictures = { cloud: "cloud", device: "device", refused: "cross" } as const;

function makeOutcome(): Part<Outcome> {
  const picture = icon("cloud");
  const who = h("span", { class: "outcome-who" });
  const label = h("span", { class: "outcome-label" });
  const value = h("strong", {});
  const lost = h("del", {});
  const root = h("li", { class: "outcome" }, picture, label, value, lost, who);
  return {
    root,
    update(outcome) {
      setIcon(picture, pictures[outcome.result]);
      setText(label, outcome.label);
      setText(value, outcome.inForce);
      setText(lost, outcome.lost ?? "");
      setHidden(lost, outcome.lost === undefined);
      const won = outcome.lost === undefined ? "changed it" : "won";
      setText(who, outcome.result === "refused" ? winners.refused : `${winners[outcome.result]} ${won}`);
      setAttribute(root, "data-result", outcome.result);
    },
  };
}

export function makeReconnection(): Part<View> {
  const title = h("h3", {});
  const list = h("ul", {});
  const keyed = new KeyedList<Outcome>(list, ({ property }) => property, makeOutcome);
  const root = h("div", { class: "reconnection", role: "status" }, title, list);
  return {
    root,
    update({ state }) {
      const reconnection = lastReconnection(sinceStory(state.timeline));
      setHidden(root, reconnection === undefined || reconnection.outcomes.length === 0);
      if (reconnection === undefined) return;
      const offline = spanText(reconnection.offlineMs);
      setText(title, `Reconnected after ${offline === "now" ? "a moment" : offline}`);
      keyed.update(reconnection.outcomes);
    },
  };
}
