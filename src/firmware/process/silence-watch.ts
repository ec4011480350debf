/**
 * Decides when another process has been silent for too long (SR-10). The guardian watches its loop with it,
 * and the loop its guardian.
 *
 * Guarantee: no message that the other process sent within the limit is missed. When the timer fires,
 * messages may still wait to be read, so they are read first; and if this process itself did not run
 * (SIGSTOP, a suspended machine, no free core), the limit starts again. A process that never sends anything
 * is still detected: the limit starts again a few times at most.
 */
import type { Clock } from "../../base/clock.ts";
import { read } from "../../base/schema/schema.ts";
import { type Millis, millis, seconds } from "../../base/units.ts";
import { guardianToLoop } from "./messages.ts";

export interface SilenceWatchOptions {
  readonly clock: Clock;
  readonly onSilent: (limit: Millis) => void;
}

/** SR-10: the line is off within 10 s of the last message; half a second is left for turning it off. */
export const silenceLimit = millis(9500);
/**
 * Time to read waiting messages before the decision: on an idle machine one turn of the event loop is enough.
 */
const grace = millis(250);
/** A timer that is this late means that this process did not run. */
const suspendedAfter = seconds(1);
const maxRestarts = 3;

export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  #cancel: () => void = () => {};
  #restarts = 0;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
  }

  /** Call it at the start and at each message: the limit counts from now. */
  within(limit: Millis): void {
    this.#restarts = 0;
    this.#wait(limit);
  }

  stop(): void {
    this.#cancel();
  }

  #wait(limit: Millis): void {
    this.#after(millis(limit - grace), limit, () =>
      this.#after(grace, limit, () => this.#options.onSilent(limit)),
    );
  }

  #after(delay: Millis, limit: Millis, act: () => void): void {
    const { clock } = this.#options;
    const due = clock.now() + delay;
    this.#cancel();
    this.#cancel = clock.setTimer(delay, () => {
      if (clock.now() - due < suspendedAfter || this.#restarts >= maxRestarts) return act();
      this.#restarts += 1;
      this.#wait(limit);
    });
  }
}

/** The loop's view of its guardian: `process`, or a fake in a test. */
export interface GuardianChannel {
  readonly ppid: number;
  on(event: "message", listener: (message: unknown) => void): unknown;
  kill(pid: number, signal: "SIGKILL"): unknown;
}

export interface GuardianWatchOptions {
  readonly clock: Clock;
  readonly channel: GuardianChannel;
  readonly onSilent: (limit: Millis) => void;
}

/**
 * The loop's side of SR-10: watches the guardian's answers to the loop's beats. A loop that ran on without a
 * guardian and then crashed would leave the heater on.
 */
export class GuardianWatch {
  readonly #channel: GuardianChannel;
  readonly #guardian: number;
  readonly #watch: SilenceWatch;

  constructor({ clock, channel, onSilent }: GuardianWatchOptions) {
    this.#channel = channel;
    this.#guardian = channel.ppid;
    this.#watch = new SilenceWatch({ clock, onSilent });
    this.#watch.within(silenceLimit);
    channel.on("message", (message) => {
      if (read(guardianToLoop, message)?.kind === "beat-heard") this.#watch.within(silenceLimit);
    });
  }

  stop(): void {
    this.#watch.stop();
  }

  /**
   * Kills a guardian that does not answer, so that its service manager restarts everything: a guardian that
   * hangs starts no new loop, and the house would get cold. The watcher notices its end and turns the relay
   * off.
   */
  endGuardian(): void {
    // Another parent means that the guardian has ended.
    if (this.#channel.ppid !== this.#guardian) return;
    try {
      this.#channel.kill(this.#guardian, "SIGKILL");
    } catch {
      // It has ended, or belongs to another user: then a person must end it.
    }
  }
}
