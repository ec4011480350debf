/**
 * Tells the kernel which processes heating does without, so that it takes these when memory runs out (proc(5),
 * oom_score_adj; unit thousandths of the memory there is).
 *
 * Guarantee: never throws; a system that does not know ranks keeps its own order.
 */
import { writeFileSync } from "node:fs";

/** Guardian and loop have none. The updater needs most, and begins again. */
const ranks = { cloud: 500, hub: 500, updater: 900 } as const;

/** @param file for tests */
export function rankMemory(process: keyof typeof ranks, file = "/proc/self/oom_score_adj"): void {
  try {
    writeFileSync(file, String(ranks[process]));
  } catch {
    // Not Linux, or /proc is hidden.
  }
}
