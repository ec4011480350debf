/** The sweep: the whole core in rooms that nobody tuned it for, beside peers held to as many starts an hour. */
import type { Raised } from "./contenders/core.ts";
import { Core } from "./contenders/core.ts";
import { onOff } from "./contenders/on-off.ts";
import { pid } from "./contenders/pid.ts";
import { matched } from "./matched.ts";
import { play } from "./play.ts";
import type { DrawnRoom, RoomSize } from "./rooms.ts";
import type { Score } from "./score.ts";

export type PeerName = "on/off 0.3 K" | "on/off 0.1 K" | "PID";

export interface SweptRoom {
  readonly ours: Score;
  /** Faults that ours raised: none is in order here. */
  readonly raised: readonly Raised[];
  readonly peers: Readonly<Record<PeerName, Score>>;
}

export function sweepRoom({ course, seed }: DrawnRoom): SweptRoom {
  const core = new Core({ sensorPeriodSeconds: course.periodS });
  const ours = play(course, core, { seed });
  const held = (make: Parameters<typeof matched>[0], shortestS: number) =>
    matched(make, course, ours.startsPerHour, { seed, shortestS }).score;
  return {
    ours,
    raised: core.raised,
    peers: {
      "on/off 0.3 K": held((cycleS) => onOff(0.3, cycleS / 2), 1),
      "on/off 0.1 K": held((cycleS) => onOff(0.1, cycleS / 2), 600),
      PID: held((periodS) => pid({ periodS }), 120),
    },
  };
}

/** The best of the peers by RMSE. */
export function bestPeer({ peers }: SweptRoom): Score {
  return Object.values(peers).reduce((best, score) => (score.rmse < best.rmse ? score : best));
}

export const ratio = (room: SweptRoom): number => room.ours.rmse / bestPeer(room).rmse;

/** What must be reached: a share of the rooms not above `limit` times the best peer, none above `worst` times. */
const must = {
  "well-sized": { limit: 1, share: 0.95, worst: 1.1, starts: 4 },
  undersized: { limit: 1.02, share: 1, worst: 1.02, starts: Number.POSITIVE_INFINITY },
} as const satisfies Record<RoomSize, unknown>;

export interface Summary {
  readonly size: RoomSize;
  readonly rooms: number;
  /** Share of the rooms that keep to the limit. */
  readonly share: number;
  readonly worst: number;
  readonly rmse: number;
  readonly peers: Readonly<Record<PeerName, number>>;
  readonly bestPeer: number;
  readonly startsPerHour: number;
  readonly raised: number;
  /** What was not reached. */
  readonly missed: readonly string[];
}

export function summarise(size: RoomSize, rooms: readonly SweptRoom[]): Summary | undefined {
  if (rooms.length === 0) return undefined;
  const mean = (of: (room: SweptRoom) => number) =>
    rooms.reduce((sum, room) => sum + of(room), 0) / rooms.length;
  const { limit, share: least, worst: most, starts } = must[size];
  const share = rooms.filter((room) => ratio(room) <= limit).length / rooms.length;
  const worst = Math.max(...rooms.map(ratio));
  const startsPerHour = mean(({ ours }) => ours.startsPerHour);
  const raised = rooms.filter((room) => room.raised.length > 0).length;
  const missed = [
    ...(share < least ? [`${(100 * least).toFixed(0)} % of rooms ≤ × ${limit}`] : []),
    ...(worst > most ? [`none above × ${most}`] : []),
    ...(startsPerHour > starts ? [`≤ ${starts} starts/h`] : []),
    ...(raised > 0 ? ["no fault"] : []),
  ];
  return {
    size,
    rooms: rooms.length,
    share,
    worst,
    rmse: mean(({ ours }) => ours.rmse),
    peers: {
      "on/off 0.3 K": mean(({ peers }) => peers["on/off 0.3 K"].rmse),
      "on/off 0.1 K": mean(({ peers }) => peers["on/off 0.1 K"].rmse),
      PID: mean(({ peers }) => peers.PID.rmse),
    },
    bestPeer: mean((room) => bestPeer(room).rmse),
    startsPerHour,
    raised,
    missed,
  };
}
