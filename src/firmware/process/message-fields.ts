/**
 * Reads messages between processes: what comes out has the shape that was asked for, whatever the other side sent.
 *
 * Guarantee: `readMessage` never throws for a message; what has not the right shape is `undefined`.
 */
import { isRecord, type JsonRecord } from "../../base/json/value.ts";

export function readMessage<T>(message: unknown, take: (from: Fields) => T): T | undefined {
  try {
    return take(new Fields(message));
  } catch (error) {
    // Also what a unit's own door refuses: 120 % of humidity.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Far beyond any quantity here, and not too long to draw. */
const most = 1e6;
/** The range of dates (ECMA-262, 21.4.1.1); serials and counters stay below it too. */
const lastMoment = 8.64e15;

/** Takes fields out of anything. @throws RangeError (every method) when one is not what it should be */
export class Fields {
  readonly #of: JsonRecord;

  constructor(value: unknown) {
    if (!isRecord(value)) throw new RangeError("no object");
    this.#of = value;
  }

  one<T>(name: string, is: (value: unknown) => value is T): T {
    const value = this.get(name);
    if (!is(value)) throw new RangeError(name);
    return value;
  }

  oneOf<T extends string>(name: string, all: readonly T[]): T {
    const found = all.find((each) => each === this.get(name));
    if (found === undefined) throw new RangeError(name);
    return found;
  }

  flag = (name: string): boolean => this.one(name, (value) => typeof value === "boolean");
  number = (name: string): number => this.one(name, (value) => isNumber(value, most));
  /** A time or a count. */
  large = (name: string): number => this.one(name, (value) => isNumber(value, lastMoment));
  text = (name: string): string => this.one(name, (value) => typeof value === "string");
  fields = (name: string): Fields => new Fields(this.get(name));

  /** At most `limit` of them. */
  list<T>(name: string, limit: number, take: (item: unknown) => T): T[] {
    const items = this.get(name);
    if (!Array.isArray(items) || items.length > limit) throw new RangeError(name);
    return items.map(take);
  }

  /** JSON between the processes leaves out what is `undefined`. */
  optional<T>(name: string, take: () => T): T | undefined {
    return this.get(name) === undefined ? undefined : take();
  }

  get(name: string): unknown {
    return Object.hasOwn(this.#of, name) ? this.#of[name] : undefined;
  }
}

const isNumber = (value: unknown, limit: number): value is number =>
  typeof value === "number" && Math.abs(value) <= limit;
