/** Ends a process whose output may be blocked. */
import { millis } from "../../base/units.ts";
import type { LineWriter } from "./line-writer.ts";
import { systemClock } from "./system-clock.ts";

/** How long the end waits for the log's reader. */
const flushLimit = millis(300);

/** Resolves when the log is written, or after a short time limit. */
export async function flushBriefly(out: LineWriter): Promise<void> {
  await Promise.race([out.flush(), systemClock.sleep(flushLimit)]);
}

/**
 * Ends this process at once, also when one of its threads hangs in a write: `process.exit` would wait for it.
 */
export function endProcess(code: number, ...outputs: readonly { readonly stuck: boolean }[]): never {
  if (outputs.some(({ stuck }) => stuck)) process.kill(process.pid, "SIGKILL");
  process.exit(code);
}
