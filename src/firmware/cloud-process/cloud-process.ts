/**
 * Folder cloud-process/: the cloud half in a process of its own, and both ends of its messages.
 *
 * Supervises the cloud process. The loop's own process loads no SDK.
 *
 * Guarantees: no failure of that process (crash, hang, kill -9, out of memory) delays a step. It is restarted after
 * pauses that grow to half a minute; one that answers no ping for 30 s is killed. While it does not work, `cloud-failed`
 * is active (SR-11). After repeated ends its store is set aside, so that it cannot crash on it for ever. It ends with the
 * loop.
 */
import { Backoff, type BackoffLimits } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { read } from "../../base/schema/schema.ts";
import { type Millis, millis, minutes, seconds } from "../../base/units.ts";
import type { LinkState } from "../../control/input.ts";
import type { Face, FaceDevice } from "../face.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { DeviceShare } from "./device-share.ts";
import { type CloudMessage, cloudToLoop, type LoopMessage } from "./messages.ts";

/** The process, as its supervisor needs it. */
export interface CloudChild {
  readonly pid: number | undefined;
  /** Must not throw; calls `done` once. @param done is told whether the channel took it */
  send(message: object, done: (arrived: boolean) => void): void;
  onMessage(listener: (message: unknown) => void): void;
  onExit(listener: (code: number | null, signal: string | null) => void): void;
  kill(): void;
}

export interface CloudProcessOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** May throw, for instance without memory. */
  readonly spawn: (setAside: boolean) => CloudChild;
  readonly onNoCredentials: () => void;
  readonly onRestart: () => void;
  readonly onSendLogs?: ((minutes: number) => void) | undefined;
}

const restarts: BackoffLimits = { first: seconds(1), longest: seconds(30) };
/** A process that lived this long was healthy. */
const healthyAfter = minutes(1);
/** Ends in a row after which the store is set aside: before the store was open, and in total. */
const endsWhileOpening = 2;
const endsInARow = 4;
const pingEvery = seconds(5);
const silenceLimit = seconds(30);
/** Loading the SDK blocks it; on the slowest board for some ten seconds. */
const startLimit = minutes(1);
/** A timer so late means that this process or the machine was stalled: pings may be unread. */
const lateTimer = seconds(2);
/** How long it must do its work before it counts as back. */
const settledAfter = seconds(3);
const stopLimit = millis(3500);

export class CloudProcess implements Face {
  readonly #options: CloudProcessOptions;
  #device: FaceDevice | undefined;
  #share: DeviceShare | undefined;
  #child: CloudChild | undefined;
  readonly #restarts = new Backoff(restarts);
  #ends = 0;
  #setAside = false;
  /** This process has said that it works; and when it began. */
  #hasBegun = false;
  #startedAt: Millis = millis(0);
  #heardAt: Millis = millis(0);
  #link: LinkState = "none";
  #crashed: string | undefined;
  #failure: string | undefined;
  #unread = 0;
  #stopped = false;
  #onEnded = (): void => {};
  #cancelTimers: () => void = () => {};
  #cancelSettled: () => void = () => {};
  /** For each process that starts. */
  #greeting: LoopMessage | undefined;

  constructor(options: CloudProcessOptions) {
    this.#options = options;
  }

  /** Resolves at once: the process begins when it can, as often as it must. */
  async start(device: FaceDevice): Promise<void> {
    const { clock, log } = this.#options;
    this.#device = device;
    this.#share = new DeviceShare(device, clock, log);
    this.#spawn();
  }

  get state(): LinkState {
    return this.#link;
  }

  get failure(): string | undefined {
    return this.#crashed ?? this.#failure;
  }

  #spawn(): void {
    const { clock, spawn } = this.#options;
    if (this.#stopped) return;
    let child: CloudChild;
    try {
      child = spawn(this.#setAside);
    } catch (error) {
      this.#again(`could not be started: ${messageOf(error)}`, false);
      return;
    }
    this.#child = child;
    this.#hasBegun = false;
    this.#startedAt = clock.now();
    this.#heardAt = clock.now();
    child.onMessage((message) => this.#take(child, message));
    child.onExit((code, signal) => this.#ended(child, code, signal));
    this.#share?.attach((message, done) => child.send(message, done));
    if (this.#greeting !== undefined) child.send(this.#greeting, () => {});
    this.#ping(child);
  }

  /** Passes this on, now and to each process that starts later. */
  greetWith(message: LoopMessage): void {
    this.#greeting = message;
    this.#child?.send(message, () => {});
  }

  /** Lost where there is no process to take them. */
  sendLines(lines: string): void {
    this.#child?.send({ kind: "log-lines", lines }, () => {});
  }

  /** Resolves when the process is gone: within four seconds. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimers();
    this.#cancelSettled();
    const child = this.#child;
    if (child === undefined) return;
    const { clock } = this.#options;
    const ended = new Promise<void>((resolve) => {
      this.#onEnded = resolve;
    });
    this.#tell(child, { kind: "stop" });
    const cancel = clock.setTimer(stopLimit, () => child.kill());
    await ended;
    cancel();
  }

  #take(child: CloudChild, message: unknown): void {
    if (child !== this.#child) return;
    this.#heardAt = this.#options.clock.now();
    const said = read(cloudToLoop, message);
    if (said === undefined) this.#garbage();
    else this.#act(said);
  }

  #act(message: CloudMessage): void {
    const { log, onNoCredentials, onRestart, onSendLogs } = this.#options;
    switch (message.kind) {
      case "request":
        void this.#share?.answer(message);
        break;
      case "link":
        this.#link = message.link;
        this.#device?.faceChanged();
        break;
      case "health":
        this.#failure = message.failure;
        this.#begun();
        break;
      case "log":
        log[message.level](message.event, message.fields);
        break;
      case "send-logs":
        onSendLogs?.(message.minutes);
        break;
      case "restart":
        onRestart();
        break;
      case "no-credentials":
        onNoCredentials();
        break;
      case "pong":
        break;
    }
  }

  #garbage(): void {
    this.#unread += 1;
    this.#options.log.warn("cloud-message-unreadable", { from: "the cloud half", dropped: this.#unread });
  }

  #begun(): void {
    this.#showFailure();
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#cancelSettled = this.#options.clock.setTimer(settledAfter, () => {
      this.#crashed = undefined;
      this.#showFailure();
    });
  }

  #ping(child: CloudChild): void {
    const { clock, log } = this.#options;
    const dueAt = clock.now() + pingEvery;
    this.#cancelTimers = clock.setTimer(pingEvery, () => {
      const now = clock.now();
      const limit = this.#hasBegun ? silenceLimit : startLimit;
      if (now - dueAt > lateTimer) this.#heardAt = now;
      if (now - this.#heardAt > limit) {
        log.error("cloud-process-silent", { forSeconds: limit / 1000, pid: child.pid });
        child.kill();
        return;
      }
      this.#tell(child, { kind: "ping" });
      this.#ping(child);
    });
  }

  #tell(child: CloudChild, message: LoopMessage): void {
    child.send(message, () => {});
  }

  #ended(child: CloudChild, code: number | null, signal: string | null): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    this.#share?.detach();
    this.#cancelTimers();
    this.#cancelSettled();
    this.#onEnded();
    if (this.#stopped) return;
    const why = signal === null ? `exit code ${code}` : `signal ${signal}`;
    // A broken manifest, or a lack of memory, is not caused by the store.
    const isCrash = child.pid !== undefined && !isForThePerson(code);
    const livedLong = this.#hasBegun && this.#options.clock.now() - this.#startedAt >= healthyAfter;
    if (livedLong) {
      this.#ends = 0;
      this.#restarts.reset();
    }
    this.#again(why, isCrash);
  }

  #again(why: string, isCrash: boolean): void {
    const { clock, log } = this.#options;
    if (isCrash) this.#ends += 1;
    // Once for a row of ends: what was set aside already is not to blame for the next one.
    this.#setAside = isCrash && this.#ends === (this.#hasBegun ? endsInARow : endsWhileOpening);
    this.#hasBegun = false;
    this.#crashed = `the cloud half ended: ${why}`;
    const pause = this.#restarts.failed();
    log.error("cloud-process-lost", {
      reason: why,
      restartInSeconds: pause / 1000,
      outbox: this.#setAside ? "will be set aside" : "is kept",
      now: "heating continues without it",
    });
    this.#link = "offline";
    this.#showFailure();
    this.#cancelTimers = clock.setTimer(pause, () => this.#spawn());
  }

  #showFailure(): void {
    if (!this.#stopped) this.#device?.faceChanged();
  }
}

/** Codes of failures that need a fix by a person. */
const isForThePerson = (code: number | null): boolean =>
  code !== null && code >= exitCodes.usage && code !== exitCodes.internal;
