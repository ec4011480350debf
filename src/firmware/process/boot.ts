/**
 * Folder process/: what every process of the firmware needs: clock, log, exit codes, secrets, clean ends.
 *
 * Which start of this machine it is, and when the process's clock began within it.
 */
import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import type { Clock } from "../../base/clock.ts";
import { type Millis, millis } from "../../base/units.ts";

/** @returns an id that differs after every start of the machine; a random one where the system has none */
export function bootOfThisMachine(clock: Clock): { readonly id: string; readonly clockZeroMs: Millis } {
  return { id: bootId(), clockZeroMs: millis(uptime() * 1000 - clock.now()) };
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return crypto.randomUUID();
  }
}
