/** The sweep: the whole core in rooms that nobody tuned it for, beside peers held to as many starts an hour. */
import type { Settings } from "../../../src/model/settings-table.ts";
import { Core, type Raised } from "./contenders/core.ts";
import { onOff } from "./contenders/on-off.ts";
import { pid } from "./contenders/pid.ts";
import { matched } from "./matched.ts";
import { play } from "./play.ts";
import type { DrawnRoom } from "./rooms.ts";
import type { Score } from "./score.ts";

export const peerNames = ["on/off 0.3 K", "on/off 0.1 K", "PID"] as const;
export type PeerName = (typeof peerNames)[number];

export interface SweptRoom {
  readonly drawn: DrawnRoom;
  readonly ours: Score;
  /** Faults that ours raised: none is in order here. */
  readonly raised: readonly Raised[];
  readonly peers: Readonly<Record<PeerName, Score>>;
}

export function sweepRoom(drawn: DrawnRoom, settings: Partial<Settings> = {}): SweptRoom {
  const { course, seed } = drawn;
  const core = new Core({ sensorPeriodSeconds: course.periodS, ...settings });
  const ours = play(course, core, { seed });
  const held = (make: Parameters<typeof matched>[0], shortestS: number) =>
    matched(make, course, ours.startsPerHour, { seed, shortestS }).score;
  return {
    drawn,
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
  const [first, ...rest] = Object.values(peers);
  if (!first) throw new Error("no peer");
  return rest.reduce((best, score) => (score.rmse < best.rmse ? score : best), first);
}
