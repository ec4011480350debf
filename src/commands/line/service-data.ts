/** Where systemd keeps the data of an installed service: another folder than that of the user who types a command. */
import { lstatSync } from "node:fs";
import { places } from "../../firmware/service/system.ts";
import type { Arguments } from "./verb.ts";

/** That folder, when there is one and this command was not told which data it is about. */
export function otherDataFolder(args: Arguments, chosen: string): string | undefined {
  const wasTold = args.value("data") !== undefined || process.env["STATE_DIRECTORY"] !== undefined;
  // The link itself: where it leads, an ordinary user may not look.
  const isThere = lstatSync(places.dataLink, { throwIfNoEntry: false }) !== undefined;
  return !wasTold && chosen !== places.dataLink && isThere ? places.dataLink : undefined;
}
