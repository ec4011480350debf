/**
 * Corrects timestamps made while the clock was wrong: a Pi has no RTC battery and starts with the time of its last
 * shutdown, or with 1970, until NTP sets the clock.
 *
 * Guarantee: a stamp made before the clock was set, in the same boot, gets the correct time; an unknown time is
 * `undefined`, never a wrong date.
 *
 * How: a stamp has wall time and time since boot. Their difference, the boot's offset, changes only when the clock is
 * set (slewing moves both), so the newest offset is the best for the whole boot. A clock before the floor, or decades
 * ahead, is wrong.
 */
import { type Clock, latestWallTime } from "./clock.ts";
import type { Millis, WallMillis } from "./units.ts";
import { wallMillis } from "./units.ts";

/** Identifies the boot; entries of earlier processes in the same boot can be corrected too. */
export interface Boot {
  /** Differs after every start of the machine. */
  readonly id: string;
  /** Time since boot when the process's clock was 0. */
  readonly clockZeroMs: Millis;
}

export interface Stamp {
  readonly boot: string;
  /** Since the machine's start. */
  readonly upMs: number;
  /** The time of the clock, uncorrected. */
  readonly wallMs: number;
}

/** Smaller steps are ignored, as in the core. */
const toleranceMs = 5000;
/** Boots with a wrong clock are rare, and entries last a month at most. */
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

  /** Checks the clock's offset in this boot. @returns whether it changed and must be stored */
  checkClock(): boolean {
    const { wallMs, upMs } = this.stamp();
    if (!this.#mayBeRight(wallMs)) return false;
    const offset = wallMs - upMs;
    const known = this.#offsets.get(this.#boot.id);
    if (known !== undefined && Math.abs(offset - known) <= toleranceMs) return false;
    this.#offsets.delete(this.#boot.id);
    this.#offsets.set(this.#boot.id, offset);
    for (const oldest of this.#offsets.keys()) {
      if (this.#offsets.size <= maxBoots) break;
      this.#offsets.delete(oldest);
    }
    return true;
  }

  /** The corrected time; `undefined` when the clock was never set in that boot. */
  timeOf({ boot, upMs, wallMs }: Stamp): WallMillis | undefined {
    const offset = this.#offsets.get(boot);
    const shown = wallMs - upMs;
    const corrected =
      offset === undefined || Math.abs(offset - shown) <= toleranceMs ? wallMs : upMs + offset;
    return this.#mayBeRight(corrected) ? wallMillis(corrected) : undefined;
  }

  #mayBeRight(wallMs: number): boolean {
    return wallMs >= this.#floorMs && wallMs < latestWallTime;
  }

  /** To store, oldest boot first. */
  get offsets(): Offsets {
    return Object.fromEntries(this.#offsets);
  }

  /** Adds the offsets of earlier processes; those of this process take precedence. */
  restore(stored: Offsets): void {
    this.#offsets = new Map([...Object.entries(stored), ...this.#offsets]);
  }
}
