/**
 * The last one to act: a shell of under 2 MiB, in a session of its own, that turns the relay off when the guardian is
 * gone, whatever became of the loop.
 *
 * Guarantee: the end of the guardian, by whatever way, closes a pipe that it alone holds; the shell then writes the
 * line's files at once, without Node and without starting a program, and again every 50 ms until the loop is gone. A
 * loop that is still there after five seconds is killed. A watcher that ends by itself is started again; where none
 * can be started the guardian runs on, and says so.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Backoff, type BackoffLimits } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { millis, minutes, seconds } from "../../base/units.ts";
import type { OffFiles } from "../../board/kernel/relay-off.ts";

export interface Watcher {
  /** From now on this line is turned off when this process ends. `undefined`: no line was found, nothing to watch. */
  watch(files: OffFiles | undefined): void;
  /** The process that may turn the line on. */
  loopIs(pid: number | undefined): void;
  /** The line was read back off and no loop runs: the watcher ends without a write. */
  done(): void;
}

export interface ShellWatcherOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Open descriptors that live as long as any process that may touch the line: the hardware lock. */
  readonly inherit: readonly number[];
  /** Told when it has been missing for longer than one new start takes, and when one runs again. */
  readonly onMissing?: (missing: boolean) => void;
  /** For tests: another way to start it. */
  readonly start?: (args: readonly string[]) => ChildProcess;
}

/**
 * POSIX sh. Arguments: value file, direction file, off level, the direction word for it, export file, kernel number.
 * On stdin: "loop PID START" and "done". Every word is a builtin but `sleep`, which comes after the first write.
 */
const script = `
n=1
while [ $n -le 64 ]; do
  case $n in 9|17|18|19|32|33) ;; *) trap '' $n ;; esac
  n=$((n + 1))
done
value=$1 direction=$2 level=$3 word=$4 export=$5 number=$6 pid= start=
off() {
  [ -e "$value" ] || echo "$number" >"$export"
  echo "$level" >"$value"
  echo "$word" >"$direction"
}
running() {
  [ -n "$pid" ] && read -r stat <"/proc/$pid/stat" || return 1
  set -- \${stat##*) }
  [ "$1" != Z ] && [ "$1" != X ] && [ "\${20}" = "$start" ]
}
pause() {
  sleep 0.05 || sleep 1
}
while read -r what pid_now start_now; do
  case $what in
    done) exit 0 ;;
    loop) pid=$pid_now start=$start_now ;;
  esac
done
off
n=0
while running && [ $n -lt 100 ]; do
  pause
  off
  n=$((n + 1))
done
running && kill -9 "$pid"
for n in 1 2 3; do
  pause
  off
done
`;

const restarts: BackoffLimits = { first: millis(100), longest: minutes(1), healthyAfter: seconds(30) };
/** One that has lived this long is back. */
const backAfter = seconds(2);

export class ShellWatcher implements Watcher {
  readonly #options: ShellWatcherOptions;
  #shell: ChildProcess | undefined;
  #loop: string | undefined;
  #done = false;
  readonly #restarts = new Backoff(restarts);
  #cancel: () => void = () => {};
  #cancelBack: () => void = () => {};
  #missing = false;

  constructor(options: ShellWatcherOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#shell?.pid;
  }

  watch(files: OffFiles | undefined): void {
    if (files === undefined) {
      this.#options.log.warn("watcher-not-running", { why: "the relay's line was not found" });
      this.#tellMissing(true);
      return;
    }
    this.#start(files);
  }

  loopIs(pid: number | undefined): void {
    this.#loop = pid === undefined ? undefined : startOf(pid);
    this.#say(`loop ${this.#loop ?? ""}`);
  }

  done(): void {
    this.#done = true;
    this.#cancel();
    this.#cancelBack();
    this.#shell?.stdin?.end("done\n");
  }

  #start(files: OffFiles): void {
    const { clock, log } = this.#options;
    const startedAt = clock.now();
    let over = false;
    const ended = (fields: { readonly reason: string }): void => {
      if (over) return;
      over = true;
      this.#shell = undefined;
      if (this.#done) return;
      this.#cancelBack();
      const pause = this.#restarts.failed(millis(clock.now() - startedAt));
      // From the second end in a row on.
      if (pause > restarts.first) this.#tellMissing(true);
      log.error("watcher-lost", { ...fields, restartInSeconds: pause / 1000 });
      this.#cancel = clock.setTimer(pause, () => this.#start(files));
    };
    try {
      const shell = this.#spawn(argumentsFor(files));
      this.#shell = shell;
      // Told of its end by the exit; a write that comes too late is no news.
      shell.stdin?.on("error", () => {});
      shell.once("exit", (code, signal) => ended({ reason: signal ?? `exit code ${code}` }));
      shell.on("error", (error) => ended({ reason: reasonOf(error) }));
      this.#cancelBack = clock.setTimer(backAfter, () => this.#tellMissing(false));
      // Neither keeps this process from ending.
      shell.unref();
      if (this.#loop !== undefined) this.#say(`loop ${this.#loop}`);
    } catch (error) {
      ended({ reason: reasonOf(error) });
    }
  }

  #spawn(args: readonly string[]): ChildProcess {
    const { start, inherit } = this.#options;
    if (start !== undefined) return start(args);
    const { program, flags, options } = watcherCommand(args, inherit);
    return spawn(program, flags, options);
  }

  #tellMissing(missing: boolean): void {
    if (missing === this.#missing) return;
    this.#missing = missing;
    this.#options.onMissing?.(missing);
  }

  #say(line: string): void {
    const stdin = this.#shell?.stdin;
    if (stdin?.writable) stdin.write(`${line}\n`);
  }
}

/** For `spawn`. */
export const watcherCommand = (args: readonly string[], inherit: readonly number[]) => ({
  program: "/bin/sh",
  flags: ["-c", script, "sh", ...args],
  options: {
    // A session of its own: no key of the terminal and no signal to the group reaches it.
    detached: true,
    cwd: "/",
    env: { PATH: "/bin:/usr/bin" },
    stdio: ["pipe", "ignore", "ignore", ...inherit],
  } satisfies SpawnOptions,
});

const argumentsFor = (files: OffFiles): string[] => [
  files.valueFile,
  files.directionFile,
  String(files.offLevel),
  files.offLevel === 0 ? "low" : "high",
  files.exportFile,
  String(files.kernelNumber),
];

/** A process by its number and the time of its start (proc(5), stat field 22), so that a number used again is no other. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return `${pid} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return undefined;
  }
}
