/**
 * A room with weather and a window, advanced by the caller.
 *
 * Guarantee: the outside temperature is updated at least once per simulated minute.
 */
import type { Celsius, Millis, RelativeHumidityPercent } from "../../base/units.ts";
import { millis } from "../../base/units.ts";
import type { Room } from "./room.ts";

/** The room as the hat needs it. */
export interface Plant {
  /** Advances time with the heater on or off. */
  advance(elapsed: Millis, heaterOn: boolean): void;
  /** A sensor's reading, with noise. */
  measure(): Celsius;
  readonly humidity: RelativeHumidityPercent;
}

export interface SurroundingsOptions {
  /** Outside temperature by time of day: 0 is midnight of the first day. */
  readonly outside: (sinceMidnight: Millis) => Celsius;
  /** Time of day at the start; default 0, midnight. */
  readonly startOfDay?: Millis;
}

const maxStepMs = 60_000;
/** Heat loss through a wide open window, in W/K. */
const openWindowLoss = 40;

export class Surroundings implements Plant {
  readonly room: Room;
  readonly #outsideAt: (sinceMidnight: Millis) => Celsius;
  #now: number;
  #fixedOutside: Celsius | undefined;
  #window = 0;

  constructor(room: Room, options: SurroundingsOptions) {
    this.room = room;
    this.#outsideAt = options.outside;
    this.#now = options.startOfDay ?? 0;
  }

  /** Time since midnight of the first day. */
  get sinceMidnight(): Millis {
    return millis(this.#now);
  }

  get outside(): Celsius {
    return this.#fixedOutside ?? this.#outsideAt(millis(this.#now));
  }

  /** Fixes the outside temperature; `undefined`: by the time of day. */
  set outside(temperature: Celsius | undefined) {
    this.#fixedOutside = temperature;
  }

  get windowOpen(): boolean {
    return this.#window > 0;
  }

  /** Opens the window wide, or shuts it. */
  set windowOpen(open: boolean) {
    this.#window = open ? openWindowLoss : 0;
  }

  /** Extra heat loss through the window in W/K; 0 is shut. */
  get window(): number {
    return this.#window;
  }

  set window(loss: number) {
    if (!(loss >= 0 && loss < 10_000)) throw new RangeError(`a window loses 0 to 10,000 W/K, got ${loss}`);
    this.#window = loss;
  }

  get humidity(): RelativeHumidityPercent {
    return this.room.humidity;
  }

  measure(): Celsius {
    return this.room.measure();
  }

  advance(elapsed: Millis, heaterOn: boolean): void {
    for (let left = Math.max(0, elapsed); left > 0; ) {
      const step = Math.min(maxStepMs, left);
      this.room.advance(millis(step), heaterOn, this.outside, this.#window);
      this.#now += step;
      left -= step;
    }
  }
}
