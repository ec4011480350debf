/**
 * The schedule as a picture that a pointer edits: a track for each day, points to drag, time from left to right and
 * temperature upwards. Keyboards and screen readers have the table below it with the same texts.
 */
import {
  minutesPerDay,
  timeOfDayText,
  type Weekday,
  type WeekPoint,
  weekdays,
} from "../../../../model/week.ts";
import { h, s, setText } from "../../dom.ts";
import {
  addPoint,
  type DayDraft,
  type Limits,
  movePoint,
  readDraft,
  removePoint,
} from "../../model/week-draft.ts";

export interface WeekPictureOptions {
  readonly limits: Limits;
  /** Whole and tenths, with the unit. */
  readonly temperature: (celsius: number) => string;
  readonly textOf: (day: Weekday) => string;
  /** Called while a point is dragged, too. */
  readonly onChange: (day: Weekday, text: string) => void;
}

/** Pixels of a track, and above and below what is drawn in it. */
const height = 44;
const margin = 7;

interface Track {
  readonly root: SVGSVGElement;
  draw(day: DayDraft): void;
}

export interface WeekPicture {
  readonly root: HTMLElement;
  /** Draws the texts as they are now. */
  update(): void;
}

export function makeWeekPicture(options: WeekPictureOptions): WeekPicture {
  const note = h("output", { class: "week-note" });
  const tracks = weekdays.map((day) => makeTrack(day, options, note));
  const rows = weekdays.map((day, index) => {
    const track = tracks[index];
    return h("div", { class: "week-row" }, h("span", {}, shortName(day)), track && wrapped(track.root));
  });
  const hours = h(
    "div",
    { class: "week-row week-hours" },
    h("span", {}),
    h("span", {}, ...[0, 6, 12, 18, 24].map((hour) => h("span", {}, String(hour).padStart(2, "0")))),
  );
  const root = h("div", { class: "week-picture", "aria-hidden": "true" }, ...rows, hours, note);
  const update = () => {
    const days = readDraft(weekdays.map(options.textOf));
    tracks.forEach((track, index) => {
      const day = days[index];
      if (day) track.draw(day);
    });
  };
  setText(note, help);
  return { root, update };
}

const help = "Drag a point. Click a day to add one. Double-click a point to remove it.";
const shortName = (day: Weekday): string => `${day.charAt(0).toUpperCase()}${day.slice(1, 3)}`;
const percent = (minute: number): string => `${(minute / minutesPerDay) * 100}%`;

// The renderer needs an element of HTML around it to give it its width.
const wrapped = (track: SVGSVGElement): HTMLElement => h("div", { class: "week-track" }, track);

function makeTrack(day: Weekday, options: WeekPictureOptions, note: HTMLElement): Track {
  const { limits, temperature, textOf, onChange } = options;
  const lines = s("g", {});
  const handles = s("g", {});
  const root = s("svg", { height, "data-day": day }, lines, handles);
  const yOf = (target: number): number => {
    const share = (target - limits.lowest) / (limits.highest - limits.lowest);
    return margin + (1 - share) * (height - 2 * margin);
  };
  const placeOf = ({ clientX, clientY }: MouseEvent): WeekPoint => {
    const box = root.getBoundingClientRect();
    const share = 1 - (clientY - box.top - margin) / (height - 2 * margin);
    return {
      minute: ((clientX - box.left) / box.width) * minutesPerDay,
      target: limits.lowest + share * (limits.highest - limits.lowest),
    };
  };
  /** The point under the pointer that is pressed; the one that was dragged; the one that the last click added. */
  let held: number | undefined;
  let dragged = false;
  let added: number | undefined;
  const say = (text: string, index: number): void => {
    const point = readDraft([text])[0]?.points[index];
    if (point)
      setText(note, `${shortName(day)} ${timeOfDayText(point.minute)}: ${temperature(point.target)}`);
  };
  root.addEventListener("pointerdown", (event) => {
    dragged = false;
    held = event.button === 0 ? indexOf(event.target) : undefined;
    if (held === undefined) return;
    root.setPointerCapture(event.pointerId);
    say(textOf(day), held);
  });
  root.addEventListener("pointermove", (event) => {
    if (held === undefined) return;
    const text = movePoint(textOf(day), held, placeOf(event), limits);
    if (text === textOf(day)) return;
    dragged = true;
    onChange(day, text);
    say(text, held);
  });
  for (const ending of ["pointerup", "pointercancel"] as const)
    root.addEventListener(ending, () => {
      if (held !== undefined) setText(note, help);
      held = undefined;
    });
  // Not when it is pressed: a finger that scrolls the page presses too.
  root.addEventListener("click", (event) => {
    if (event.detail > 1) return;
    const isFree = !dragged && indexOf(hit(event)) === undefined;
    const more = isFree ? addPoint(textOf(day), placeOf(event), limits) : undefined;
    added = more?.index;
    if (more) onChange(day, more.text);
  });
  root.addEventListener("dblclick", (event) => {
    const index = indexOf(hit(event));
    // A double click on the bare track adds one point.
    if (index !== undefined && index !== added) onChange(day, removePoint(textOf(day), index));
  });
  return {
    root,
    draw(draft) {
      root.classList.toggle("wrong", draft.problem !== undefined);
      lines.replaceChildren(
        ...draft.spans.flatMap((span, index) => drawSpan(span, draft.spans[index + 1], yOf)),
      );
      handles.replaceChildren(
        ...draft.points.map(({ minute, target }, index) =>
          s("circle", { cx: percent(minute), cy: yOf(target), r: 6, "data-index": index }),
        ),
      );
    },
  };
}

/** Its level, and the step up or down to the next one. */
function drawSpan(
  { from, to, target }: DayDraft["spans"][number],
  next: DayDraft["spans"][number] | undefined,
  yOf: (target: number) => number,
): readonly SVGElement[] {
  if (target === undefined) return [];
  const y = yOf(target);
  const level = s("line", { x1: percent(from), x2: percent(to), y1: y, y2: y });
  if (next?.target === undefined) return [level];
  return [level, s("line", { x1: percent(to), x2: percent(to), y1: y, y2: yOf(next.target) })];
}

/** A pointer that is captured hides what is below it. */
const hit = ({ clientX, clientY }: MouseEvent) => document.elementFromPoint(clientX, clientY);

/** Of the point that was hit. */
function indexOf(target: EventTarget | null): number | undefined {
  const index = target instanceof Element ? target.getAttribute("data-index") : null;
  return index === null ? undefined : Number(index);
}
