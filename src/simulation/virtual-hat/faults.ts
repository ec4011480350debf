/** The faults that can be injected into the virtual hat, by their names in scenarios and on the command line. */
import type { Clock } from "../../base/clock.ts";
import type { Millis } from "../../base/units.ts";

export const hatFaults = {
  nack: "the sensor does not acknowledge",
  timeout: "the I²C bus is stuck; transfers time out",
  "bad-crc": "one bit of the sensor's answer is flipped",
  stuck: "the sensor repeats the same bits",
  silent: "the sensor acknowledges commands but never answers",
  spikes: "one reading in ten is off by 15 to 60 K",
  "welded-relay": "the relay's contact stays closed, whatever the level of its line",
  "dead-heater": "the heater gives no heat, although the contact is closed",
  "missing-display": "the display is unplugged",
  "line-stuck": "the relay's line keeps its current level",
} as const;

export type HatFault = keyof typeof hatFaults;

export const hatFaultNames = Object.keys(hatFaults) as readonly HatFault[];

export function isHatFault(name: string): name is HatFault {
  return Object.hasOwn(hatFaults, name);
}

/** Faults of transfers, which can be limited to a number of them. */
export const transferFaults = new Set<HatFault>(["nack", "timeout", "bad-crc", "missing-display"]);

/** Without a limit a fault is active until it is ended. */
export interface FaultLimits {
  readonly duration?: Millis | undefined;
  /** Number of failing transfers. Only for `transferFaults`; such a fault ends by itself and is not in `ActiveFaults`. */
  readonly count?: number | undefined;
}

/** The active faults. A fault may begin several times and is active until all of them have ended. */
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

  /** @param stop called at its end. @returns ends it; a second call has no effect */
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

  /** Ends all faults of that name. */
  end(name: HatFault): void {
    for (const end of [...(this.#active.get(name) ?? [])]) end();
  }
}
