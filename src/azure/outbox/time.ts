/**
 * When things happened, although the clock may have been wrong then: a Pi has no battery for its clock and starts with
 * the time of its last shutdown, or with 1970, until the network tells it better.
 *
 * Guarantee: what was stamped on a machine whose clock was set afterwards, in the same boot, gets the time that the
 * clock would have shown had it been right all along; what cannot be known is `undefined`, never a wrong date.
 *
 * How: a stamp holds wall time and time since boot. Their difference is the boot's offset. It changes only when somebody
 * sets the clock (slewing moves both), so the newest one of a boot is the best one for all of it. The last one set
 * wins; a clock before the floor was never right.
 */
import type { Clock } from "../../base/clock.ts";
import type { Millis, WallMillis } from "../../base/units.ts";
import { wallMillis } from "../../base/units.ts";

/** Which running of the machine this is; entries of earlier processes of the same boot can be corrected too. */
export interface Boot {
  /** Differs after every start of the machine. */
  readonly id: string;
  /** Time since the machine's start when the process's clock stood at 0. */
  readonly clockZeroMs: Millis;
}

export interface Stamp {
  readonly boot: string;
  /** Since the machine's start. */
  readonly upMs: number;
  /** As the clock showed it. */
  readonly wallMs: number;
}

/** A smaller step is not worth a correction: the same slack as in the core. */
const slackMs = 5000;
/** Boots without a right clock are rare, and their entries gone after a month. */
const maxBoots = 32;

export type Offsets = Readonly<Record<string, number>>;

export class WallHistory {
  readonly #clock: Clock;
  readonly #boot: Boot;
  readonly #floorMs: WallMillis;
  #offsets: Map<string, number>;

  constructor(clock: Clock, boot: Boot, floorMs: WallMillis) {
    this.#clock = clock;
    this.#boot = boot;
    this.#floorMs = floorMs;
    this.#offsets = new Map();
  }

  stamp(): Stamp {
    return {
      boot: this.#boot.id,
      upMs: Math.round(this.#clock.now() + this.#boot.clockZeroMs),
      wallMs: Math.round(this.#clock.wallNow()),
    };
  }

  /** The clock's offset in this boot is looked at. @returns whether there is something new to store */
  look(): boolean {
    const { wallMs, upMs } = this.stamp();
    if (wallMs < this.#floorMs) return false;
    const offset = wallMs - upMs;
    const known = this.#offsets.get(this.#boot.id);
    if (known !== undefined && Math.abs(offset - known) <= slackMs) return false;
    this.#offsets.delete(this.#boot.id);
    this.#offsets.set(this.#boot.id, offset);
    for (const oldest of this.#offsets.keys()) {
      if (this.#offsets.size <= maxBoots) break;
      this.#offsets.delete(oldest);
    }
    return true;
  }

  /** When the stamped thing happened; `undefined` when no clock of that boot was ever right. */
  timeOf({ boot, upMs, wallMs }: Stamp): WallMillis | undefined {
    const offset = this.#offsets.get(boot);
    const shown = wallMs - upMs;
    const corrected = offset === undefined || Math.abs(offset - shown) <= slackMs ? wallMs : upMs + offset;
    return corrected < this.#floorMs ? undefined : wallMillis(corrected);
  }

  /** For the store, oldest boot first. */
  get offsets(): Offsets {
    return Object.fromEntries(this.#offsets);
  }

  /** Takes in what earlier processes stored; what this one has seen itself stands. */
  restore(stored: Offsets): void {
    this.#offsets = new Map([...Object.entries(stored), ...this.#offsets]);
  }
}
