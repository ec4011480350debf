/**
 * The loop's side of SR-10: the guardian is watched too, by its answers to the loop's beats.
 *
 * Guarantee: a guardian that hangs or was stopped for ten seconds is noticed, since a loop that went on without one and
 * then crashed would leave the heater on; one that answered within that time is not accused, whichever of the two
 * processes, or the machine, stood still meanwhile (silence-watch.ts).
 */
import type { Clock } from "../../base/clock.ts";
import { read } from "../../base/schema/schema.ts";
import type { Millis } from "../../base/units.ts";
import { guardianToLoop } from "./messages.ts";
import { SilenceWatch, silenceLimit } from "./silence-watch.ts";

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
