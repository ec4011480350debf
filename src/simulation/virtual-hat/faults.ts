/** The faults that the virtual hat can be given, by the names that scenarios and the command line use. */
import type { Clock } from "../../base/clock.ts";
import type { Millis } from "../../base/units.ts";

export const hatFaults = {
  nack: "the sensor does not acknowledge",
  timeout: "the I²C bus is stuck; transfers time out",
  "bad-crc": "one bit of what the sensor says is flipped on the way",
  stuck: "the sensor says the same bits for ever",
  silent: "the sensor takes commands and never answers",
  spikes: "one reading in ten is off by 15 to 60 K",
  "welded-relay": "the relay's contact stays closed, whatever its line says",
  "dead-heater": "the heater gives no heat, although the contact is closed",
  "missing-display": "the display is unplugged",
  "line-stuck": "the relay's line stays at the level that it has",
} as const;

export type HatFault = keyof typeof hatFaults;

export const hatFaultNames = Object.keys(hatFaults) as readonly HatFault[];

export function isHatFault(name: string): name is HatFault {
  return Object.hasOwn(hatFaults, name);
}

/** Faults of transfers, which can be limited to a number of them. */
export const transferFaults = new Set<HatFault>(["nack", "timeout", "bad-crc", "missing-display"]);

/** Without a limit a fault stands until it is ended. */
export interface FaultLimits {
  readonly duration?: Millis | undefined;
  /** Disturbed transfers. Only for `transferFaults`; such a fault is over by itself and never "stands". */
  readonly count?: number | undefined;
}

/** The faults that stand now, each begun any number of times, and standing until the last of them has ended. */
export class ActiveFaults {
  readonly #clock: Clock;
  readonly #beforeChange: () => void;
  readonly #afterChange: () => void;
  readonly #active = new Map<HatFault, Set<() => void>>();

  /** @param beforeChange called before, and `afterChange` after, a fault begins or ends */
  constructor(clock: Clock, beforeChange: () => void, afterChange: () => void) {
    this.#clock = clock;
    this.#beforeChange = beforeChange;
    this.#afterChange = afterChange;
  }

  get names(): readonly HatFault[] {
    return [...this.#active.keys()];
  }

  has(name: HatFault): boolean {
    return this.#active.has(name);
  }

  /** @param stop what else is to be done at its end. Returns what ends it; twice is harmless. */
  begin(name: HatFault, stop: () => void, duration: Millis | undefined): () => void {
    const ends = this.#active.get(name) ?? new Set();
    let cancel = () => {};
    const end = () => {
      if (!ends.has(end)) return;
      this.#beforeChange();
      ends.delete(end);
      if (ends.size === 0) this.#active.delete(name);
      cancel();
      stop();
      this.#afterChange();
    };
    this.#beforeChange();
    this.#active.set(name, ends.add(end));
    if (duration !== undefined) cancel = this.#clock.setTimer(duration, end);
    this.#afterChange();
    return end;
  }

  /** Ends every one of that name. */
  end(name: HatFault): void {
    for (const end of [...(this.#active.get(name) ?? [])]) end();
  }
}
