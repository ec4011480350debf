/**
 * Removes the service and its program; settings, state and credentials are kept unless their removal is
 * requested.
 *
 * Guarantee: the service is stopped first, then the relay is forced off and read back, and only then anything
 * is removed. What does not exist is not an error, so that an interrupted removal can be repeated.
 */
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { restoreHost } from "./host-files.ts";
import { filesIn, places, removePath, type System, unitName } from "./system.ts";

export interface Removal {
  /** Also remove settings, state and credentials. */
  readonly data: boolean;
  /** Forces the relay off and reads it back. */
  readonly relayOff: () => boolean;
}

export interface Removed {
  readonly relayOff: boolean;
  readonly paths: readonly string[];
  /** Data that was kept. */
  readonly kept: readonly string[];
}

/** The user must be root. @throws the system's error */
export function removeService(system: System, { data, relayOff }: Removal): Removed {
  system.say(`stopping ${unitName}`);
  system.run("systemctl", ["disable", "--now", unitName], { limit: 120 });
  const off = relayOff();
  const paths: string[] = [];
  const remove = (path: string): void => {
    if (removePath(system, path)) paths.push(path);
  };
  remove(places.unit);
  remove(`${places.unit}.d`);
  system.run("systemctl", ["daemon-reload"]);
  system.run("systemctl", ["reset-failed", unitName]);
  paths.push(...restoreHost(system));
  if (isOurCommand(system)) remove(places.command);
  remove(places.program);
  const userData = [places.data, places.environment, ...secretsOf(system)];
  if (data) for (const path of [places.dataLink, ...userData]) remove(path);
  const kept = userData.filter((path) => existsSync(system.at(path)));
  return { relayOff: off, paths, kept };
}

function secretsOf(system: System): string[] {
  const names = filesIn(system, places.secrets).filter((name) => name.startsWith("grove-heater."));
  return names.map((name) => join(places.secrets, name));
}

function isOurCommand(system: System): boolean {
  const link = system.at(places.command);
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return false;
  return readlinkSync(link).startsWith(`${places.program}/`);
}
