/**
 * Where the hat stands: a room with its weather and its window, advanced by whoever holds the clock.
 *
 * Guarantee: the outside is followed in strides of at most a minute, however long the hat did not look.
 */
import type { Celsius, Millis, RelativeHumidityPercent } from "../../base/units.ts";
import { millis } from "../../base/units.ts";
import type { Room } from "./room.ts";

/** What the hat needs of a room. */
export interface Plant {
  /** Lets `elapsed` pass with the heater on or off. */
  advance(elapsed: Millis, heaterOn: boolean): void;
  /** What a sensor reads now; two calls may differ by noise. */
  measure(): Celsius;
  readonly humidity: RelativeHumidityPercent;
}

export interface SurroundingsOptions {
  /** Outside temperature by time of day: 0 is midnight of the first day. */
  readonly outside: (sinceMidnight: Millis) => Celsius;
  /** Time of the first day at which the room begins. 0, midnight, when not given. */
  readonly startOfDay?: Millis;
}

const stride = 60_000;
/** What a window that is wide open lets out, in W/K. */
const wideOpen = 40;

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

  /** From now on it is as warm outside as this; `undefined`: as the time of day says. */
  set outside(temperature: Celsius | undefined) {
    this.#fixedOutside = temperature;
  }

  get windowOpen(): boolean {
    return this.#window > 0;
  }

  /** Throws the window open, or shuts it. */
  set windowOpen(open: boolean) {
    this.#window = open ? wideOpen : 0;
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
      const step = Math.min(stride, left);
      this.room.advance(millis(step), heaterOn, this.outside, this.#window);
      this.#now += step;
      left -= step;
    }
  }
}
