/**
 * An id of this unit for one purpose: the same at each start, and another one for another purpose.
 *
 * Guarantee: the machine's own id does not leave this function (machine-id(5) requires this).
 */
import { createHmac } from "node:crypto";
import { hostname } from "node:os";
import { readSmallFile } from "../../base/files/small-file.ts";

/** Never throws. */
export function unitId(purpose: "roll-out" | "home-assistant", file = "/etc/machine-id"): string {
  let id: string | undefined;
  try {
    id = readSmallFile(file, { limit: 256 })?.trim();
  } catch {
    // Unreadable: the host name distinguishes the machines instead.
  }
  return createHmac("sha256", id || hostname())
    .update(`grove-heater ${purpose}`)
    .digest("hex")
    .slice(0, 32);
}
