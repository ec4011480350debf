/**
 * Folder supervision/: processes below the control loop, whose failures do not disturb the loop.
 *
 * Supervises one of them, such as the cloud process or the updater.
 *
 * Guarantees: no failure of that process (crash, hang, kill -9, out of memory) delays a step. It is restarted
 * after pauses that grow to half a minute; one that answers no ping for 30 s is killed. `failure` is set
 * while it does not work (SR-11). Its log lines are written here; an unknown message is dropped and logged.
 * It ends with the loop.
 */
import { Backoff, type BackoffLimits } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log, LogFields } from "../../base/log.ts";
import { read, type Schema } from "../../base/schema/schema.ts";
import { type Millis, millis, minutes, seconds } from "../../base/units.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { isFromChild, type Message, type MessageFromChild } from "./messages.ts";

/** The process, as its supervisor needs it. */
export interface SupervisedChild {
  readonly pid: number | undefined;
  /** Must not throw; calls `done` once. @param done receives whether the channel accepted the message */
  send(message: object, done: (arrived: boolean) => void): void;
  onMessage(listener: (message: unknown) => void): void;
  onExit(listener: (code: number | null, signal: string | null) => void): void;
  kill(): void;
}

/** How earlier processes ended. */
export interface EndRecord {
  /**
   * Crashes in a row; reset after a process that was healthy for a minute, and after a failure that a person
   * must fix.
   */
  readonly crashes: number;
  /** The last process had started its work. */
  readonly hadBegun: boolean;
  readonly wasCrash: boolean;
}

export interface SupervisionOptions<Own extends Message> {
  readonly clock: Clock;
  readonly log: Log;
  /** Log events are `<name>-lost`, `<name>-silent`, `<name>-message-unreadable`. */
  readonly name: string;
  /** In messages: "the cloud process". */
  readonly title: string;
  /** May throw, for instance without memory. */
  readonly spawn: (record: EndRecord) => SupervisedChild;
  /** Everything that the process may send. */
  readonly messages: Schema<Own | MessageFromChild>;
  /** Messages that not every process has. */
  readonly onMessage: (message: Own) => void;
  /** Called when a process has started, and when it has ended. */
  readonly onChild?: (child: SupervisedChild | undefined) => void;
  /** Called when `failure` has changed. */
  readonly onFailure: (failure: string | undefined) => void;
  /** Further fields for the log line about an end. */
  readonly describeEnd?: (record: EndRecord) => LogFields;
}

const restarts: BackoffLimits = { first: seconds(1), longest: seconds(30) };
/** A process that lived this long was healthy. */
const healthyAfter = minutes(1);
const pingEvery = seconds(5);
const silenceLimit = seconds(30);
/** Loading the SDK blocks it; on the slowest board for some ten seconds. */
const startLimit = minutes(1);
/** A timer that is this late means that this process or the machine was stalled: answers may be unread. */
const lateTimer = seconds(2);
/** How long a restarted process must work before it counts as recovered. */
const settledAfter = seconds(3);
const stopLimit = millis(3500);

export class SupervisedProcess<Own extends Message = never> {
  readonly #options: SupervisionOptions<Own>;
  #child: SupervisedChild | undefined;
  readonly #restarts = new Backoff(restarts);
  #record: EndRecord = { crashes: 0, hadBegun: false, wasCrash: false };
  /** Whether this process has reported that it works, and when it started. */
  #hasBegun = false;
  #startedAt: Millis = millis(0);
  #answeredAt: Millis = millis(0);
  /** Why there is no process, and the failure that the process reports. */
  #failure: string | undefined;
  #reported: string | undefined;
  #announced: string | undefined;
  #unreadable = 0;
  #stopped = false;
  #onEnded = (): void => {};
  #cancelTimers: () => void = () => {};
  #cancelSettled: () => void = () => {};

  constructor(options: SupervisionOptions<Own>) {
    this.#options = options;
  }

  start(): void {
    const { clock, spawn } = this.#options;
    if (this.#stopped) return;
    let child: SupervisedChild;
    try {
      child = spawn(this.#record);
    } catch (error) {
      this.#options.onChild?.(undefined);
      this.#again(`could not be started: ${messageOf(error)}`, false);
      return;
    }
    this.#child = child;
    this.#hasBegun = false;
    this.#startedAt = clock.now();
    this.#answeredAt = clock.now();
    child.onMessage((message) => {
      if (child !== this.#child) return;
      this.#answeredAt = clock.now();
      this.#take(message);
    });
    child.onExit((code, signal) => this.#ended(child, code, signal));
    this.#options.onChild?.(child);
    this.#ping(child);
  }

  /** The failure, while it does not work: there is no process, or the process reports a failure. */
  get failure(): string | undefined {
    return this.#failure ?? this.#reported;
  }

  /** The message is lost if there is no process. */
  send(message: object): void {
    this.#child?.send(message, () => {});
  }

  #take(message: unknown): void {
    const { messages, log, name, title, onMessage } = this.#options;
    const received = read(messages, message);
    if (received === undefined) {
      this.#unreadable += 1;
      log.warn(`${name}-message-unreadable`, { from: title, dropped: this.#unreadable });
    } else if (!isFromChild(received)) onMessage(received);
    else if (received.kind === "health") this.#tookHealth(received.failure);
    else if (received.kind === "log") log[received.level](received.event, received.fields);
  }

  #tookHealth(failure: string | undefined): void {
    this.#reported = failure;
    this.#changed();
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#cancelSettled = this.#options.clock.setTimer(settledAfter, () => {
      this.#failure = undefined;
      this.#changed();
    });
  }

  /** Resolves when the process has ended: within four seconds. */
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
    child.send({ kind: "stop" }, () => {});
    const cancel = clock.setTimer(stopLimit, () => child.kill());
    await ended;
    cancel();
  }

  #ping(child: SupervisedChild): void {
    const { clock, log, name } = this.#options;
    const dueAt = clock.now() + pingEvery;
    this.#cancelTimers = clock.setTimer(pingEvery, () => {
      const now = clock.now();
      const limit = this.#hasBegun ? silenceLimit : startLimit;
      if (now - dueAt > lateTimer) this.#answeredAt = now;
      if (now - this.#answeredAt > limit) {
        log.error(`${name}-silent`, { forSeconds: limit / 1000, pid: child.pid });
        child.kill();
        return;
      }
      child.send({ kind: "ping" }, () => {});
      this.#ping(child);
    });
  }

  #ended(child: SupervisedChild, code: number | null, signal: string | null): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    this.#options.onChild?.(undefined);
    this.#cancelTimers();
    this.#cancelSettled();
    this.#onEnded();
    if (this.#stopped) return;
    const reason = signal === null ? `exit code ${code}` : `signal ${signal}`;
    // An invalid manifest, or a lack of memory, is not a crash.
    const isCrash = child.pid !== undefined && !isForThePerson(code);
    if (this.#hasBegun && this.#options.clock.now() - this.#startedAt >= healthyAfter) {
      this.#record = { ...this.#record, crashes: 0 };
      this.#restarts.reset();
    }
    this.#again(reason, isCrash);
  }

  #again(reason: string, wasCrash: boolean): void {
    const { clock, log, name, title, describeEnd } = this.#options;
    const crashes = this.#record.crashes + (wasCrash ? 1 : 0);
    this.#record = { crashes, hadBegun: this.#hasBegun, wasCrash };
    this.#hasBegun = false;
    this.#failure = `${title} ended: ${reason}`;
    const pause = this.#restarts.failed();
    log.error(`${name}-lost`, {
      reason,
      restartInSeconds: pause / 1000,
      ...describeEnd?.(this.#record),
      now: "heating continues without it",
    });
    this.#changed();
    this.#cancelTimers = clock.setTimer(pause, () => this.start());
  }

  #changed(): void {
    const { failure } = this;
    if (this.#stopped || failure === this.#announced) return;
    this.#announced = failure;
    this.#options.onFailure(failure);
  }
}

/** Codes of failures that need a fix by a person. */
const isForThePerson = (code: number | null): boolean =>
  code !== null && code >= exitCodes.usage && code !== exitCodes.internal;
