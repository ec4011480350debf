/** The end of a process whose output may be held. */
import { millis } from "../../base/units.ts";
import type { LineWriter } from "./line-writer.ts";
import { systemClock } from "./system-clock.ts";

/** How long the end waits for whoever reads the log. */
const flushLimit = millis(300);

/** Resolves when the log is written, or its reader has had its time. */
export async function flushBriefly(out: LineWriter): Promise<void> {
  await Promise.race([out.flush(), systemClock.sleep(flushLimit)]);
}

/** Ends this process now; one of its threads may hang in a write, which an ordinary exit would wait for. */
export function endProcess(code: number, ...outputs: readonly { readonly stuck: boolean }[]): never {
  if (outputs.some(({ stuck }) => stuck)) process.kill(process.pid, "SIGKILL");
  process.exit(code);
}
