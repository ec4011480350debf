/** The timeline: who changed what, when, and who won. */
import { api } from "../api.ts";
import { h, KeyedList, type Part, setHidden, setText } from "../dom.ts";
import { icon } from "../icons.ts";
import { dayAndTimeText, timeText } from "../model/text/times.ts";
import { actorNames, type EventView, newestOf } from "../model/timeline.ts";
import type { Context, View } from "./context.ts";

/** Events at first, and more at each "Show earlier". */
const pageSize = 15;
const announceWithinMs = 5_000;
const storyQuestion =
  "Start the story again? The cable is plugged in, simulated faults end, and every desired value is deleted, so that the device goes back to its defaults.";

/** Of an event only its time changes: it gets its date when the day is over. */
function makeEvent(event: EventView): Part<EventView> {
  const time = h("time", {
    datetime: new Date(event.atMs).toISOString(),
    title: dayAndTimeText(event.atMs),
  });
  const root = h(
    "li",
    {
      class: "event",
      "data-actor": event.actor,
      "data-tone": event.tone,
      "data-offline": event.whileOffline,
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
        time,
        event.whileOffline && h("span", { class: "event-offline" }, "while offline"),
      ),
    ),
  );
  return { root, update: () => setText(time, timeText(event.atMs)) };
}

export function makeTimeline(context: Context): Part<View> {
  const list = h("ol", { class: "events", tabindex: 0, "aria-label": "Events, newest first" });
  const keyed = new KeyedList<EventView>(list, ({ sequence }) => String(sequence), makeEvent);
  const empty = h("p", { class: "empty" }, "No events yet.");
  // Announces each new event; a live list would be read out from the top each time.
  const spoken = h("p", { class: "spoken", "aria-live": "polite" });
  let newest = 0;
  let max = pageSize;
  /** Also what was before the story began anew. */
  let whole = false;
  let last: View | undefined;
  let shownBefore: string | undefined;
  const earlier = h(
    "button",
    { type: "button", class: "small earlier", on: { click: () => showEarlier() } },
    "Show earlier",
  );
  const startAgain = async () => {
    const deviceId = last?.state.shown;
    if (deviceId === undefined || !confirm(storyQuestion)) return;
    [max, whole] = [pageSize, false];
    await context.expect(api.startStory(deviceId));
  };
  const again = h(
    "button",
    { type: "button", class: "small", on: { click: () => void startAgain() } },
    icon("restart"),
    "Start the story again",
  );
  const root = h(
    "section",
    { class: "card timeline", "aria-labelledby": "timeline-title" },
    h("div", { class: "card-head" }, h("h2", { id: "timeline-title" }, "Who changed what"), again),
    spoken,
    empty,
    list,
    earlier,
  );
  const update = (view: View) => {
    const { state, nowMs } = view;
    if (state.shown !== shownBefore) [max, whole] = [pageSize, false];
    setHidden(again, state.hub?.kind !== "hub" || state.shown === undefined);
    [last, shownBefore] = [view, state.shown];
    const { views, hasEarlier } = newestOf(state.timeline, max, whole);
    const [latest] = views;
    // Events fetched when the page opens are not announced.
    const isNew = latest !== undefined && latest.sequence > newest && nowMs - latest.atMs < announceWithinMs;
    if (isNew) setText(spoken, `${actorNames[latest.actor] ?? "Hub"}: ${latest.title}`);
    newest = latest?.sequence ?? 0;
    keyed.update(views);
    setHidden(empty, views.length > 0);
    setHidden(list, views.length === 0);
    // A hidden button loses the focus: move it to the list, which scrolls by keys.
    if (!hasEarlier && document.activeElement === earlier) list.focus({ preventScroll: true });
    setHidden(earlier, !hasEarlier);
  };
  function showEarlier(): void {
    if (last === undefined) return;
    const shown = list.childElementCount;
    if (shown < max) whole = true;
    max += pageSize;
    update(last);
  }
  return { root, update };
}
