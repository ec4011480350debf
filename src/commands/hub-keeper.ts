/**
 * Keeps the local hub running beside the loop, in a process of its own, once the loop has said that it wants one, and
 * passes on what the two say to each other about the device's front.
 *
 * Guarantee: the hub is nothing that heat depends on: it starts after the loop runs, its end is only logged, and it
 * is started again with growing pauses. What one side sends while the other is gone or slow is dropped; at most one
 * picture waits here, and a few presses.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Clock } from "../control/clock.ts";
import type { Log } from "../control/log.ts";
import { type Millis, millis, minutes, seconds } from "../control/units.ts";
import { exitCodes } from "../firmware/exit-codes.ts";
import { type HubReady, isHubReady, kindOf } from "../firmware/hub-ready.ts";
import { NewestSender } from "../firmware/newest-sender.ts";
import { packageRoot } from "../firmware/package-root.ts";
import type { PanelGone } from "../firmware/panel-messages.ts";
import { systemClock } from "../firmware/system-clock.ts";

export interface HubKeeperOptions {
  readonly dataPath: string;
  readonly log: Log;
  /** Nothing may be written over a live panel. */
  readonly quiet: boolean;
  /** A test has others. */
  readonly startHub?: () => ChildProcess;
  readonly clock?: Clock;
}

const firstPause = seconds(2);
const longestPause = minutes(1);
const noSpacing = millis(0);
/** More wait only for a loop that is stuck: what it would do with them then surprises. */
const mostPresses = 20;

export class HubKeeper {
  readonly #options: HubKeeperOptions;
  #hub: ChildProcess | undefined;
  #loop: ChildProcess | undefined;
  #ready: HubReady | undefined;
  #pause: Millis = firstPause;
  #stopped = false;
  #cancel: () => void = () => {};
  #presses = 0;
  readonly #panel = new NewestSender<object>({
    clock: systemClock,
    spacing: noSpacing,
    send: (message, done) => {
      if (this.#hub?.connected && this.#ready) this.#hub.send(message, () => done());
      else done();
    },
  });

  constructor(options: HubKeeperOptions) {
    this.#options = options;
  }

  /** A loop without credentials runs: it is told as soon as the hub stands. */
  wantedBy(loop: ChildProcess): void {
    if (loop !== this.#loop) this.#listenTo(loop);
    this.#loop = loop;
    if (this.#hub === undefined) this.#start();
    else this.#tell();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#hub?.kill("SIGTERM");
  }

  #start(): void {
    if (this.#stopped) return;
    const { startHub = () => spawnHub(this.#options) } = this.#options;
    const hub = startHub();
    this.#hub = hub;
    hub.on("message", (message) => {
      if (kindOf(message) === "panel-pressed") this.#press(message as object);
      if (!isHubReady(message)) return;
      this.#ready = message;
      this.#pause = firstPause;
      this.#panel.again();
      this.#tell();
    });
    hub.once("exit", (code) => this.#ended(code));
    hub.once("error", () => this.#ended(null));
  }

  #ended(code: number | null): void {
    this.#hub = undefined;
    this.#ready = undefined;
    if (this.#stopped) return;
    // What a person must mend is no better in a minute.
    if (code === exitCodes.configuration || code === exitCodes.storage) {
      this.#options.log.warn("hub-not-running", { code, now: "heating goes on; see: grove-heater hub" });
      return;
    }
    this.#options.log.warn("hub-lost", { code, restartInSeconds: this.#pause / 1000 });
    const { clock = systemClock } = this.#options;
    this.#cancel = clock.setTimer(this.#pause, () => this.#start());
    this.#pause = millis(Math.min(longestPause, this.#pause * 2));
  }

  #listenTo(loop: ChildProcess): void {
    // The guardian keeps the newest picture: a hub that comes back is shown it without the loop's doing.
    loop.on("message", (message) => {
      if (kindOf(message) === "panel-shown") this.#panel.offer(message as object);
    });
    loop.once("exit", () => this.#panel.offer({ kind: "panel-gone" } satisfies PanelGone));
  }

  #press(message: object): void {
    if (!this.#loop?.connected || this.#presses >= mostPresses) return;
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

function spawnHub({ dataPath, quiet }: HubKeeperOptions): ChildProcess {
  const main = join(packageRoot, "dist", "main.js");
  return spawn(process.execPath, [...process.execArgv, main, "hub", "--data", dataPath], {
    stdio: ["ignore", "ignore", quiet ? "ignore" : "inherit", "ipc"],
  });
}
