/** The guardian in virtual time, with loops, a line and a watcher that do what the test says. */
import type { Clock } from "../../../src/base/clock.ts";
import type { Log } from "../../../src/base/log.ts";
import { type Millis, millis, type WallMillis } from "../../../src/base/units.ts";
import { type ChosenLoop, type GuardedLoop, Guardian } from "../../../src/firmware/guardian/guardian.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

/** A loop that does what the test says. */
class FakeLoop implements GuardedLoop {
  readonly pid = 1;
  readonly killed: string[] = [];
  diesOnTerm = true;
  diesOnKill = true;
  readonly #order: string[];
  #beat: (heaterOn: boolean) => void = () => {};
  #exit: (code: number | null, signal: string | null) => void = () => {};
  constructor(order: string[]) {
    this.#order = order;
  }
  onBeat(listener: (heaterOn: boolean) => void): void {
    this.#beat = listener;
  }
  onExit(listener: (code: number | null, signal: string | null) => void): void {
    this.#exit = listener;
  }
  kill(signal: "SIGTERM" | "SIGKILL"): void {
    this.killed.push(signal);
    this.#order.push(signal);
    if (signal === "SIGKILL") {
      if (this.diesOnKill) this.exit(null, "SIGKILL");
    } else if (this.diesOnTerm) this.exit(0);
  }
  beat(heaterOn = false): void {
    this.#beat(heaterOn);
  }
  exit(code: number | null, signal: string | null = null): void {
    this.#exit(code, signal);
  }
}

/** A process that can stand still: time passes, and its timers fire late. */
export class StoppableClock implements Clock {
  readonly virtual = new VirtualClock();
  #stoodStill = 0;
  now(): Millis {
    return millis(this.virtual.now() + this.#stoodStill);
  }
  wallNow(): WallMillis {
    return this.virtual.wallNow();
  }
  setTimer(delay: Millis, fn: () => void): () => void {
    return this.virtual.setTimer(delay, fn);
  }
  sleep(delay: Millis): Promise<void> {
    return this.virtual.sleep(delay);
  }
  advance(duration: Millis): Promise<void> {
    return this.virtual.advance(duration);
  }
  standStill(duration: Millis): void {
    this.#stoodStill += duration;
  }
}

const files = { kernelNumber: 1, exportFile: "", valueFile: "", directionFile: "", offLevel: 0 } as const;

export function rig({ found = true, chosen = [] as (Partial<ChosenLoop> | "pending")[] } = {}) {
  const clock = new StoppableClock();
  const loops: FakeLoop[] = [];
  const offs: string[] = [];
  const order: string[] = [];
  const offFor: (number | undefined)[] = [];
  /** When the guardian had one for whoever watches it. */
  const proofs: number[] = [];
  /** What the next starts do instead, and how the line is found. */
  const world = { spawnFails: [] as string[], wasOn: false, off: true, found, diesOnTerm: true };
  const log: Log = {
    debug() {},
    info: (event) => say(event),
    warn: (event) => say(event),
    error: (event) => say(event),
  };
  const say = (event: string): void => void order.push(`log ${event}`);
  const spawnLoop = (known: Millis | undefined): FakeLoop => {
    const failure = world.spawnFails.shift();
    if (failure !== undefined) throw Object.assign(new Error(failure), { code: failure });
    order.push("spawn");
    offFor.push(known);
    const loop = new FakeLoop(order);
    loop.diesOnTerm = world.diesOnTerm;
    loops.push(loop);
    return loop;
  };
  const ends: [everBeat: boolean, why: string][] = [];
  const pending: ((loop: ChosenLoop | undefined) => void)[] = [];
  const guardian: Guardian = new Guardian({
    clock,
    log,
    spawnLoop,
    choose: () => {
      const next = chosen.shift();
      if (next === undefined) return undefined;
      if (next === "pending") return new Promise((resolve) => void pending.push(resolve));
      const ended = (...end: [boolean, string]): void => void ends.push(end);
      return Promise.resolve({ spawn: spawnLoop, isFactory: false, ended, ...next });
    },
    forceRelayOff: (why) => {
      order.push("off");
      offs.push(why);
      const { wasOn, off } = world;
      world.wasOn = false;
      return { off, wasOn, access: world.found ? files : undefined };
    },
    watcher: {
      watch: (line) => void (line && order.push("watch")),
      setLoop: () => {},
      done: () => order.push("watcher done"),
    },
    onProof: () => void proofs.push(clock.now()),
    pauseProcess: () => order.push("paused"),
  });
  const exit = { code: undefined as number | undefined };
  void guardian.run().then((code) => {
    exit.code = code;
  });
  const loop = (index = loops.length - 1): FakeLoop => {
    const found = loops[index];
    if (found === undefined) throw new Error("no loop yet");
    return found;
  };
  const acts = (): string[] => order.filter((act) => !act.startsWith("log "));
  return { ends, pending, clock, loops, loop, offs, order, acts, offFor, world, guardian, exit, proofs };
}
