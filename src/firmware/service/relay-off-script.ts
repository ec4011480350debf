/**
 * Turns the relay off in plain sh: the service manager runs these scripts, as root and without Node.js,
 * before each start and after every end.
 *
 * Guarantee (SR-01, SR-12): drives the line to its electrical off level, in one step, on every GPIO chip that
 * has one of the board's labels. It touches no line whose lock another process holds, and none after a start
 * that was refused because another process drives the hat. All commands are builtins of sh, except `flock`
 * and `udevadm`; without `flock` the line is turned off anyway. Where sysfs has no such chip, a small program
 * in C does it on the character device (board/kernel/native/relay-off.c). It does not read the line back: the
 * command `relay off`, which follows, does.
 */
import type { RelayWiring } from "../../board/definition/definition.ts";
import type { RelayOffScripts } from "../../manifest/sandbox.ts";
import { lineLockName, systemLockFolder } from "../guardian/hardware-lock.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { places } from "./system.ts";

/** For tests: replaces the system's paths. */
export interface ScriptPlaces {
  readonly sysRoot: string;
  readonly lockFolder: string;
  /** The program in C; where it was not built, the scripts can do nothing without sysfs. */
  readonly program: string;
}

const systemPlaces: ScriptPlaces = {
  sysRoot: "/sys",
  lockFolder: systemLockFolder,
  program: `${places.current}/dist/native/relay-off`,
};

/** @returns `undefined` for a virtual hat, whose line is not a real one */
export function relayOffScripts(
  wiring: RelayWiring,
  scriptPlaces = systemPlaces,
): RelayOffScripts | undefined {
  if (wiring.backend === "virtual") return undefined;
  const off = [...lockCheck(), ...sysfsLine(wiring, scriptPlaces), ...charDeviceLine(wiring, scriptPlaces)];
  return {
    // If this was the line's first export, wait until udev has given it to its group, before the program
    // needs it.
    start: [...off, '[ -z "$fresh" ] || udevadm settle --timeout=10'].join("\n"),
    stop: [`[ "$EXIT_STATUS" != ${exitCodes.running} ] || exit 0;`, ...off].join("\n"),
  };
}

/**
 * Takes the lock with descriptor 9 and releases it at once; opened without O_CREAT, which the kernel may
 * refuse.
 */
const lockCheck = (): string[] => [
  'held() { [ -r "$2" ] && { flock "$1" -n -E 99 9 9<"$2"; [ $? = 99 ]; }; };',
];

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

/** The program in C checks the same lock itself. */
function charDeviceLine({ relay, gpioChipLabels }: RelayWiring, { program }: ScriptPlaces): string[] {
  const { line, activeLevel } = relay;
  const command = [program, literal(gpioChipLabels.join(",")), line, activeLevel === 1 ? 0 : 1].join(" ");
  return [`[ -n "$found" ] || [ ! -x ${program} ] || ${command};`];
}

const literal = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
