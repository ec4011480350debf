/**
 * What the watcher runs: the small program native/relay-off.c, or a shell script where no compiler could build it.
 *
 * Guarantee: both print nothing, ignore every signal that can be ignored, act when their stdin is closed, and
 * accept the same commands on it. The script can only write to files, and does not notice a loop that ends
 * while the guardian is stopped.
 */
import type { SpawnOptions } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { OffFiles } from "../../board/kernel/relay-off.ts";
import { nativeFolder } from "../process/package-root.ts";
import type { RelayAccess } from "../relay-guard.ts";

const builtProgram = join(nativeFolder, "relay-off");

/**
 * POSIX sh. Arguments: value file, direction file, off level, the direction word for it, export file, kernel number.
 * On stdin: "loop PID START" and "done". Every command is a builtin except `sleep`, which runs after the first
 * write.
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

/**
 * For `spawn`.
 * @param inherit open descriptors that live as long as any process that may touch the line
 * @param built for tests: path of the native program
 */
export function watcherCommand(access: RelayAccess, inherit: readonly number[], built = builtProgram) {
  const options = {
    // A session of its own: no key of the terminal and no signal to the group reaches it.
    detached: true,
    cwd: "/",
    env: { PATH: "/bin:/usr/bin" },
  } satisfies SpawnOptions;
  const stdio = ["pipe", "ignore", "ignore", ...inherit] as const;
  const level = String(access.offLevel);
  if ("descriptor" in access) {
    const flags = ["watch", level, String(stdio.length)];
    return { program: built, flags, options: { ...options, stdio: [...stdio, access.descriptor] } };
  }
  const isBuilt = existsSync(built);
  return {
    program: isBuilt ? built : "/bin/sh",
    flags: isBuilt
      ? ["watch", level, ...programArguments(access)]
      : ["-c", script, "sh", ...shellArguments(access)],
    options: { ...options, stdio: [...stdio] },
  };
}

const programArguments = ({ exportFile, kernelNumber, valueFile }: OffFiles): string[] => [
  exportFile,
  String(kernelNumber),
  dirname(valueFile),
];

const shellArguments = (files: OffFiles): string[] => [
  files.valueFile,
  files.directionFile,
  String(files.offLevel),
  files.offLevel === 0 ? "low" : "high",
  files.exportFile,
  String(files.kernelNumber),
];
