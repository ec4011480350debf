/** Folder output/: what a person sees. This file draws a run as SVG: temperatures, set-point, and when the relay was on. */
import type { Seen } from "../play.ts";

export interface Line {
  readonly name: string;
  /** CSS colour. */
  readonly colour: string;
  readonly points: readonly (readonly [hour: number, value: number])[];
}

/** Notes a run for a plot, from an hour on: at most `most` points, and every switch. */
export class Trace {
  readonly air: [hour: number, value: number][] = [];
  readonly target: [hour: number, value: number][] = [];
  /** Hours of ON. */
  readonly on: [from: number, to: number][] = [];
  readonly #everyH: number;
  #commanded = false;
  #nextAt: number;

  constructor(from: number, to: number, most = 900) {
    this.#everyH = (to - from) / most;
    this.#nextAt = from;
  }

  readonly watch = ({ hour, state, target, commanded }: Seen): void => {
    if (hour + 1e-9 < this.#nextAt && this.air.length === 0) return;
    if (commanded && !this.#commanded) this.on.push([hour, hour]);
    const run = this.on.at(-1);
    if (this.#commanded && run) run[1] = hour;
    this.#commanded = commanded;
    const before = this.target.at(-1)?.[1];
    // A step, not a ramp.
    if (before !== undefined && before !== target) this.target.push([hour, before], [hour, target]);
    if (hour < this.#nextAt) return;
    this.#nextAt = hour + this.#everyH;
    this.air.push([hour, state.air]);
    if (before === undefined) this.target.push([hour, target]);
  };

  /** The set-point up to the last point. */
  get setPoint(): readonly (readonly [number, number])[] {
    const [last, end] = [this.target.at(-1), this.air.at(-1)];
    return last && end ? [...this.target, [end[0], last[1]]] : this.target;
  }
}

const [width, height] = [960, 320];
const inner = { left: 46, right: 12, top: 34, bottom: 54 };

/** @param strip hours of ON */
export function plot(
  title: string,
  lines: readonly Line[],
  strip: readonly (readonly [number, number])[],
): string {
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const hours = lines.flatMap(({ points }) => points.map(([hour]) => hour));
  const [low, high] = padded(least(values), most(values));
  const [from, to] = [least(hours), most(hours)];
  const x = (hour: number) => inner.left + ((hour - from) / (to - from)) * (width - inner.left - inner.right);
  const y = (value: number) =>
    height - inner.bottom - ((value - low) / (high - low)) * (height - inner.top - inner.bottom);
  const at = (hour: number, value: number) => `${x(hour).toFixed(1)},${y(value).toFixed(1)}`;
  const floor = height - inner.bottom;
  const grid = [
    ...ticks(low, high, 6).map(
      (value) =>
        `<path class="g" d="M${inner.left} ${y(value).toFixed(1)}H${width - inner.right}"/><text x="${inner.left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value}</text>`,
    ),
    ...everyHours(from, to).map(
      (hour) =>
        `<path class="g" d="M${x(hour).toFixed(1)} ${inner.top}V${floor}"/><text x="${x(hour).toFixed(1)}" y="${height - 10}" text-anchor="middle">${hour} h</text>`,
    ),
  ];
  const curves = lines.map(
    ({ colour, points }) =>
      `<polyline fill="none" stroke="${colour}" stroke-width="1.3" points="${points.map(([hour, value]) => at(hour, value)).join(" ")}"/>`,
  );
  const legend = lines.map(
    ({ name, colour }, index) =>
      `<text x="${width - inner.right - 150 * (lines.length - index) + 20}" y="20" fill="${colour}">${xml(name)}</text>`,
  );
  const relay = strip.map(([a, b]) => `M${x(a).toFixed(1)} ${floor + 14}H${x(b).toFixed(1)}`).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<style>.g{stroke:#ddd;fill:none}</style><rect width="${width}" height="${height}" fill="#fff"/>
<text x="${inner.left}" y="20" font-size="14">${xml(title)}</text>
${grid.join("\n")}
${curves.join("\n")}
${legend.join("\n")}
<text x="${inner.left - 6}" y="${floor + 18}" text-anchor="end">relay</text><path d="${relay}" stroke="#c60" stroke-width="10" fill="none"/>
</svg>
`;
}

const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b));
const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b));

function padded(low: number, high: number): readonly [number, number] {
  const margin = Math.max(0.2, (high - low) * 0.05);
  return [low - margin, high + margin];
}

/** About `count` round numbers between the limits. */
function ticks(low: number, high: number, count: number): number[] {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toFixed(6)));
}

/** Whole hours, a dozen at most. */
function everyHours(from: number, to: number): number[] {
  const step = [1, 2, 3, 4, 6, 12, 24].find((hours) => (to - from) / hours <= 12) ?? 24;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, index) => (first + index) * step);
}

const xml = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
