/** The results as text. */
import { exactDutyRipple } from "../bounds.ts";
import type { Contest } from "../contest.ts";
import type { Cost } from "../cost.ts";
import type { DrawnRoom } from "../rooms.ts";
import type { Score } from "../score.ts";
import type { Summary, SweptRoom } from "../sweep.ts";
import { ratio } from "../sweep.ts";
import type { Limit } from "../variants.ts";
import { courseOf, limitsOf, missed, rippleBound, settingsOf } from "../variants.ts";

const figures = {
  discomfort: ["K·h", 3],
  over: ["over K", 2],
  rmse: ["RMSE K", 3],
  peakToPeak: ["p-p K", 2],
  startsPerHour: ["starts/h", 2],
  energy: ["kWh", 2],
} as const satisfies Partial<Record<keyof Score, readonly [string, number]>>;
const shown = Object.keys(figures) as (keyof typeof figures)[];

const cells = (texts: readonly string[]) => texts.map((text) => text.padStart(9)).join("");
const scoreCells = (score: Score) => cells(shown.map((figure) => score[figure].toFixed(figures[figure][1])));
const limitText = ({ figure, atMost }: Limit): string => {
  const [name, digits] = figure === "under" ? (["under K", 2] as const) : figures[figure];
  return `${name} ≤ ${Number(atMost.toFixed(digits))}`;
};

/** One scenario: who scored what, what must be reached, and what physics allows. */
export function contestText(contest: Contest): string {
  const { variant, ours, peers, faults } = contest;
  const limits = limitsOf(variant, ours);
  const misses = missed(limits, ours);
  const verdict = limits.map((limit) => `${limitText(limit)} ${misses.includes(limit) ? "MISSED" : "ok"}`);
  const { unknown } = settingsOf(variant);
  const ripple = rippleBound(variant, ours.startsPerHour);
  const notes = [
    ...(verdict.length > 0 ? [`must reach: ${verdict.join(", ")}`] : []),
    ...(unknown.length > 0 ? [`played with defaults: there is no setting ${unknown.join(", ")}`] : []),
    ...(faults.length > 0 ? [`FAULTS: ${faults.join(", ")}`] : []),
    ...(variant.bound ? [`bound: ${variant.bound(courseOf(variant))}`] : []),
    ...(ripple
      ? [
          `bound: exact duty at ${ours.startsPerHour.toFixed(1)} starts/h: RMSE ${ripple.rmse.toFixed(3)} K, p-p ${ripple.peakToPeak.toFixed(2)} K`,
        ]
      : []),
  ];
  return [
    `\n${variant.name.padEnd(28)}${cells(shown.map((figure) => figures[figure][0]))}`,
    `  ${"grove-heater".padEnd(26)}${scoreCells(ours)}`,
    ...peers.map(({ who, score }) => `  ${who.padEnd(26)}${scoreCells(score)}`),
    ...notes.map((note) => `  ${note}`),
  ].join("\n");
}

export const roomHeading = `${"room".padEnd(9)}${"size".padEnd(11)}${cells(["h", "W", "sizing", "body s", "lag s", "σ K", "step K", "every s", "RMSE", "starts/h", "×best", "0.3 K", "0.1 K", "PID", "ripple"])}`;

/** One room of the sweep. `ripple`: RMSE of the exact duty at as many starts in steady weather. */
export function roomText({ name, size, timeConstantH, sizing, course }: DrawnRoom, swept: SweptRoom): string {
  const { room, quantum, periodS } = course;
  const { ours, peers, raised } = swept;
  const noon = { ...course, scoreFrom: 36 };
  const bound = exactDutyRipple(noon, ours.startsPerHour)?.rmse;
  return `${name.padEnd(9)}${size.padEnd(11)}${cells([
    timeConstantH.toFixed(1),
    room.heaterPower.toFixed(0),
    sizing.toFixed(2),
    room.heaterTimeConstant.toFixed(0),
    room.sensorLag.toFixed(0),
    room.sensorNoise.toFixed(3),
    String(quantum),
    String(periodS),
    ours.rmse.toFixed(3),
    ours.startsPerHour.toFixed(2),
    ratio(swept).toFixed(2),
    ...Object.values(peers).map(({ rmse }) => rmse.toFixed(3)),
    bound?.toFixed(3) ?? "–",
  ])}${raised.map(({ fault, hour }) => ` ${fault} at ${hour.toFixed(1)} h`).join(",")}`;
}

export function summaryText(summary: Summary): string {
  const { size, rooms, share, worst, rmse, peers, bestPeer, startsPerHour, missed: misses } = summary;
  const means = Object.entries(peers).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  return [
    `${size}, ${rooms} rooms: within the limit in ${(100 * share).toFixed(0)} %, at worst × ${worst.toFixed(2)} of the best peer, ${startsPerHour.toFixed(2)} starts/h`,
    `  mean RMSE: ours ${rmse.toFixed(3)} K; ${means.join(", ")}; the best of them in each room ${bestPeer.toFixed(3)}`,
    `  must reach: ${misses.length > 0 ? misses.map((miss) => `${miss} MISSED`).join(", ") : "all ok"}`,
  ].join("\n");
}

export const costText = ({ step, emptyTick, year }: Cost): string =>
  [
    `\nstep of the core: ${step.toFixed(1)} µs a tick (must reach: ≤ 50 ${step <= 50 ? "ok" : "MISSED"}), × ${((step + emptyTick) / emptyTick).toFixed(0)} of an empty tick of ${emptyTick.toFixed(2)} µs`,
    `a simulated year with a reading every 10 s: ${year.toFixed(0)} s (must reach: ≤ 60 ${year <= 60 ? "ok" : "MISSED"})`,
  ].join("\n");
