/** Tests whether this process is in the foreground of its terminal, and so may read and write there. */
import { readFileSync } from "node:fs";

/**
 * False in the background of a shell: a read there, and with `stty tostop` a write too, stops the whole group by
 * SIGTTIN or SIGTTOU; with a handler for these the call would be retried forever. True without a terminal of its
 * own, and where the kernel does not say (proc(5), stat fields 5, 7 and 8).
 */
export function inForeground(): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return terminal === "0" || foreground === group;
  } catch {
    return true;
  }
}
