/**
 * Folder guardian/: holds the hardware, forces the relay off, and watches the loop.
 *
 * The guardian: an independent process around the control loop (SR-10, SR-01).
 *
 * Guarantee: whatever happens to the loop (exit, exception, kill -9, a blocked event loop, a start that fails), the
 * relay line is forced off by this process, on its own path to the hardware, before the loop is started again; a loop
 * that is silent for 10 s is killed. The line is turned off before anything is logged. While this process is stopped by
 * Ctrl-Z no loop runs. It contains no heating code, so no error in that can stop it.
 */
import { Backoff, type BackoffLimits } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { type Millis, millis, minutes, seconds } from "../../base/units.ts";
import { type ExitCode, exitCodes } from "../process/exit-codes.ts";
import { SilenceWatch, silenceLimit } from "../process/silence-watch.ts";
import type { ForceOff } from "../relay-guard.ts";
import { RelayHistory } from "./relay-history.ts";
import type { Watcher } from "./watcher.ts";

/** The loop's process, as far as the guardian needs it. */
export interface GuardedLoop {
  readonly pid: number | undefined;
  /** Called at each beat of the loop, with its command for the relay. */
  onBeat(listener: (heaterOn: boolean) => void): void;
  /** Called once, also when the process could not be started. */
  onExit(listener: (code: number | null, signal: string | null, failure?: string) => void): void;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/** @param offFor for how long the relay has been off; `undefined`: it was not seen on. May throw */
type SpawnLoop = (offFor: Millis | undefined) => GuardedLoop;

/** The program of one loop, where updates are installed. */
export interface ChosenLoop {
  readonly spawn: SpawnLoop;
  /**
   * Whether this is the installed program and not an update. The guardian ends when it ends as intended, or
   * with an error that a person must fix. After the end of an update's program the guardian starts the next
   * one: a bad update must not end the heating.
   */
  readonly isFactory: boolean;
  /** Called when its loop has ended, before the next choice. */
  ended(everBeat: boolean, why: string): void;
}

export interface GuardianOptions {
  readonly spawnLoop: SpawnLoop;
  /**
   * Called before each start, with the relay off; absent or `undefined`: uses `spawnLoop`. Settles soon, never rejects.
   */
  readonly choose?: (() => Promise<ChosenLoop | undefined> | undefined) | undefined;
  readonly forceRelayOff: ForceOff;
  readonly watcher: Watcher;
  /**
   * Called whenever the relay is known to be under control: at each beat, and every ten seconds before the first beat.
   */
  readonly onProof?: (() => void) | undefined;
  /** Stops this process; returns when it is continued (SIGCONT). */
  readonly pauseProcess: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * A loop does not touch the relay before its first beat, so it may start slowly, and more slowly at each
 * retry.
 */
const startLimits: BackoffLimits = { first: seconds(60), longest: minutes(10) };
/** Time limit of a loop that was asked to end. */
const endLimit = seconds(5);
/** Time limit for the kernel to end a killed process: one that waits for a hung device never ends. */
const killLimit = seconds(2);
/** Before a loop's first beat the line is off, and it is enough to prove that this process runs. */
const proofEvery = seconds(10);
/** How often the line is forced off again while a killed loop has not ended. */
const offAgainEvery = seconds(1);
const restarts: BackoffLimits = { first: seconds(1), longest: minutes(1), healthyAfter: minutes(5) };

interface End {
  readonly code: number | null;
  readonly why: string;
  readonly everBeat: boolean;
  /** The line was read back off after it. */
  readonly off: boolean;
}

export class Guardian {
  readonly #options: GuardianOptions;
  readonly #history = new RelayHistory();
  #loop: GuardedLoop | undefined;
  /** The running loop has taken a step, so from now on its beats are the proof. */
  #loopBeats = false;
  #watched = false;
  /** What was requested of the guardian; until it is done, no further loop is started. */
  #requested: "stop" | "pause" | "replace" | undefined;
  readonly #restarts = new Backoff(restarts);
  readonly #startLimit = new Backoff(startLimits);
  #wake: (() => void) | undefined;
  #cancelKill: () => void = () => {};
  #giveUp: () => void = () => {};
  #cancelOffAgain: () => void = () => {};

  constructor(options: GuardianOptions) {
    this.#options = options;
  }

  /** Runs loops until one ends as intended, or cannot start at all. Resolves to the exit code. */
  async run(): Promise<ExitCode | number> {
    this.#forceOff("start");
    this.#proveWithoutLoop();
    for (;;) {
      if (this.#requested === "pause") this.#pauseProcess();
      if (this.#requested === "replace") this.#requested = undefined;
      // Without a choice the first loop is started synchronously.
      const choice = this.#options.choose?.();
      const chosen = choice && (await choice);
      const startedAt = this.#options.clock.now();
      const end = this.#mayStart ? await this.#guardOne(chosen?.spawn) : this.#endWithoutStart();
      chosen?.ended(end.everBeat, end.why);
      const code = await this.#next(end, startedAt, chosen?.isFactory ?? true);
      if (code === undefined) continue;
      // Otherwise the watcher turns the line off when this process ends.
      if (end.off) this.#options.watcher.done();
      return code;
    }
  }

  /** Asks the loop to end, and kills it after a time limit. */
  stop(): void {
    if (this.#requested === "stop") return;
    this.#endLoop("stop", "it is asked to stop");
  }

  /** For Ctrl-Z: turns the relay off, ends the loop, then stops this process until it is continued. */
  pause(): void {
    if (!this.#mayStart) return;
    this.#endLoop("pause", "it is paused");
  }

  /**
   * Ends the loop, the relay off first, and starts the next one at once.
   * @param how "in-order": it is asked to end, and stores its state; "at-once": it is killed
   */
  replaceLoop(why: string, how: "in-order" | "at-once"): void {
    if (this.#requested !== undefined) return;
    const loop = this.#loop;
    this.#endLoop("replace", why);
    if (how === "at-once") loop?.kill("SIGKILL");
  }

  get #mayStart(): boolean {
    return this.#requested !== "stop" && this.#requested !== "pause";
  }

  /** For a stop or a pause that was requested during the choice. */
  #endWithoutStart(): End {
    return { code: null, why: "", everBeat: false, off: this.#forceOff("no loop is to be started").off };
  }

  #endLoop(request: "stop" | "pause" | "replace", why: string): void {
    const { clock } = this.#options;
    const requested = this.#requested !== undefined;
    this.#requested = request;
    const loop = this.#loop;
    // A hung loop would otherwise be killed only after `endLimit`.
    if (loop !== undefined) this.#forceOff(why);
    this.#wake?.();
    if (loop === undefined || requested) return;
    // Before the signal: the end of this loop cancels it, and it must not reach the next one.
    this.#cancelKill = clock.setTimer(endLimit, () => {
      this.#cancelKill = clock.setTimer(killLimit, () => this.#giveUp());
      loop.kill("SIGKILL");
    });
    loop.kill("SIGTERM");
  }

  #pauseProcess(): void {
    const { log, pauseProcess, clock } = this.#options;
    log.info("paused", { relay: "off", until: "it is continued (SIGCONT)" });
    const since = clock.now();
    pauseProcess();
    if (this.#requested === "pause") this.#requested = undefined;
    log.info("continued", { afterSeconds: Math.round((clock.now() - since) / 1000) });
  }

  #proveWithoutLoop(): void {
    const { onProof, clock } = this.#options;
    if (onProof === undefined) return;
    if (!this.#loopBeats) onProof();
    clock.setTimer(proofEvery, () => this.#proveWithoutLoop());
  }

  /**
   * Decides what to do after a loop has ended.
   * @returns the exit code, or `undefined` to start another loop
   */
  async #next(
    { code, why, everBeat }: End,
    startedAt: Millis,
    isFactory: boolean,
  ): Promise<ExitCode | number | undefined> {
    const { clock, log } = this.#options;
    if (this.#requested === "stop") return exitCodes.ok;
    if (this.#requested !== undefined) return undefined;
    const isTrusted = isFactory || everBeat;
    if (code === exitCodes.ok && isTrusted) return exitCodes.ok;
    if (code === exitCodes.restart && isTrusted) {
      log.info("loop-restart", { why: "it was requested" });
      return undefined;
    }
    if (isFactory && !everBeat && code !== null && needsPerson(code)) return code;
    const pause = this.#restarts.failed(millis(clock.now() - startedAt));
    log.error("loop-lost", { reason: why, relay: "off", restartInSeconds: pause / 1000 });
    await this.#wait(pause);
    return this.#requested === "stop" ? exitCodes.ok : undefined;
  }

  #guardOne(spawnLoop: SpawnLoop = this.#options.spawnLoop): Promise<End> {
    const { clock, watcher } = this.#options;
    return new Promise((resolve) => {
      let loop: GuardedLoop;
      try {
        loop = spawnLoop(this.#history.offFor(clock.now()));
      } catch (error) {
        const why = couldNotStart(reasonOf(error));
        resolve({ code: null, why, everBeat: false, off: this.#forceOff(why).off });
        return;
      }
      this.#loop = loop;
      watcher.setLoop(loop.pid);
      let everBeat = false;
      let silent = false;
      let over = false;
      const watch = new SilenceWatch({
        clock,
        onSilent: (limit) => {
          silent = true;
          if (!everBeat) this.#startLimit.failed();
          this.#killSilent(loop, limit);
        },
      });
      watch.within(this.#startLimit.pause);
      loop.onBeat((heaterOn) => {
        everBeat = true;
        this.#loopBeats = true;
        this.#options.onProof?.();
        this.#startLimit.reset();
        this.#history.commanded(heaterOn, clock.now());
        if (!silent) watch.within(silenceLimit);
      });
      const ended = (code: number | null, why: string): void => {
        if (over) return;
        over = true;
        // Before anything else: on a slow device every earlier call would leave the heater on for longer.
        const { off } = this.#forceOff(why);
        watch.stop();
        this.#cancelOffAgain();
        this.#cancelKill();
        this.#loop = undefined;
        this.#loopBeats = false;
        if (off) this.#options.onProof?.();
        watcher.setLoop(undefined);
        resolve({ code, why, everBeat, off });
      };
      this.#giveUp = () => ended(null, "it does not end");
      loop.onExit((code, signal, failure) =>
        ended(code, silent ? "silent for too long" : endOf(code, signal, failure)),
      );
    });
  }

  /** The line first: killing a process that is stuck in the kernel may take long. */
  #killSilent(loop: GuardedLoop, limit: Millis): void {
    const { clock, log } = this.#options;
    const forceOff = (): void => {
      this.#forceOff("the loop is silent");
      this.#cancelOffAgain = clock.setTimer(offAgainEvery, forceOff);
    };
    forceOff();
    loop.kill("SIGKILL");
    log.error("loop-silent", { forSeconds: limit / 1000, pid: loop.pid });
  }

  #forceOff(why: string): ReturnType<ForceOff> {
    const forced = this.#options.forceRelayOff(why);
    this.#history.forcedOff(forced.wasOn, this.#options.clock.now());
    // A line that was not found at the start may be found later.
    if (!this.#watched) this.#options.watcher.watch(forced.access);
    this.#watched ||= forced.access !== undefined;
    return forced;
  }

  #wait(pause: Millis): Promise<void> {
    if (this.#requested !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.setTimer(pause, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

const endOf = (code: number | null, signal: string | null, failure = "unknown"): string => {
  if (signal !== null) return `signal ${signal}`;
  return code === null ? couldNotStart(failure) : `exit code ${code}`;
};

const couldNotStart = (failure: string): string => `could not be started: ${failure}`;

/** Codes that a restart cannot fix: a person must read the message. */
const needsPerson = (code: number): boolean => code >= exitCodes.usage && code !== exitCodes.internal;
