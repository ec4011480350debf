/**
 * Reasons to refuse an installation, checked before anything is changed.
 *
 * Guarantee: each refusal names its cause and the next step; nothing is written, and no line is touched.
 */
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { LineError } from "../../chips/lines.ts";
import { type BoardChoice, unbuiltPackage } from "../choose-board.ts";
import { lineOf } from "../guardian/hardware.ts";
import { probeLock } from "../guardian/hardware-lock.ts";
import { describeHolder } from "../guardian/holder-note.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";
import { nodeIn, places, type System, unitName } from "./system.ts";
import { unitOfProcess } from "./unit-state.ts";

/** @param command the command to repeat with sudo. @throws StartupError */
export function refuseWithoutRoot(system: System, command: string): void {
  if (system.uid === 0) return;
  throw new StartupError(
    exitCodes.permission,
    "This user may not change the system.",
    `Run: sudo ${command}`,
  );
}

/** @throws StartupError (unavailable) */
export function refuseWithoutSystemd(system: System): void {
  // sd_booted(3).
  if (existsSync(system.at("/run/systemd/system"))) return;
  throw new StartupError(
    exitCodes.unavailable,
    "This system does not run systemd, so it has no systemd services.",
    "Let this system's own service manager start: grove-heater run",
  );
}

/** @throws StartupError */
export function refuseHat(system: System, choice: BoardChoice, unbuilt = unbuiltPackage): void {
  const { missing, wiring } = choice;
  if (missing !== undefined)
    throw new StartupError(
      exitCodes.unavailable,
      `The hat cannot be used: ${missing.cause}.`,
      missing.remedy,
    );
  if (wiring.backend === "virtual") return;
  const native = unbuilt();
  if (native !== undefined) {
    throw new StartupError(
      exitCodes.unavailable,
      `The native package ${native} is not built, so the service could not drive the hat.`,
      "sudo apt-get install build-essential python3, then in the program's folder: npm rebuild i2c-bus epoll",
    );
  }
  const line = lineOf({ relay: wiring, gpio: { ...choice.gpio, sysRoot: system.at("/sys") } });
  if (line instanceof LineError) return;
  const lock = probeLock(line, system.at("/run/lock"));
  if (lock.kind !== "refused") return;
  const { holder } = lock;
  const unit = holder === undefined ? undefined : unitOfProcess(system, holder.pid);
  // Our own service, which will be restarted.
  if (unit === unitName) return;
  throw new StartupError(
    exitCodes.running,
    `Another grove-heater drives this hat: ${describeHolder(holder)}${unit ? `, service ${unit}` : ""}.`,
    unit
      ? `sudo systemctl disable --now ${unit}`
      : "Stop it first (Ctrl-C in its terminal), then install again.",
  );
}

/** The service's user must be able to enter every folder above the program. @throws StartupError */
export function refuseClosedFolders(system: System): void {
  for (let folder: string = places.program; folder !== "/"; folder = dirname(folder)) {
    const path = system.at(folder);
    if (!existsSync(path) || (statSync(path).mode & 0o001) !== 0) continue;
    throw new StartupError(
      exitCodes.permission,
      `The service's user cannot enter ${folder}.`,
      `sudo chmod o+x ${folder}`,
    );
  }
}

/** nobody and nogroup: they have no more rights than the service's user. */
const nobody = { uid: 65534, gid: 65534 };

/** Runs the copied program as a user without any rights. @throws StartupError */
export function refuseUnreadableProgram(system: System, folder: string, board: string): void {
  const node = nodeIn(folder);
  const main = `${folder}/dist/main.js`;
  const version = system.run(node, ["--version"], { as: nobody });
  if (version.code !== 0) {
    throw new StartupError(
      exitCodes.permission,
      `Node.js does not run for the service's user: ${version.out || "no answer"}`,
      "Is its disk mounted noexec, or does it need libraries in a home folder? Install Node.js for all users.",
    );
  }
  const check = system.run(node, [main, "manifest", "check", "--board", board], { as: nobody });
  if (check.code === 0) return;
  throw new StartupError(
    exitCodes.configuration,
    `The copied program does not run for the service's user: ${check.out || "no answer"}`,
    "Fix the problem that it names, and install again.",
  );
}
