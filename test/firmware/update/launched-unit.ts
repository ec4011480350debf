/**
 * A unit with slots in virtual time: the real guardian and the real launcher on a disk in memory that may lose its power,
 * and loops that behave as the release that they are of.
 */
import { type Log, silentLog } from "../../../src/base/log.ts";
import { type Millis, millis, seconds } from "../../../src/base/units.ts";
import { type GuardedLoop, Guardian } from "../../../src/firmware/guardian/guardian.ts";
import type { GuardianToLoop, LoopToGuardian } from "../../../src/firmware/process/messages.ts";
import type { LaunchNote } from "../../../src/firmware/update/launch-note.ts";
import { Launcher, type Program } from "../../../src/firmware/update/launcher.ts";
import type { UpdateRequest } from "../../../src/firmware/update/request.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { SlotStore } from "../../../src/update/slots/slot-store.ts";
import { confirmed, onTrial, outcomeReported, type SlotsState } from "../../../src/update/slots/slots.ts";
import { imageOf, stream, thisDevice, trusted } from "../../update/fixtures.ts";
import { CutDisk } from "../../update/slots/cut-disk.ts";

export const folder = "/data/slots";

/** What a release does from its start on. */
export type Behaviour = (loop: FakeLoop) => void;

export class FakeLoop implements GuardedLoop {
  readonly pid = 1;
  readonly note: LaunchNote | undefined;
  readonly heard: GuardianToLoop[] = [];
  readonly #unit: LaunchedUnit;
  readonly #program: Program | undefined;
  ended = false;
  /** It has blocked its own event loop: it hears no SIGTERM. */
  blocked = false;
  #onBeat: (heaterOn: boolean) => void = () => {};
  #onExit: (code: number | null, signal: string | null) => void = () => {};

  constructor(unit: LaunchedUnit, program: Program | undefined) {
    this.#unit = unit;
    this.#program = program;
    this.note = program && (JSON.parse(program.launchNote) as LaunchNote);
  }
  onBeat(listener: (heaterOn: boolean) => void): void {
    this.#onBeat = listener;
  }
  onExit(listener: (code: number | null, signal: string | null) => void): void {
    this.#onExit = listener;
  }
  kill(signal: "SIGTERM" | "SIGKILL"): void {
    if (signal === "SIGKILL") this.exit(null, signal);
    else if (!this.blocked) this.exit(0);
  }
  say(message: LoopToGuardian): void {
    if (this.ended) return;
    if (message.kind === "beat") {
      if (message.heaterOn) this.#unit.relay = true;
      this.#onBeat(message.heaterOn);
    }
    this.#program?.handle(message, (said) => void this.heard.push(said));
    if (message.kind === "replace-loop") {
      const { slot, digest, sensorFails = false } = message;
      this.#unit.launcher.replace(slot && digest ? { slot, digest } : undefined, { sensorFails });
    }
  }
  exit(code: number | null, signal: string | null = null): void {
    if (this.ended) return;
    this.ended = true;
    this.#onExit(code, signal);
  }
  after(delay: Millis, act: () => void): void {
    this.#unit.clock.setTimer(delay, () => void (this.ended || act()));
  }
  everySecond(act: () => void): void {
    this.after(seconds(1), () => {
      act();
      this.everySecond(act);
    });
  }
}

const beat = { kind: "beat", heaterOn: false } as const;
export const well = { kind: "health", sensor: true, relay: true, storage: true } as const;

/** Speaks, works, heats. */
export const good: Behaviour = (loop) => {
  loop.say({ kind: "hello", protocol: 1 });
  loop.say(well);
  loop.everySecond(() => loop.say(beat));
};

export class LaunchedUnit {
  readonly clock = new VirtualClock();
  readonly disk: CutDisk;
  readonly store: SlotStore;
  readonly launcher: Launcher;
  readonly guardian: Guardian;
  readonly loops: FakeLoop[] = [];
  readonly log: string[] = [];
  /** The line, as the last one left it who wrote to it. */
  relay = false;
  /** Starts of a loop with the relay on: must stay empty (SR-01). */
  readonly relayOnAtStart: number[] = [];
  request: UpdateRequest | undefined;
  storedVersion: number | "unreadable" | undefined = 1;
  exitCode: number | undefined;

  /** @param behaviours of releases by their counter; the factory firmware is 0 */
  constructor(disk: CutDisk, behaviours: Readonly<Record<number, Behaviour>>, factoryVersion = "0.0.1") {
    const log: Log = {
      ...silentLog,
      info: (event) => void this.log.push(event),
      warn: (event) => void this.log.push(event),
      error: (event) => void this.log.push(event),
    };
    this.disk = disk;
    this.store = new SlotStore(disk.files, folder);
    this.launcher = new Launcher({
      store: this.store,
      request: {
        read: () => this.request,
        remove: async () => {
          this.request = undefined;
        },
      },
      keysFolder: "/factory/keys",
      trustedKeys: () => ({ keys: trusted, problems: [] }),
      factory: { root: "/factory", version: factoryVersion },
      platform: thisDevice,
      storedVersion: () => this.storedVersion,
      replaceLoop: (why, how) => this.guardian.replaceLoop(why, how),
      clock: this.clock,
      log,
    });
    const spawn = (program?: Program): GuardedLoop => {
      const loop = new FakeLoop(this, program);
      if (this.relay) this.relayOnAtStart.push(this.loops.length);
      this.loops.push(loop);
      // As a process, it does nothing before whoever started it listens.
      this.clock.setTimer(millis(1), () => (behaviours[this.counterOf(loop)] ?? good)(loop));
      return loop;
    };
    this.guardian = new Guardian({
      clock: this.clock,
      log,
      spawnLoop: () => spawn(),
      choose: () => this.launcher.next().then((program) => ({ ...program, spawn: () => spawn(program) })),
      forceRelayOff: () => {
        const wasOn = this.relay;
        this.relay = false;
        return { off: true, wasOn, access: undefined };
      },
      watcher: { watch() {}, setLoop() {}, done() {} },
      pauseProcess() {},
    });
  }

  /** The power comes. */
  async start(): Promise<this> {
    void this.guardian.run().then((code) => {
      this.exitCode = code;
    });
    await this.pass(millis(2));
    return this;
  }

  async pass(time: Millis): Promise<void> {
    await this.clock.advance(time);
  }

  get state(): SlotsState {
    return this.store.read();
  }

  /** Release of the image that a loop is of; 0 for the factory firmware. */
  counterOf({ note }: FakeLoop): number {
    const program = note?.program ?? "factory";
    return program === "factory" ? 0 : (this.state.slots[program]?.counter ?? -1);
  }

  /** Releases of all starts, in order. */
  get starts(): number[] {
    return this.loops.map((loop) => this.#releases.get(loop) ?? this.#remember(loop));
  }

  readonly #releases = new WeakMap<FakeLoop, number>();
  #remember(loop: FakeLoop): number {
    const counter = this.counterOf(loop);
    this.#releases.set(loop, counter);
    return counter;
  }

  get running(): FakeLoop {
    const last = this.loops.at(-1);
    if (last === undefined) throw new Error("no loop yet");
    return last;
  }
}

/** A disk on which release 5 is confirmed in slot a, and release 6 waits in slot b, on trial or not. */
export async function diskWith5And6(isOnTrial = true): Promise<CutDisk> {
  const disk = new CutDisk();
  const store = new SlotStore(disk.files, folder);
  const five = await store.install(stream(imageOf(5)), trusted, thisDevice);
  await store.change((state) => outcomeReported(confirmed(onTrial(state, five.slot))));
  const six = await store.install(stream(imageOf(6)), trusted, thisDevice);
  if (isOnTrial) await store.change((state) => onTrial(state, six.slot));
  return disk;
}
