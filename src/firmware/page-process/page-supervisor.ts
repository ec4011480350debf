/**
 * Runs the process with the page: the local hub once the loop requests it, otherwise the device's own page. Forwards the
 * messages about the device's front between that process and the loop.
 *
 * Guarantee: heating never depends on it: it starts after the loop, its end is only logged, and it is restarted after
 * increasing pauses, also when its start fails; one that hangs is killed at the end. Messages to a missing or slow process
 * are dropped; at most one picture and a few presses wait here.
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
import {
  type GuardianToLoop,
  type HubReady,
  hubToGuardian,
  loopToGuardian,
  type PageReady,
} from "../process/messages.ts";
import { NewestSender } from "../process/newest-sender.ts";
import { packageRoot } from "../process/package-root.ts";
import { systemClock } from "../process/system-clock.ts";

export interface PageSupervisorOptions {
  readonly dataPath: string;
  readonly log: Log;
  /** The terminal shows a live panel, so nothing else may print there. */
  readonly quiet: boolean;
  /** Flags of the verb that serves the page, besides the data folder. */
  readonly flags?: readonly string[];
  /** No page: then a device without a hub has no such process. */
  readonly noPage?: boolean;
  /** For tests: replaces the clock and the start of the process. */
  readonly clock?: Clock;
  readonly spawn?: (what: Served) => ChildProcess;
}

/** What the process serves: the local hub with its page, or the page of the device. */
export type Served = "hub" | "page";

const restarts: BackoffLimits = { first: seconds(2), longest: minutes(1) };
const noSpacing = millis(0);
/** Time to end by itself; after that, time for the kernel to kill it. */
const endTimeout = seconds(3);
const killTimeout = seconds(1);
/** More than these can only wait for a loop that is stuck, and late presses would surprise the user. */
const maxPresses = 20;

export class PageSupervisor {
  readonly #options: PageSupervisorOptions;
  #child: ChildProcess | undefined;
  #wanted: Served = "page";
  #running: Served | undefined;
  #loop: ChildProcess | undefined;
  #ready: HubReady | PageReady | undefined;
  readonly #restarts = new Backoff(restarts);
  #stopped = false;
  #cancel: () => void = () => {};
  #presses = 0;
  readonly #clock: Clock;
  readonly #panel: NewestSender<object>;

  constructor(options: PageSupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#panel = new NewestSender<object>({
      clock: this.#clock,
      spacing: noSpacing,
      send: (message, done) => {
        if (this.#child?.connected && this.#ready) this.#child.send(message, () => done());
        else done();
      },
    });
  }

  /**
   * Starts the server that the loop needs, in place of the one for an earlier loop, and tells the loop when
   * it is ready.
   */
  startFor(loop: ChildProcess, what: Served): void {
    if (loop !== this.#loop) this.#listenTo(loop);
    this.#loop = loop;
    this.#wanted = what;
    if (this.#child === undefined) {
      this.#cancel();
      this.#start();
    } else if (this.#running === what) this.#tellLoop();
    else void this.#endChild(this.#child);
  }

  /** Resolves when the process has ended, or at the timeout. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    return this.#child === undefined ? Promise.resolve() : this.#endChild(this.#child);
  }

  #endChild(child: ChildProcess): Promise<void> {
    return new Promise((resolve) => {
      child.once("exit", () => {
        cancel();
        resolve();
      });
      let cancel = this.#clock.setTimer(endTimeout, () => {
        cancel = this.#clock.setTimer(killTimeout, resolve);
        child.kill("SIGKILL");
      });
      child.kill("SIGTERM");
    });
  }

  #start(): void {
    const what = this.#wanted;
    if (this.#stopped || (what === "page" && this.#options.noPage)) return;
    let child: ChildProcess;
    try {
      child = (this.#options.spawn ?? ((served) => spawnServer(served, this.#options)))(what);
    } catch (error) {
      this.#ended(what, null, errnoOf(error));
      return;
    }
    this.#child = child;
    this.#running = what;
    child.on("message", (message) => {
      const received = read(hubToGuardian, message);
      if (received?.kind === "panel-pressed" || received?.kind === "simulate-fault") this.#press(received);
      if (received?.kind !== "hub-ready" && received?.kind !== "page-ready") return;
      this.#ready = received;
      this.#restarts.reset();
      this.#panel.resend();
      this.#tellLoop();
    });
    child.once("exit", (code) => this.#ended(what, code));
    // Errors after the start concern a message or signal to a process that has just ended.
    child.on("error", (error) => {
      if (child.pid === undefined) this.#ended(what, null, errnoOf(error));
    });
  }

  #ended(what: Served, code: number | null, reason?: string): void {
    this.#child = undefined;
    this.#ready = undefined;
    if (this.#stopped) return;
    if (what !== this.#wanted) {
      this.#start();
      return;
    }
    // No retry for an error that a person must fix. A disk that is full or read-only may come back by itself.
    if (code === exitCodes.configuration) {
      const now = `heating continues; see: grove-heater ${what}`;
      this.#options.log.warn(`${what}-not-running`, { code, now });
      return;
    }
    const pause = this.#restarts.failed();
    this.#options.log.warn(`${what}-lost`, { code, reason, restartInSeconds: pause / 1000 });
    this.#cancel = this.#clock.setTimer(pause, () => this.#start());
  }

  #listenTo(loop: ChildProcess): void {
    // The guardian keeps the newest picture, so that a restarted process gets it without the loop.
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

function spawnServer(what: Served, { dataPath, quiet, flags = [] }: PageSupervisorOptions): ChildProcess {
  const main = join(packageRoot, "dist", "main.js");
  const verb = what === "hub" ? ["hub"] : ["page", "serve"];
  return spawn(process.execPath, [...cleanFlags(), main, ...verb, "--data", dataPath, ...flags], {
    ...ownSession(),
    stdio: ["ignore", "ignore", quiet ? "ignore" : "inherit", "ipc"],
  });
}
