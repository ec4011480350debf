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
import { removeRules } from "./packet-filter.ts";
import { filesIn, places, removePath, type System, unitName } from "./system.ts";

export interface Removal {
  /** Also remove settings, state and credentials. */
  readonly data: boolean;
  /** Forces the relay off and reads it back. */
  readonly relayOff: () => boolean;
}

/**
 * The user must be root. Says what it removed and what it kept.
 * @returns whether the relay read back as off
 * @throws the system's error
 */
export function removeService(system: System, { data, relayOff }: Removal): boolean {
  system.print(`stopping ${unitName}`);
  system.run("systemctl", ["disable", "--now", unitName], { limit: 120 });
  const off = relayOff();
  const remove = (path: string): void => {
    if (removePath(system, path)) system.print(`removed ${path}`);
  };
  remove(places.unit);
  remove(`${places.unit}.d`);
  system.run("systemctl", ["daemon-reload"]);
  system.run("systemctl", ["reset-failed", unitName]);
  for (const path of [...restoreHost(system), ...removeRules(system)]) system.print(`removed ${path}`);
  if (isOurCommand(system)) remove(places.command);
  remove(places.program);
  const userData = [places.data, places.environment, ...secretsOf(system)];
  if (data) for (const path of [places.dataLink, ...userData]) remove(path);
  for (const path of userData) if (existsSync(system.at(path))) system.print(`kept ${path}`);
  system.print(off ? "the relay is off" : "the relay did not read back as off: see above");
  return off;
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
