/**
 * The relay's line as the guardian holds it on the character device: requested once, at the off level, and
 * then kept.
 *
 * Guarantee (SR-01, SR-10): synchronous, never throws. Taking the line drives it off, whatever level a dead holder left
 * on it; success is claimed only when it was read back off. Every process of this firmware that may have to turn the
 * heater off inherits the descriptor, so the line is never released while one of them runs: after a release the driver
 * decides its level.
 */
import { errnoOf } from "../../../base/errors.ts";
import { type Level, LineError } from "../../../chips/lines.ts";
import type { Wiring } from "../../../chips/wiring.ts";
import { findGpioChip, gpioClass, kernelNumber, type SysfsOptions } from "../gpio-chip.ts";
import { forceRelayOff, type RelayOffFailure, relayOffFailure, stillOn } from "../relay-off.ts";
import { systemFiles } from "../sysfs.ts";
import { findCharChip } from "./chip.ts";
import type { GpioDevices } from "./devices.ts";
import { type HeldLine, holderOf, relayConsumer, requestLine } from "./line.ts";
import { flags } from "./uapi.ts";

export type RelayLineResult =
  | {
      readonly ok: true;
      readonly held: HeldLine;
      /** The line's level as found. */
      readonly before: Level;
    }
  | (RelayOffFailure & {
      /** Absent when the line could not be requested. */
      readonly held?: HeldLine;
    });

type RelayOfChip = Pick<Wiring, "gpioChipLabels" | "relay">;

/** Where the line is, and where it may still be exported in sysfs. */
interface Source {
  readonly devices: GpioDevices;
  readonly sysRoot: string;
}

/** The lines that this process holds. */
export class RelayLines {
  readonly #held = new Map<string, HeldLine>();

  holds(wiring: RelayOfChip): boolean {
    return this.#held.has(keyOf(wiring));
  }

  /** Requests the line if this process does not hold it yet. */
  forceOff(wiring: RelayOfChip, source: Source): RelayLineResult {
    const off: Level = wiring.relay.activeLevel === 1 ? 0 : 1;
    try {
      const known = this.#held.get(keyOf(wiring));
      if (known === undefined) return this.#take(wiring, off, source);
      const forced = forceHeld(known, off);
      if (forced.ok || forced.code === "still-on") return forced;
      // The chip disappeared and returned, or the line was reconfigured.
      this.release(wiring);
      return this.#take(wiring, off, source);
    } catch (error) {
      return relayOffFailure(error);
    }
  }

  /** Releases the line. */
  release(wiring: RelayOfChip): void {
    this.#release(keyOf(wiring));
  }

  releaseAll(): void {
    for (const key of [...this.#held.keys()]) this.#release(key);
  }

  #release(key: string): void {
    const held = this.#held.get(key);
    this.#held.delete(key);
    held?.release();
  }

  #take(wiring: RelayOfChip, off: Level, source: Source): RelayLineResult {
    const { devices } = source;
    const { line } = wiring.relay;
    const chip = findCharChip(wiring.gpioChipLabels, devices);
    // Requested unchanged first, to read its level.
    const request = { line, consumer: relayConsumer, config: { flags: 0 } };
    let before: Level | undefined;
    let held: HeldLine;
    try {
      held = requestLine(chip, request, devices);
    } catch (error) {
      // sysfs keeps a line exported after the process that exported it has ended.
      if (!isBusy(error) || holderOf(chip, line, devices) !== "sysfs") throw error;
      before = takeFromSysfs(wiring, { sysRoot: source.sysRoot });
      held = requestLine(chip, request, devices);
    }
    this.#held.set(keyOf(wiring), held);
    const forced = forceHeld(held, off);
    return forced.ok && before !== undefined ? { ...forced, before } : forced;
  }
}

const isBusy = (error: unknown): boolean => error instanceof LineError && error.code === "busy";

const keyOf = ({ gpioChipLabels, relay }: RelayOfChip): string => `${gpioChipLabels.join()} ${relay.line}`;

function forceHeld(held: HeldLine, off: Level): RelayLineResult {
  try {
    const before = held.read();
    try {
      held.write(off);
    } catch (error) {
      if (errnoOf(error) !== "EPERM") throw error;
      // It is not an output yet.
      held.configure({ flags: flags.output, level: off });
    }
    const after = held.read();
    return after === off ? { ok: true, held, before } : { ...stillOn(held.line, off, after), held };
  } catch (error) {
    return { ...relayOffFailure(error), held };
  }
}

/**
 * Turns it off in sysfs first: between the two holders the line keeps the level of the first.
 * @throws LineError
 */
function takeFromSysfs(wiring: RelayOfChip, options: SysfsOptions): Level | undefined {
  const files = options.files ?? systemFiles;
  const { before } = { before: undefined, ...forceRelayOff(wiring, options) };
  const number = kernelNumber(findGpioChip(wiring.gpioChipLabels, options), wiring.relay.line);
  files.write(`${gpioClass(options.sysRoot)}/unexport`, String(number));
  return before;
}
