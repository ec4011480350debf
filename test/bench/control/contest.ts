/** Plays a variant: ours and its peers, with several seeds of the sensor's noise. */
import { Core } from "./contenders/core.ts";
import { onOff } from "./contenders/on-off.ts";
import { pid } from "./contenders/pid.ts";
import { matched } from "./matched.ts";
import { Trace } from "./output/plot.ts";
import { shortened } from "./plant.ts";
import type { Contender, RemoteContender } from "./play.ts";
import { play, playRemote } from "./play.ts";
import { type Score, worst } from "./score.ts";
import { courseOf, settingsOf, type Variant } from "./variants.ts";

export interface Entry {
  readonly who: string;
  readonly score: Score;
}

export type Remote = RemoteContender & { close(): void };

export interface Contest {
  readonly variant: Variant;
  /** The worst of the seeds, figure by figure. */
  readonly ours: Score;
  readonly faults: readonly string[];
  readonly peers: readonly Entry[];
  /** Of the first seed. */
  readonly traces: { readonly ours: Trace; readonly pid: Trace };
}

export interface Effort {
  /** Of the sensor's noise; at least one. */
  readonly seeds: readonly number[];
  /** They play the first seed alone: they are slow. */
  readonly remotes: Readonly<Record<string, () => Remote>>;
  /** Three hours of each. */
  readonly smoke: boolean;
}

export async function contest(variant: Variant, { seeds, remotes, smoke }: Effort): Promise<Contest> {
  const course = smoke ? shortened(courseOf(variant)) : courseOf(variant);
  const trace = () => new Trace(course.scoreFrom, course.hours);
  const traces = { ours: trace(), pid: trace() };
  const faults = new Set<string>();
  const each = (make: () => Contender, trace?: Trace) =>
    worst(
      seeds.map((seed, index) => {
        const contender = make();
        const watch = index === 0 ? trace?.watch : undefined;
        const score = play(course, contender, watch ? { seed, watch } : { seed });
        if (contender instanceof Core) for (const { fault } of contender.raised) faults.add(fault);
        return score;
      }),
    );
  const ours = each(() => new Core(settingsOf(variant).settings), traces.ours);
  const held = matched((periodS) => pid({ periodS }), course, ours.startsPerHour, {
    seed: seeds[0] ?? 1,
    shortestS: 120,
  });
  const far: Entry[] = [];
  for (const [who, make] of Object.entries(remotes)) {
    const remote = make();
    far.push({ who, score: await playRemote(course, remote, { seed: seeds[0] ?? 1 }) });
    remote.close();
  }
  return {
    variant,
    ours,
    faults: [...faults],
    peers: [
      { who: "on/off 0.3 K", score: each(() => onOff(0.3)) },
      { who: "on/off 0.1 K, 5 min", score: each(() => onOff(0.1, 300)) },
      {
        who: `PID, pulses of ${held.cycleS.toFixed(0)} s`,
        score: each(() => pid({ periodS: held.cycleS }), traces.pid),
      },
      ...far,
    ],
    traces,
  };
}
