/**
 * Under which a feed's staged roll-out counts this unit: the same one at each start, and told to nobody.
 *
 * Guarantee: the machine's own id does not leave this function (machine-id(5) asks for that).
 */
import { createHmac } from "node:crypto";
import { hostname } from "node:os";
import { readSmallFile } from "../../base/files/small-file.ts";

/** Never throws. */
export function unitId(file = "/etc/machine-id"): string {
  let id: string | undefined;
  try {
    id = readSmallFile(file, { limit: 256 })?.trim();
  } catch {
    // Unreadable: the name of the host is what tells machines apart then.
  }
  return createHmac("sha256", id || hostname())
    .update("grove-heater roll-out")
    .digest("hex")
    .slice(0, 32);
}
