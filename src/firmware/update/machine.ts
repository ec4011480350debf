/** What images must run on here. */
import type { Machine } from "../../update/image/fitness.ts";

export const thisMachine = (): Omit<Machine, "stateVersion" | "protocols"> => ({
  node: process.versions.node,
  abi: Number(process.versions.modules),
  architecture: process.arch,
  platform: process.platform,
});
