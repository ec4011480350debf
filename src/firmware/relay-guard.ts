/**
 * Forces a relay off by files alone, and says in the log what came of it.
 *
 * Guarantee: `forceOff` never throws. Whether the line may be touched at all is the caller's to know: SR-12.
 */

import { messageOf } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { RelayWiring } from "../board/definition/definition.ts";
import { forceRelayOff, type OffFiles } from "../board/kernel/relay-off.ts";
import { ensureVirtualSysfs } from "./virtual-lines.ts";

export interface RelayTarget {
  readonly relay: RelayWiring;
  /** Where the kernel's GPIO files lie: /sys, or the virtual hat's own folder. */
  readonly sysRoot: string;
}

export interface ForcedOff {
  /** The line was read back off. */
  readonly off: boolean;
  /** The line was found on. */
  readonly wasOn: boolean;
  /** For the watcher; missing where the line was not found. */
  readonly files: OffFiles | undefined;
}

/** Never throws; logs what it did after it was done. */
export type ForceOff = (why: string) => ForcedOff;

export function forceOff({ relay, sysRoot }: RelayTarget, why: string, log: Log): ForcedOff {
  try {
    if (relay.backend === "virtual") ensureVirtualSysfs(sysRoot, relay);
    const result = forceRelayOff(relay, { sysRoot });
    const sinceStartMs = Math.round(performance.now());
    if (result.ok) {
      log.info("relay-forced-off", { why, line: result.kernelNumber, before: result.before, sinceStartMs });
    } else {
      const { code, cause, remedy } = result;
      log.error("relay-not-forced-off", { why, code, cause, remedy });
    }
    return {
      off: result.ok,
      wasOn: result.ok && result.before === relay.relay.activeLevel,
      files: result.files,
    };
  } catch (error) {
    log.error("relay-not-forced-off", { why, cause: messageOf(error) });
    return { off: false, wasOn: false, files: undefined };
  }
}
