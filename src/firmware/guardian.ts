/**
 * The guardian: an independent process around the control loop (SR-10, SR-01).
 *
 * Guarantee: whatever becomes of the loop (exit, exception, kill -9, a blocked event loop), the relay line is
 * forced off by this process, on its own path to the hardware, before the loop is started again; a loop that
 * says nothing for 10 s is killed. It knows nothing of heating, so nothing of heating can break it.
 */
import type { Clock } from "../control/clock.ts";
import type { Log } from "../control/log.ts";
import { type Millis, millis, minutes, seconds } from "../control/units.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";

/** The loop's process, as far as the guardian needs it. */
export interface GuardedLoop {
  readonly pid: number | undefined;
  /** Called at each sign of life. */
  onBeat(listener: () => void): void;
  onExit(listener: (code: number | null, signal: string | null) => void): void;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

export interface GuardianOptions {
  readonly spawnLoop: () => GuardedLoop;
  /** Must not throw; reports its own failure. */
  readonly forceRelayOff: (why: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** SR-10. */
const silenceLimit = seconds(10);
/** Until the first beat the relay has not been touched; a slow card may take its time. */
const startLimit = seconds(60);
/** How long a loop that was asked to stop may take. */
const stopLimit = seconds(5);
const firstPause = seconds(1);
const longestPause = minutes(1);
/** A loop that lived this long was healthy: the next failure starts at the shortest pause again. */
const healthyAfter = minutes(5);

export class Guardian {
  readonly #options: GuardianOptions;
  #loop: GuardedLoop | undefined;
  #stopping = false;
  #pause: Millis = firstPause;
  #wake: (() => void) | undefined;
  #cancelKill: () => void = () => {};

  constructor(options: GuardianOptions) {
    this.#options = options;
  }

  /** Runs loops until one ends by wish, or cannot start at all. Resolves to the exit code. */
  async run(): Promise<ExitCode | number> {
    const { clock, log, forceRelayOff } = this.#options;
    forceRelayOff("start");
    for (;;) {
      const startedAt = clock.now();
      const end = await this.#guardOne();
      forceRelayOff(end.why);
      if (this.#stopping) return exitCodes.ok;
      if (end.code === exitCodes.ok) return exitCodes.ok;
      if (end.code === exitCodes.restart) {
        log.info("loop-restart", { why: "it was asked for" });
        continue;
      }
      if (!end.everBeat && isForThePerson(end.code)) return end.code ?? exitCodes.internal;
      if (clock.now() - startedAt >= healthyAfter) this.#pause = firstPause;
      log.error("loop-lost", { reason: end.why, relay: "off", restartInSeconds: this.#pause / 1000 });
      await this.#wait(this.#pause);
      if (this.#stopping) return exitCodes.ok;
      this.#pause = millis(Math.min(longestPause, this.#pause * 2));
    }
  }

  /** Asks the loop to end, and sees to it. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#wake?.();
    const loop = this.#loop;
    if (loop === undefined) return;
    loop.kill("SIGTERM");
    this.#cancelKill = this.#options.clock.setTimer(stopLimit, () => loop.kill("SIGKILL"));
  }

  #guardOne(): Promise<{ code: number | null; why: string; everBeat: boolean }> {
    const { spawnLoop, clock, log, forceRelayOff } = this.#options;
    return new Promise((resolve) => {
      const loop = spawnLoop();
      this.#loop = loop;
      let everBeat = false;
      let silent = false;
      let cancel = (): void => {};
      const watch = (limit: Millis): void => {
        cancel();
        cancel = clock.setTimer(limit, () => {
          silent = true;
          log.error("loop-silent", { forSeconds: limit / 1000, pid: loop.pid });
          // The line first: killing a process that hangs in the kernel may take its time.
          forceRelayOff("the loop is silent");
          loop.kill("SIGKILL");
        });
      };
      watch(startLimit);
      loop.onBeat(() => {
        everBeat = true;
        if (!silent) watch(silenceLimit);
      });
      loop.onExit((code, signal) => {
        cancel();
        this.#cancelKill();
        this.#loop = undefined;
        const why = silent
          ? "silent for too long"
          : signal === null
            ? `exit code ${code}`
            : `signal ${signal}`;
        resolve({ code, why, everBeat });
      });
    });
  }

  #wait(pause: Millis): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.setTimer(pause, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** Codes that a restart cannot mend: somebody has to read the message. */
function isForThePerson(code: number | null): boolean {
  return code !== null && code >= exitCodes.usage && code !== exitCodes.internal;
}
