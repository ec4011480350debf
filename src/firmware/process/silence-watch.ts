/**
 * Decides when another process has been silent for too long: the loop for its guardian, and the guardian for its loop
 * (SR-10).
 *
 * Guarantee: nothing that the other one said within the limit is overlooked. A timer that fires says only that time has
 * passed here: signs of life may wait to be read, so they are read first; and where this process itself stood still
 * (SIGSTOP, a machine that was suspended or had no core to give), the limit starts again. One that never
 * speaks is still found: the limit starts again a few times at most.
 */
import type { Clock } from "../../base/clock.ts";
import { read } from "../../base/schema/schema.ts";
import { type Millis, millis, seconds } from "../../base/units.ts";
import { guardianToLoop } from "./messages.ts";

export interface SilenceWatchOptions {
  readonly clock: Clock;
  readonly onSilent: (limit: Millis) => void;
}

/** SR-10: the line is off within 10 s of the last sign of life, with half a second for the act itself. */
export const silenceLimit = millis(9500);
/** Real running between the timer and the verdict: one turn of the event loop would do, on an idle machine. */
const grace = millis(250);
/** A timer this late means that this process did not run. */
const away = seconds(1);
const maxRestarts = 3;

export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  #cancel: () => void = () => {};
  #restarts = 0;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
  }

  /** A sign of life, or the start: the limit counts from now. */
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
      if (clock.now() - due < away || this.#restarts >= maxRestarts) return act();
      this.#restarts += 1;
      this.#wait(limit);
    });
  }
}

/** `process` fits. */
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
 * The loop's side of SR-10: the guardian is watched by its answers to the loop's beats, since a loop that went on without
 * one and then crashed would leave the heater on.
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
   * Ends a guardian that does not answer, so that whoever started it starts everything anew: it would start no loop
   * itself, and the house would grow cold. The watcher sees it end, and looks after the relay.
   */
  endGuardian(): void {
    // Another parent means that it is gone.
    if (this.#channel.ppid !== this.#guardian) return;
    try {
      this.#channel.kill(this.#guardian, "SIGKILL");
    } catch {
      // Gone, or not this user's: then a person has to.
    }
  }
}
