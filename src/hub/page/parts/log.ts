/** The device's log as it comes, newest first. */
import type { LogLine } from "../../page-server/api-history.ts";
import { h, KeyedList, type Part, setHidden, setText } from "../dom.ts";
import { timeText } from "../model/text/times.ts";
import type { View } from "./context.ts";

interface Row {
  readonly key: string;
  readonly line: LogLine;
}

const maxShown = 100;

/** Of a line that is there only its time changes: it gets its date when the day is over. */
function makeLine({ line }: Row): Part<Row> {
  const time = h("time", { datetime: new Date(line.atMs).toISOString() });
  const root = h(
    "li",
    { class: "log-line", "data-level": line.level },
    time,
    h("span", { class: "log-level" }, line.level),
    h("strong", {}, line.event),
    h("span", { class: "log-text" }, line.text),
  );
  return { root, update: () => setText(time, timeText(line.atMs)) };
}

export function makeLog(): Part<View> {
  const list = h("ol", { class: "log-lines", tabindex: 0, "aria-label": "Log, newest first" });
  const keyed = new KeyedList<Row>(list, ({ key }) => key, makeLine);
  const count = h("span", { class: "hint" });
  const empty = h("p", { class: "empty" }, "No log yet.");
  const root = h(
    "section",
    { class: "card log", "aria-labelledby": "log-title" },
    h("div", { class: "card-head" }, h("h2", { id: "log-title" }, "Log"), count),
    empty,
    list,
  );
  let drawn: unknown;
  return {
    root,
    update({ state: { log, hub } }) {
      setHidden(root, hub?.kind !== "device");
      if (log === drawn) return;
      drawn = log;
      const seen = new Map<string, number>();
      const rows = log.slice(-maxShown).map((line): Row => {
        const name = `${line.atMs} ${line.event} ${line.text}`;
        const times = (seen.get(name) ?? 0) + 1;
        seen.set(name, times);
        return { key: `${name} ${times}`, line };
      });
      keyed.update(rows.reverse());
      setHidden(empty, rows.length > 0);
      setHidden(list, rows.length === 0);
      const bad = log.filter(({ level }) => level === "warn" || level === "error").length;
      setText(count, bad === 0 ? "" : `${bad} ${bad === 1 ? "warning" : "warnings"} in ${log.length} lines`);
    },
  };
}
