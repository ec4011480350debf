/**
 * The data folder of an installed service, which is not the default folder of the user who types a command.
 */
import { lstatSync } from "node:fs";
import { places } from "../../firmware/service/system.ts";
import type { Arguments } from "./verb.ts";

/**
 * The service's data folder, if it exists and the user has named no data folder.
 * @param link where the service's folder would be
 */
export function otherDataFolder(
  args: Arguments,
  chosen: string,
  link: string = places.dataLink,
): string | undefined {
  const isNamed = args.value("data") !== undefined || process.env["STATE_DIRECTORY"] !== undefined;
  // Checks the link itself, because an ordinary user may not read its target.
  const exists = lstatSync(link, { throwIfNoEntry: false }) !== undefined;
  return !isNamed && chosen !== link && exists ? link : undefined;
}
