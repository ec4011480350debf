/** Who changed what, when, and who won. */
import { h, KeyedList, type Part, setHidden, setText } from "../dom.ts";
import { icon } from "../icons.ts";
import { actorNames, type EventView, newestOf } from "../model/timeline.ts";
import type { View } from "./context.ts";

/** More are kept than are worth reading at once: so many at first, and again as many with each wish for earlier ones. */
const oneMore = 15;
const newsMs = 5_000;

const clockTime = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** An event does not change once it has happened. */
function makeEvent(event: EventView): Part<EventView> {
  const at = new Date(event.atMs);
  const root = h(
    "li",
    {
      class: "event",
      "data-actor": event.actor,
      "data-tone": event.tone,
      "data-apart": event.whileApart,
    },
    h("span", { class: "event-mark" }, icon(event.icon)),
    h(
      "div",
      { class: "event-body" },
      h("p", { class: "event-title" }, event.title),
      event.detail !== "" && h("p", { class: "event-detail" }, event.detail),
      h(
        "p",
        { class: "event-meta" },
        h("span", { class: "event-actor" }, actorNames[event.actor] ?? "Hub"),
        h("time", { datetime: at.toISOString(), title: fullTime.format(at) }, clockTime.format(at)),
        event.whileApart && h("span", { class: "event-apart" }, "while offline"),
      ),
    ),
  );
  return { root, update: () => {} };
}

export function makeTimeline(): Part<View> {
  const list = h("ol", { class: "events", tabindex: 0, "aria-label": "Events, newest first" });
  const keyed = new KeyedList<EventView>(list, ({ sequence }) => String(sequence), makeEvent);
  const empty = h("p", { class: "empty" }, "No events yet.");
  // Spoken as it comes, one short sentence; the list itself would be read from the top each time.
  const spoken = h("p", { class: "spoken", "aria-live": "polite" });
  let newest = 0;
  let most = oneMore;
  let last: View | undefined;
  let told: string | undefined;
  const earlier = h(
    "button",
    { type: "button", class: "small earlier", on: { click: () => showEarlier() } },
    "Show earlier",
  );
  const root = h(
    "section",
    { class: "card timeline", "aria-labelledby": "timeline-title" },
    h("h2", { id: "timeline-title" }, "Who changed what"),
    spoken,
    empty,
    list,
    earlier,
  );
  const update = (view: View) => {
    const { state, nowMs } = view;
    // Another device's story begins with its newest again.
    if (state.shown !== told) most = oneMore;
    [last, told] = [view, state.shown];
    const { views, hasEarlier } = newestOf(state.timeline, most);
    const [latest] = views;
    // The past that a page fetches as it opens is not news.
    const isNews = latest !== undefined && latest.sequence > newest && nowMs - latest.atMs < newsMs;
    if (isNews) setText(spoken, `${actorNames[latest.actor] ?? "Hub"}: ${latest.title}`);
    newest = latest?.sequence ?? 0;
    keyed.update(views);
    setHidden(empty, views.length > 0);
    setHidden(list, views.length === 0);
    // The focus of a button that goes passes on to the list, which scrolls by keys.
    if (!hasEarlier && document.activeElement === earlier) list.focus({ preventScroll: true });
    setHidden(earlier, !hasEarlier);
  };
  function showEarlier(): void {
    most += oneMore;
    if (last !== undefined) update(last);
  }
  return { root, update };
}
