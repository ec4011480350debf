/**
 * The last safeguard: a program of under 2 MiB, in a session of its own, that turns the relay off when the
 * guardian has ended, whatever the loop does.
 *
 * Guarantee: any end of the guardian closes a pipe that it alone holds; the watcher then turns the line off at once,
 * without Node and without starting a program, and again every 50 ms until the loop is gone. A loop that is still
 * there after five seconds is killed. A watcher that ends by itself is started again; where none can be started the
 * guardian continues without it, and reports that.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { Backoff, type BackoffLimits } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import { startOfProcess } from "../../base/files/process-identity.ts";
import type { Log } from "../../base/log.ts";
import { millis, minutes, seconds } from "../../base/units.ts";
import type { RelayAccess } from "../relay-guard.ts";
import { watcherCommand } from "./watcher-program.ts";

export interface Watcher {
  /** From now on this line is turned off when this process ends. `undefined`: no line was found, nothing to watch. */
  watch(access: RelayAccess | undefined): void;
  /** Names the process that may turn the line on; `undefined`: none runs. */
  setLoop(pid: number | undefined): void;
  /** The line was read back off and no loop runs: the watcher ends without a write. */
  done(): void;
}

export interface WatcherProcessOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Open descriptors that live as long as any process that may touch the line: the hardware lock. */
  readonly inherit: readonly number[];
  /** Called when the watcher has been missing for longer than one restart takes, and when it runs again. */
  readonly onMissing?: (missing: boolean) => void;
  /** For tests: replaces how it is started. */
  readonly start?: (access: RelayAccess) => ChildProcess;
}

const restarts: BackoffLimits = { first: millis(100), longest: minutes(1), healthyAfter: seconds(30) };
/** A watcher that has run for this long counts as running again. */
const backAfter = seconds(2);

export class WatcherProcess implements Watcher {
  readonly #options: WatcherProcessOptions;
  #process: ChildProcess | undefined;
  #loop: string | undefined;
  #done = false;
  readonly #restarts = new Backoff(restarts);
  #cancel: () => void = () => {};
  #cancelBack: () => void = () => {};
  #missing = false;

  constructor(options: WatcherProcessOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  watch(access: RelayAccess | undefined): void {
    if (access === undefined) {
      this.#options.log.warn("watcher-not-running", { why: "the relay's line was not found" });
      this.#reportMissing(true);
      return;
    }
    this.#start(access);
  }

  setLoop(pid: number | undefined): void {
    const start = pid === undefined ? undefined : startOfProcess(pid);
    // The number alone may soon mean another process.
    this.#loop = typeof start === "number" ? `${pid} ${start}` : undefined;
    this.#write(`loop ${this.#loop ?? ""}`);
  }

  done(): void {
    this.#done = true;
    this.#cancel();
    this.#cancelBack();
    this.#process?.stdin?.end("done\n");
  }

  #start(access: RelayAccess): void {
    const { clock, log } = this.#options;
    const startedAt = clock.now();
    let over = false;
    const ended = (fields: { readonly reason: string }): void => {
      if (over) return;
      over = true;
      this.#process = undefined;
      if (this.#done) return;
      this.#cancelBack();
      const pause = this.#restarts.failed(millis(clock.now() - startedAt));
      // Only from the second end in a row on: the first restart is quick.
      if (pause > restarts.first) this.#reportMissing(true);
      log.error("watcher-lost", { ...fields, restartInSeconds: pause / 1000 });
      this.#cancel = clock.setTimer(pause, () => this.#start(access));
    };
    try {
      const child = this.#spawn(access);
      this.#process = child;
      // The event "exit" reports its end; a write after that may fail.
      child.stdin?.on("error", () => {});
      child.once("exit", (code, signal) => ended({ reason: signal ?? `exit code ${code}` }));
      child.on("error", (error) => ended({ reason: reasonOf(error) }));
      this.#cancelBack = clock.setTimer(backAfter, () => this.#reportMissing(false));
      // It does not keep this process running.
      child.unref();
      if (this.#loop !== undefined) this.#write(`loop ${this.#loop}`);
    } catch (error) {
      ended({ reason: reasonOf(error) });
    }
  }

  #spawn(access: RelayAccess): ChildProcess {
    const { start, inherit } = this.#options;
    if (start !== undefined) return start(access);
    const { program, flags, options } = watcherCommand(access, inherit);
    return spawn(program, flags, options);
  }

  #reportMissing(missing: boolean): void {
    if (missing === this.#missing) return;
    this.#missing = missing;
    this.#options.onMissing?.(missing);
  }

  #write(line: string): void {
    const stdin = this.#process?.stdin;
    if (stdin?.writable) stdin.write(`${line}\n`);
  }
}
