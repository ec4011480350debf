/**
 * Runs the local hub in a process of its own once the loop requests it, and forwards the messages about the
 * device's front between the two.
 *
 * Guarantee: heating never depends on the hub: it starts after the loop, its end is only logged, and it is
 * restarted after increasing pauses, also when its start fails; a hub that hangs is killed at the end.
 * Messages to a missing or slow process are dropped; at most one picture and a few presses wait here.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { Backoff, type BackoffLimits } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { errnoOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { read } from "../../base/schema/schema.ts";
import { millis, minutes, seconds } from "../../base/units.ts";
import type { GuardianToHub } from "../front/messages.ts";
import { cleanFlags, ownSession } from "../guardian/clean-node.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { type GuardianToLoop, type HubReady, hubToGuardian, loopToGuardian } from "../process/messages.ts";
import { NewestSender } from "../process/newest-sender.ts";
import { packageRoot } from "../process/package-root.ts";
import { systemClock } from "../process/system-clock.ts";

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
/** Time for the hub to end by itself; after that, time for the kernel to kill it. */
const endTimeout = seconds(3);
const killTimeout = seconds(1);
/** More than these can only wait for a loop that is stuck, and late presses would surprise the user. */
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

  /** Starts the hub for a loop without credentials, and tells the loop when the hub is ready. */
  startFor(loop: ChildProcess): void {
    if (loop !== this.#loop) this.#listenTo(loop);
    this.#loop = loop;
    if (this.#hub === undefined) this.#start();
    else this.#tellLoop();
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
      this.#cancel = this.#clock.setTimer(endTimeout, () => {
        this.#cancel = this.#clock.setTimer(killTimeout, resolve);
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
      const received = read(hubToGuardian, message);
      if (received?.kind === "panel-pressed") this.#press(received);
      if (received?.kind !== "hub-ready") return;
      this.#ready = received;
      this.#restarts.reset();
      this.#panel.resend();
      this.#tellLoop();
    });
    hub.once("exit", (code) => this.#ended(code));
    // Errors after the start concern a message or signal to a hub that has just ended.
    hub.on("error", (error) => {
      if (hub.pid === undefined) this.#ended(null, errnoOf(error));
    });
  }

  #ended(code: number | null, reason?: string): void {
    this.#hub = undefined;
    this.#ready = undefined;
    if (this.#stopped) return;
    // No retry for an error that a person must fix. A disk that is full or read-only may come back by itself.
    if (code === exitCodes.configuration) {
      this.#options.log.warn("hub-not-running", { code, now: "heating continues; see: grove-heater hub" });
      return;
    }
    const pause = this.#restarts.failed();
    this.#options.log.warn("hub-lost", { code, reason, restartInSeconds: pause / 1000 });
    this.#cancel = this.#clock.setTimer(pause, () => this.#start());
  }

  #listenTo(loop: ChildProcess): void {
    // The guardian keeps the newest picture, so that a restarted hub gets it without the loop.
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

  #tellLoop(): void {
    // If the loop has ended in the meantime, the next one will ask again.
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
