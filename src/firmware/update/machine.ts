/** The machine on which an image must be able to run. */
import { stateVersions } from "../../control/durable.ts";
import type { Machine } from "../../update/image/fitness.ts";

export type Platform = Omit<Machine, "stateVersion" | "protocols">;

export const thisPlatform = (): Platform => ({
  node: process.versions.node,
  abi: Number(process.versions.modules),
  architecture: process.arch,
  platform: process.platform,
});

/**
 * The machine that an image must support.
 * @param stored version of the stored state; where it is unknown, an image must read what this program writes
 */
export const machineWith = (
  platform: Platform,
  stored: number | "unreadable" | undefined,
  protocols: readonly number[],
): Machine => ({
  ...platform,
  stateVersion: typeof stored === "number" ? stored : stateVersions.writes,
  protocols,
});
