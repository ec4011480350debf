/**
 * Forces a relay off and logs the result.
 *
 * Guarantee: `forceOff` never throws. The caller must know that this process may touch the line (SR-12).
 */

import { messageOf } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { RelayWiring } from "../board/definition/definition.ts";
import type { RelayLineResult, RelayLines } from "../board/kernel/chardev/relay-line.ts";
import { findGpio, type GpioSource } from "../board/kernel/gpio-backend.ts";
import {
  forceRelayOff,
  type OffFiles,
  type RelayOffResult,
  relayOffFailure,
} from "../board/kernel/relay-off.ts";
import type { Level } from "../chips/lines.ts";
import { ensureVirtualSysfs } from "./virtual-lines.ts";

export interface RelayTarget {
  readonly relay: RelayWiring;
  readonly gpio: GpioSource;
}

/** A line that this process holds, for a program that inherits the descriptor. */
export interface OffHandle {
  readonly descriptor: number;
  readonly offLevel: Level;
}

/** What another program needs to turn the relay off, once this process has found the line. */
export type RelayAccess = OffFiles | OffHandle;

export interface ForcedOff {
  /** The line was read back off. */
  readonly off: boolean;
  /** The line was found on. */
  readonly wasOn: boolean;
  /** For the watcher; missing where the line was not found. */
  readonly access: RelayAccess | undefined;
}

/** Never throws; logs only after the line was written. */
export type ForceOff = (why: string) => ForcedOff;

/**
 * @param lines the lines that this process holds; a line of the character device is added to them and stays held
 */
export function forceOff({ relay, gpio }: RelayTarget, why: string, log: Log, lines: RelayLines): ForcedOff {
  try {
    if (relay.backend === "virtual") ensureVirtualSysfs(gpio.sysRoot, relay);
    const result = forceLineOff({ relay, gpio }, lines);
    const sinceStartMs = Math.round(process.uptime() * 1000);
    if (result.ok) {
      const line = "held" in result ? `${result.held.chip.label} ${result.held.line}` : result.kernelNumber;
      log.info("relay-forced-off", { why, line, before: result.before, sinceStartMs });
    } else {
      const { code, cause, remedy } = result;
      log.error("relay-not-forced-off", { why, code, cause, remedy });
    }
    return {
      off: result.ok,
      wasOn: result.ok && result.before === relay.relay.activeLevel,
      access: accessOf(relay, result),
    };
  } catch (error) {
    log.error("relay-not-forced-off", { why, cause: messageOf(error) });
    return { off: false, wasOn: false, access: undefined };
  }
}

function forceLineOff({ relay, gpio }: RelayTarget, lines: RelayLines): RelayOffResult | RelayLineResult {
  try {
    // A held line needs no search, so it is turned off sooner.
    const held = lines.holds(relay) && gpio.backend !== "sysfs";
    if (held || findGpio(relay.gpioChipLabels, gpio).backend === "chardev")
      return lines.forceOff(relay, gpio);
    lines.release(relay);
    return forceRelayOff(relay, { sysRoot: gpio.sysRoot });
  } catch (error) {
    return relayOffFailure(error);
  }
}

function accessOf({ relay }: RelayWiring, result: RelayOffResult | RelayLineResult): RelayAccess | undefined {
  if ("files" in result) return result.files;
  if (!("held" in result) || result.held === undefined) return undefined;
  return { descriptor: result.held.descriptor, offLevel: relay.activeLevel === 1 ? 0 : 1 };
}
