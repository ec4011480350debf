/**
 * The relay off in plain sh: what the service manager runs, as root and without Node.js, before each start and after
 * every end.
 *
 * Guarantee (SR-01, SR-12): drives the line to its off level, electrically and in one step, on every GPIO chip that
 * carries one of the board's labels; touches no line whose lock another process holds, nor after a start that was refused
 * because another one drives the hat. Every word is a builtin of sh but `flock` and `udevadm`; without `flock` the line
 * is turned off all the same. Where sysfs has no such chip, a small program in C does it on the character device
 * (board/kernel/native/relay-off.c). It does not read back: the program's own `relay off`, which follows, does.
 */
import type { RelayWiring } from "../../board/definition/definition.ts";
import type { RelayOffScripts } from "../../manifest/sandbox.ts";
import { lineLockName, systemLockFolder } from "../guardian/hardware-lock.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { places } from "./system.ts";

/** For tests: where these are, in place of the system's. */
export interface ScriptPlaces {
  readonly sysRoot: string;
  readonly lockFolder: string;
  /** The program in C; where it was not built, nothing can be done without sysfs and Node.js. */
  readonly program: string;
}

const systemPlaces: ScriptPlaces = {
  sysRoot: "/sys",
  lockFolder: systemLockFolder,
  program: `${places.current}/dist/native/relay-off`,
};

/** @returns `undefined` for a virtual hat, whose line only the program knows */
export function relayOffScripts(
  wiring: RelayWiring,
  scriptPlaces = systemPlaces,
): RelayOffScripts | undefined {
  if (wiring.backend === "virtual") return undefined;
  const off = [...locks(), ...sysfsLine(wiring, scriptPlaces), ...charDeviceLine(wiring, scriptPlaces)];
  return {
    // Where the first export happens here, udev hands the line to its group before the program looks for it.
    start: [...off, '[ -z "$fresh" ] || udevadm settle --timeout=10'].join("\n"),
    stop: [`[ "$EXIT_STATUS" != ${exitCodes.running} ] || exit 0;`, ...off].join("\n"),
  };
}

/** Descriptor 9 asks for the lock and gives it back at once; opened without O_CREAT, which the kernel may refuse. */
const locks = (): string[] => ['held() { [ -r "$2" ] && { flock "$1" -n -E 99 9 9<"$2"; [ $? = 99 ]; }; };'];

function sysfsLine({ relay, gpioChipLabels }: RelayWiring, { sysRoot, lockFolder }: ScriptPlaces): string[] {
  const { line, activeLevel } = relay;
  const off = activeLevel === 1 ? 0 : 1;
  const names = gpioChipLabels.map(
    (label) => `${literal(label)}) lock=${lockFolder}/${lineLockName(label, line)};;`,
  );
  const root = `${sysRoot}/class/gpio`;
  return [
    `for chip in ${root}/gpiochip*; do`,
    'read -r label <"$chip/label" || continue;',
    `case $label in ${names.join(" ")} *) continue;; esac;`,
    "found=1;",
    'if held -x "$lock" || held -s "$chip/label"; then exit 0; fi;',
    'read -r base <"$chip/base" || continue;',
    `number=$((base + ${line}));`,
    `line=${root}/gpio$number;`,
    `[ -e "$line" ] || { echo "$number" >${root}/export; fresh=1; };`,
    `echo ${off === 0 ? "low" : "high"} >"$line/direction";`,
    'echo 0 >"$line/active_low";',
    `echo ${off} >"$line/value";`,
    "done;",
  ];
}

/** It asks for the same lock itself. */
function charDeviceLine({ relay, gpioChipLabels }: RelayWiring, { program }: ScriptPlaces): string[] {
  const { line, activeLevel } = relay;
  const words = [program, literal(gpioChipLabels.join(",")), line, activeLevel === 1 ? 0 : 1].join(" ");
  return [`[ -n "$found" ] || [ ! -x ${program} ] || ${words};`];
}

const literal = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
