/**
 * Supervises the local hub in a process of its own, once the loop requests one, and forwards the messages about the
 * device's front between the two.
 *
 * Guarantee: heating never depends on the hub: it starts after the loop, its end is only logged, and it is restarted with
 * growing pauses, also after a failed start; a hanging hub is killed at the end. Messages to a missing or slow side are
 * dropped; at most one picture and a few presses wait here.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { Backoff, type BackoffLimits } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { errnoOf } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { read } from "../base/schema/schema.ts";
import { millis, minutes, seconds } from "../base/units.ts";
import type { GuardianToHub } from "../firmware/front/messages.ts";
import { cleanFlags, ownSession } from "../firmware/guardian/clean-node.ts";
import { exitCodes } from "../firmware/process/exit-codes.ts";
import {
  type GuardianToLoop,
  type HubReady,
  hubToGuardian,
  loopToGuardian,
} from "../firmware/process/messages.ts";
import { NewestSender } from "../firmware/process/newest-sender.ts";
import { packageRoot } from "../firmware/process/package-root.ts";
import { systemClock } from "../firmware/process/system-clock.ts";

export interface HubSupervisorOptions {
  readonly dataPath: string;
  readonly log: Log;
  /** Nothing may be written over a live panel. */
  readonly quiet: boolean;
  /** For tests: replaces the clock and the start of the process. */
  readonly clock?: Clock;
  readonly startHub?: () => ChildProcess;
}

const restarts: BackoffLimits = { first: seconds(2), longest: minutes(1) };
const noSpacing = millis(0);
/** How long a hub that was asked to end may take, and then the kernel. */
const endLimit = seconds(3);
const killLimit = seconds(1);
/** More wait only for a loop that is stuck: what it would do with them then surprises. */
const maxPresses = 20;

export class HubSupervisor {
  readonly #options: HubSupervisorOptions;
  #hub: ChildProcess | undefined;
  #loop: ChildProcess | undefined;
  #ready: HubReady | undefined;
  readonly #restarts = new Backoff(restarts);
  #stopped = false;
  #cancel: () => void = () => {};
  #presses = 0;
  readonly #clock: Clock;
  readonly #panel: NewestSender<object>;

  constructor(options: HubSupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#panel = new NewestSender<object>({
      clock: this.#clock,
      spacing: noSpacing,
      send: (message, done) => {
        if (this.#hub?.connected && this.#ready) this.#hub.send(message, () => done());
        else done();
      },
    });
  }

  /** A loop without credentials runs: it is told as soon as the hub stands. */
  wantedBy(loop: ChildProcess): void {
    if (loop !== this.#loop) this.#listenTo(loop);
    this.#loop = loop;
    if (this.#hub === undefined) this.#start();
    else this.#tell();
  }

  /** Resolves when the hub has ended, or at the timeout. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    const hub = this.#hub;
    if (hub === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      hub.once("exit", () => {
        this.#cancel();
        resolve();
      });
      hub.kill("SIGTERM");
      this.#cancel = this.#clock.setTimer(endLimit, () => {
        this.#cancel = this.#clock.setTimer(killLimit, resolve);
        hub.kill("SIGKILL");
      });
    });
  }

  #start(): void {
    if (this.#stopped) return;
    let hub: ChildProcess;
    try {
      hub = (this.#options.startHub ?? (() => spawnHub(this.#options)))();
    } catch (error) {
      this.#ended(null, errnoOf(error));
      return;
    }
    this.#hub = hub;
    hub.on("message", (message) => {
      const said = read(hubToGuardian, message);
      if (said?.kind === "panel-pressed") this.#press(said);
      if (said?.kind !== "hub-ready") return;
      this.#ready = said;
      this.#restarts.reset();
      this.#panel.resend();
      this.#tell();
    });
    hub.once("exit", (code) => this.#ended(code));
    // Later errors are those of a message or a signal that came too late.
    hub.on("error", (error) => {
      if (hub.pid === undefined) this.#ended(null, errnoOf(error));
    });
  }

  #ended(code: number | null, reason?: string): void {
    this.#hub = undefined;
    this.#ready = undefined;
    if (this.#stopped) return;
    // No retry for an error that a person must fix.
    if (code === exitCodes.configuration || code === exitCodes.storage) {
      this.#options.log.warn("hub-not-running", { code, now: "heating continues; see: grove-heater hub" });
      return;
    }
    const pause = this.#restarts.failed();
    this.#options.log.warn("hub-lost", { code, reason, restartInSeconds: pause / 1000 });
    this.#cancel = this.#clock.setTimer(pause, () => this.#start());
  }

  #listenTo(loop: ChildProcess): void {
    // The guardian keeps the newest picture: a hub that comes back is shown it without the loop's doing.
    loop.on("message", (message) => {
      if (read(loopToGuardian, message)?.kind === "panel-shown") this.#panel.offer(message as object);
    });
    loop.once("exit", () => this.#panel.offer({ kind: "panel-gone" } satisfies GuardianToHub));
  }

  #press(message: GuardianToLoop): void {
    if (!this.#loop?.connected || this.#presses >= maxPresses) return;
    this.#presses++;
    this.#loop.send(message, () => {
      this.#presses--;
    });
  }

  #tell(): void {
    // A loop that is gone meanwhile is none of ours: the next one asks again.
    if (this.#ready !== undefined && this.#loop?.connected) this.#loop.send(this.#ready, () => {});
  }
}

function spawnHub({ dataPath, quiet }: HubSupervisorOptions): ChildProcess {
  const main = join(packageRoot, "dist", "main.js");
  return spawn(process.execPath, [...cleanFlags(), main, "hub", "--data", dataPath], {
    ...ownSession(),
    stdio: ["ignore", "ignore", quiet ? "ignore" : "inherit", "ipc"],
  });
}
