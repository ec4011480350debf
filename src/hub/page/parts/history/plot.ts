/**
 * Folder history/: what a device has measured and done, as a plot and by the day.
 *
 * The plot: temperature against set-point, humidity, and when the heater was on.
 */
import uPlot from "uplot";
import { h, type Part, setAttribute, setHidden, setText } from "../../dom.ts";
import { isLone, openingSpan, plotData, plotSummary } from "../../model/plot-data.ts";
import { axisTime, dayAndTimeText } from "../../model/text/times.ts";
import { shownUnit, shownValue } from "../../model/text/units.ts";
import { numberText } from "../../model/text/words.ts";
import type { Context, View } from "../context.ts";
import { makeDays } from "./days.ts";

interface Line {
  readonly name: string;
  readonly label: string;
  readonly unit: string;
  readonly scale: "celsius" | "percent" | "switch";
  /** Custom property of the style sheet with its colour. */
  readonly colour: string;
}

const lines: readonly Line[] = [
  { name: "heaterOn", label: "Heater", unit: "", scale: "switch", colour: "--plot-heater" },
  { name: "humidity", label: "Humidity", unit: "%", scale: "percent", colour: "--plot-humidity" },
  { name: "setPoint", label: "Set-point", unit: "°C", scale: "celsius", colour: "--plot-target" },
  { name: "temperature", label: "Temperature", unit: "°C", scale: "celsius", colour: "--plot-temperature" },
];
const names = lines.map(({ name }) => name);
const spans: readonly (readonly [string, number])[] = [
  ["15 min", 15],
  ["1 h", 60],
  ["6 h", 360],
  ["24 h", 1440],
  ["7 d", 7 * 1440],
  ["30 d", 30 * 1440],
  ["1 y", 365 * 1440],
];
const height = 236;
const stepped = uPlot.paths.stepped?.({ align: 1 });

interface Legend {
  readonly root: HTMLElement;
  /** @param atSeconds of the values; `undefined` for the newest ones */
  show(values: readonly (number | null | undefined)[], atSeconds: number | undefined): void;
}

/** @param share of the time that a point stands for, 0 to 1 */
const switchText = (share: number): string =>
  share === 0 || share === 1 ? (share === 1 ? "on" : "off") : `on ${Math.round(share * 100)} %`;

function makeLegend(): Legend {
  const entries = [...lines].reverse().map((line) => {
    const value = h("span", { class: "legend-value" });
    const root = h("li", { "data-line": line.name }, h("span", { class: "legend-mark" }), line.label, value);
    return { line, root, value };
  });
  const time = h("li", { class: "legend-time" });
  return {
    root: h("ul", { class: "legend", "aria-hidden": "true" }, ...entries.map(({ root }) => root), time),
    show(values, atSeconds) {
      setText(time, atSeconds === undefined ? "" : dayAndTimeText(atSeconds * 1000));
      for (const { line, value } of entries) {
        const at = values[lines.indexOf(line)];
        const word =
          line.scale === "switch"
            ? switchText(at ?? 0)
            : `${numberText(at ?? 0, line.unit)} ${shownUnit(line.unit)}`;
        setText(value, typeof at === "number" ? word : "");
      }
    },
  };
}

/** As it is drawn: temperatures in the unit of the page. */
const drawnColumn = (
  column: readonly (number | null | undefined)[],
  index: number,
): readonly (number | null | undefined)[] =>
  lines[index]?.scale === "celsius"
    ? column.map((value) => (typeof value === "number" ? shownValue(value, "°C") : value))
    : column;

/** Rounds to whole degrees, so that the axis does not change with every reading. */
function celsiusRange(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [shownValue(15, "°C"), shownValue(25, "°C")];
  return [Math.floor(low - 0.75), Math.ceil(high + 0.75)];
}

function optionsFor(
  width: number,
  colourOf: (name: string) => string,
  onCursor: (at: number | null) => void,
): uPlot.Options {
  const ink = colourOf("--ink-soft");
  const grid = { stroke: colourOf("--line"), width: 1 };
  // A canvas does not know rem.
  const rootSize = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const font = `${0.75 * rootSize}px ${colourOf("--font")}`;
  const axis = { stroke: ink, font, ticks: { show: false }, gap: 6 };
  return {
    width,
    height,
    legend: { show: false },
    padding: [12, 0, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 8, width: 2 } },
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
    scales: {
      x: { time: true },
      celsius: { range: (_plot, low, high) => celsiusRange(low, high) },
      percent: { range: [0, 100] },
      // The band of "on" fills the lowest part of the plot only.
      switch: { range: [0, 9] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        values: (_plot, splits, _axis, _space, step) => splits.map((at) => axisTime(at * 1000, step)),
        space: 72,
        size: 28,
      },
      { ...axis, scale: "celsius", grid, size: 44, values: (_plot, splits) => splits.map((at) => `${at}°`) },
      {
        ...axis,
        scale: "percent",
        side: 1,
        grid: { show: false },
        size: 44,
        splits: [0, 25, 50, 75, 100],
        values: (_plot, splits) => splits.map((at) => `${at}%`),
      },
    ],
    series: [{}, ...lines.map((line) => seriesOf(line, colourOf))],
  };
}

function seriesOf({ name, scale, colour }: Line, colourOf: (name: string) => string): uPlot.Series {
  const stroke = colourOf(colour);
  const points: uPlot.Series.Points = {
    show: (plot, index) => isLone(plot.data[index] ?? []),
    size: 7,
    fill: stroke,
  };
  const base: uPlot.Series = { scale, stroke, width: 1.5, points, spanGaps: false };
  if (name === "temperature") return { ...base, width: 2.5 };
  if (name === "humidity") return base;
  const steps = stepped === undefined ? {} : { paths: stepped };
  if (name === "setPoint") return { ...base, ...steps, dash: [5, 4] };
  // Drawn as a band without points.
  return { ...base, ...steps, width: 0, fill: stroke, points: { show: false } };
}

function makeSpans(onSpan: (minutes: number) => void) {
  const radios = spans.map(([label, minutes]) => {
    const input = h("input", { type: "radio", name: "span", on: { change: () => onSpan(minutes) } });
    return { minutes, input, root: h("label", {}, input, h("span", {}, label)) };
  });
  const roots = radios.map(({ root }) => root);
  return {
    root: h("div", { class: "segments small", role: "radiogroup", "aria-label": "Time range" }, ...roots),
    show(chosen: number): void {
      for (const { minutes, input } of radios) input.checked = minutes === chosen;
    },
  };
}

/** In the colours of the scheme. */
function openPlot(box: HTMLElement, onCursor: (at: number | null) => void): uPlot {
  const style = getComputedStyle(box);
  const colourOf = (name: string) => style.getPropertyValue(name).trim();
  const plot = new uPlot(optionsFor(Math.max(240, box.clientWidth), colourOf, onCursor), undefined, box);
  // The caption is the text alternative.
  setAttribute(plot.root, "aria-hidden", "true");
  return plot;
}

function resizeTo(plot: uPlot, width: number): void {
  if (width > 0 && width !== plot.width) plot.setSize({ width, height });
}

export function makePlot(context: Context): Part<View> {
  const box = h("div", { class: "plot-box" });
  const summary = h("figcaption", { class: "spoken" });
  const empty = h("p", { class: "empty plot-empty" }, "No readings in this period yet.");
  const legend = makeLegend();
  const days = makeDays(context);
  let minutes = 0;
  let isChosen = false;
  let last: View | undefined;
  let plot: uPlot | undefined;
  let columns: readonly (readonly (number | null | undefined)[])[] = [];

  const read = (at: number | null) =>
    legend.show(
      columns.map((column) => (at === null ? column.findLast((value) => value != null) : column[at])),
      at === null ? undefined : plot?.data[0][at],
    );
  const remake = () => {
    plot?.destroy();
    plot = openPlot(box, read);
    if (last !== undefined) update(last);
  };
  const spanPicker = makeSpans((chosen) => {
    minutes = chosen;
    isChosen = true;
    context.showSpan(chosen);
    days.showSpan(chosen);
    if (last !== undefined) update(last);
  });
  const root = h(
    "section",
    { class: "card history", "aria-labelledby": "history-title" },
    h("div", { class: "card-head" }, h("h2", { id: "history-title" }, "History"), spanPicker.root),
    h("figure", {}, legend.root, box, empty, summary),
    days.root,
  );

  let drawnSeries: unknown;
  let drawnMinutes = 0;
  let drawnAt = 0;
  const update = (view: View) => {
    last = view;
    days.update(view);
    if (plot === undefined) return;
    const { series } = view.state;
    if (!isChosen) minutes = openingSpan(series, view.nowMs);
    spanPicker.show(minutes);
    const isFresh = series === drawnSeries && minutes === drawnMinutes && view.nowMs - drawnAt < 5_000;
    if (isFresh && plot.data.length > 0) return;
    [drawnSeries, drawnMinutes, drawnAt] = [series, minutes, view.nowMs];
    const sinceMs = view.nowMs - minutes * 60_000;
    const data = plotData(series, names, sinceMs);
    columns = data.columns;
    plot.setData([[...data.times], ...data.columns.map(drawnColumn)] as unknown as uPlot.AlignedData, false);
    plot.setScale("x", { min: sinceMs / 1000, max: view.nowMs / 1000 });
    read(plot.cursor.idx ?? null);
    setText(summary, plotSummary(data, names.indexOf("temperature")));
    setHidden(empty, data.times.length > 0);
  };
  const redraw = () => {
    drawnSeries = undefined;
    remake();
  };
  new ResizeObserver(() => {
    if (plot === undefined) redraw();
    else resizeTo(plot, box.clientWidth);
  }).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  return { root, update };
}
