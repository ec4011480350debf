/**
 * The rules of the twin on the genuine link: Azure's SDK over TLS against the local hub, many devices side by side, and
 * the hub restarted under them. `RUNS=3000` for more runs, `SEED=…` plays the same scripts again, `RUN=17` one of them
 * alone. Real time is no part of a seed: what was under way when the cable was cut differs from run to run.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seconds } from "../../src/base/units.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import { LinkHub } from "./link-hub.ts";
import { LinkWorld, linkAction } from "./link-world.ts";
import { policy } from "./twin-world.ts";

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const runs = number("RUNS", 300);
const seed = number("SEED", Date.now() % 2 ** 31);
const only = process.env["RUN"] === undefined ? undefined : number("RUN", 0);
/** More make each wait for the others; fewer leave a processor idle while they wait for the silence to be noticed. */
const atOnce = 24;
/** Longer than a device may be online without coming to rest. */
const restartEvery = seconds(8);

const script = fc.tuple(policy, fc.array(linkAction, { minLength: 20, maxLength: 60 }));
type Script = typeof script extends fc.Arbitrary<infer T> ? T : never;

class Tally {
  readonly counts: Record<string, number> = {};

  add(counts: Readonly<Record<string, number>>): void {
    for (const [what, count] of Object.entries(counts)) {
      this.counts[what] = (this.counts[what] ?? 0) + count;
    }
  }
}

/** @throws with what is needed to play it again */
async function play(hub: LinkHub, run: number, [chosen, actions]: Script, tally: Tally): Promise<void> {
  const world = await LinkWorld.make(hub, `run-${run}`, chosen);
  try {
    for (const action of actions) await world.play(action);
    await world.rest();
  } catch (error) {
    const script = `${JSON.stringify(chosen)}\n${JSON.stringify(actions)}`;
    throw new Error(`SEED=${seed} RUN=${run}: ${(error as Error).message}\n${script}`, { cause: error });
  } finally {
    await world.close();
    tally.add(world.counts);
  }
}

/** Restarts the hub again and again until `done`. */
async function restarts(hub: LinkHub, done: Promise<unknown>): Promise<void> {
  let going = true;
  const end = done.then(
    () => (going = false),
    () => (going = false),
  );
  // The first one soon: on a fast machine all is over in a few seconds.
  for (let wait = seconds(1); ; wait = restartEvery) {
    await Promise.race([end, systemClock.sleep(wait)]);
    if (!going) return;
    await hub.restart();
  }
}

describe("the device twin on the genuine SDK over TLS", () => {
  it("ends by the rules after any edits, cuts, lost answers, crashes and restarts", {
    timeout: 3_600_000,
  }, async () => {
    const scripts = fc.sample(script, { seed, numRuns: runs });
    const waiting = [...scripts.entries()].filter(([run]) => only === undefined || run === only);
    const hub = await LinkHub.open();
    const tally = new Tally();
    const began = performance.now();
    const player = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await play(hub, ...next, tally);
    };
    // The first failure stops all of them.
    const stop = (error: unknown) => {
      waiting.length = 0;
      throw error;
    };
    const players = Array.from({ length: atOnce }, () => player().catch(stop));
    const outcomes = Promise.allSettled(players);
    await restarts(hub, outcomes);
    await hub.close();
    const { runs: ended = 0, ...counts } = tally.counts;
    const took = ((performance.now() - began) / 1000).toFixed(1);
    const words = JSON.stringify({ ...counts, "hub restarted": hub.restarts });
    console.log(`SEED=${seed}: ${ended} runs on the genuine SDK over TLS in ${took} s, ${words}`);
    for (const outcome of await outcomes) if (outcome.status === "rejected") throw outcome.reason;
    if (only !== undefined) return;
    // A link on which nothing happens breaks no rule either.
    expect(ended).toBe(runs);
    expect(counts["conflicts"]).toBeGreaterThan(runs / 10);
    expect(counts["repeats"]).toBeGreaterThan(runs / 100);
    expect(counts["refusals"]).toBeGreaterThan(runs / 10);
    expect(counts["reports unanswered"]).toBeGreaterThan(runs / 20);
    expect(counts["connections"]).toBeGreaterThan(runs * 3);
    expect(hub.restarts).toBeGreaterThan(0);
  });
});
