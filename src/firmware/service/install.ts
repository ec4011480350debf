/**
 * Folder service/: installs, examines and removes the firmware as a systemd service.
 *
 * Installs or upgrades the service, starts it, and waits for its first decision.
 *
 * Guarantee: obstacles are found before anything is changed; a second installation changes only what differs;
 * a power cut at any moment leaves a complete program (program-files.ts).
 */
import { existsSync, lstatSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { compareVersions } from "../../base/version.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { systemdUnit } from "../../manifest/sandbox.ts";
import { systemSlotFiles } from "../../update/slots/slot-files.ts";
import { SlotStore } from "../../update/slots/slot-store.ts";
import { type BoardChoice, chooseBoard } from "../choose-board.ts";
import { loadManifest } from "../load-manifest.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";
import { slotsFolder } from "../update/places.ts";
import { awaitDecision, type Outcome } from "./await-decision.ts";
import { prepareHost } from "./host-files.ts";
import { placeRules } from "./packet-filter.ts";
import { copyProgram, makeCurrent, type Program, removeOldVersions } from "./program-files.ts";
import { refuseClosedFolders, refuseHat, refuseUnreadableProgram, refuseWithoutSystemd } from "./refusals.ts";
import { relayOffScripts } from "./relay-off-script.ts";
import { nodeIn, places, putFile, type System, unitName } from "./system.ts";
import { boardOfUnit } from "./unit-state.ts";

export interface Installation {
  readonly program: Omit<Program, "boardFile">;
  readonly choice: BoardChoice;
  readonly manifest: Manifest;
  /** For tests: the name of a native package that is not built. */
  readonly unbuilt?: () => string | undefined;
}

/** The board as the installed program names it: the user's own definition is copied with the program. */
export const installedBoard = (name: string): string =>
  name.endsWith(".json") ? join(places.current, "boards", basename(name)) : name;

/** The unit file that is written to /etc/systemd/system. */
export const serviceUnit = ({ choice, manifest }: Pick<Installation, "choice" | "manifest">): string =>
  systemdUnit(manifest, choice.wiring, {
    node: nodeIn(places.current),
    folder: places.current,
    board: installedBoard(choice.name),
    relayOff: relayOffScripts(choice.wiring),
  });

/**
 * The unit that this program would install, to compare with the installed one.
 * @param board by default that of the installed unit
 * @returns `undefined` where none is installed, or where the board or the manifest is invalid
 */
export function unitOfThisProgram(system: System, board: string | undefined): string | undefined {
  if (!existsSync(system.at(places.unit))) return undefined;
  try {
    const choice = chooseBoard(board ?? boardOfUnit(system), places.data);
    return serviceUnit({ choice, manifest: loadManifest(choice) });
  } catch (error) {
    if (error instanceof StartupError) return undefined;
    throw error;
  }
}

/** The user must be root. @throws StartupError, the system's error */
export async function installService(system: System, installation: Installation): Promise<Outcome> {
  const { choice, manifest, program } = installation;
  refuseWithoutSystemd(system);
  refuseClosedFolders(system);
  refuseHat(system, choice, installation.unbuilt);
  const boardFile = choice.name.endsWith(".json") ? choice.name : undefined;
  system.print(`copying grove-heater ${program.version} with its Node.js to ${places.program}`);
  const folder = await copyProgram(system, { ...program, boardFile });
  try {
    refuseUnreadableProgram(system, folder, inVersion(folder, choice.name));
  } catch (error) {
    rmSync(system.at(folder), { recursive: true, force: true });
    throw error;
  }
  const real = choice.wiring.backend === "kernel";
  const problems = prepareHost(system, {
    gpio: real && manifest.gpio.size > 0,
    i2c: real && manifest.i2c.size > 0,
  });
  const filterProblem = placeRules(system, manifest);
  if (filterProblem !== undefined) problems.push(filterProblem);
  for (const problem of problems) system.print(`not done: ${problem}`);
  await makeCurrent(system, folder);
  putCommand(system);
  if (putFile(system, places.unit, serviceUnit(installation))) system.print(`unit ${places.unit}`);
  control(system, "daemon-reload");
  control(system, "enable", unitName);
  // Also syncs the links, with those that systemctl made: after a power cut from now on the service starts.
  system.run("sync", [], { limit: 120 });
  // Clears the failed state of an earlier run.
  system.run("systemctl", ["reset-failed", unitName]);
  warnOfUpdate(system, program.version);
  control(system, "restart", unitName);
  system.print("started; waiting for its first decision");
  const outcome = await awaitDecision(system);
  if (outcome.kind !== "not-running") removeOldVersions(system, folder);
  return outcome;
}

/** Warns a person who installs by hand that an installed update will start instead. */
function warnOfUpdate(system: System, version: string): void {
  const folder = slotsFolder(system.at(places.data));
  const { active, slots } = new SlotStore(systemSlotFiles(system.clock), folder).read();
  const image = active && slots[active];
  if (!image || compareVersions(version, image.version) > 0) return;
  system.print(
    `the update in slot ${active}, release ${image.version}, is not older than this program and starts in its place; to go ` +
      `back from it: grove-heater update revert --data ${places.dataLink}`,
  );
}

/** Before the link to the current version exists, the board is named in the version's own folder. */
const inVersion = (folder: string, name: string): string =>
  name.endsWith(".json") ? join(folder, "boards", basename(name)) : name;

/** Makes `grove-heater` a command for all users; a command of that name from elsewhere is kept. */
function putCommand(system: System): void {
  const script = join(places.program, "grove-heater");
  const main = join(places.current, "dist", "main.js");
  putFile(system, script, `#!/bin/sh\nexec ${nodeIn(places.current)} ${main} "$@"\n`, 0o755);
  const link = system.at(places.command);
  if (existsSync(link) || isLink(link)) return;
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(script, link);
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function control(system: System, ...args: string[]): void {
  const { code, out } = system.run("systemctl", args, { limit: 120 });
  if (code === 0) return;
  throw new StartupError(
    exitCodes.unavailable,
    `systemctl ${args.join(" ")} failed: ${out || "no answer"}`,
    `See: journalctl -u ${unitName} -e`,
  );
}
