/**
 * Folder memory/: how the firmware's processes share a machine with little memory.
 *
 * Tells the kernel which processes heating can do without, so that it kills these first when memory runs out (proc(5),
 * oom_score_adj; unit thousandths of the memory there is).
 *
 * Guarantee: never throws; a system that does not know ranks keeps its own order.
 */
import { writeFileSync } from "node:fs";

/** Guardian and loop have none. Alerts may be about the others. The updater needs the most memory, and can be repeated. */
const ranks = {
  cloud: 500,
  "home-assistant": 500,
  hub: 500,
  alerts: 400,
  page: 600,
  updater: 900,
} as const;

/** @param file for tests */
export function rankMemory(process: keyof typeof ranks, file = "/proc/self/oom_score_adj"): void {
  try {
    writeFileSync(file, String(ranks[process]));
  } catch {
    // Not Linux, or /proc is hidden.
  }
}
