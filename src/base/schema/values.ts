/** Schemas for single values, and functions that derive one schema from another. */
import { invalid, refuse, type Schema } from "./schema.ts";

export interface TextRule {
  readonly pattern: RegExp;
  /** Completes "must be …". */
  readonly expected: string;
}

/** A string that matches `rule`, if given, and has at most `longest` characters. */
export function string(rule?: TextRule, longest = Number.POSITIVE_INFINITY): Schema<string> {
  const bound = Number.isFinite(longest) ? `a string of at most ${longest} characters` : "a string";
  return {
    expected: rule?.expected ?? bound,
    check(value, problems) {
      if (typeof value !== "string") return refuse(problems, "a string", value);
      if (value.length > longest) return refuse(problems, bound, value);
      return rule === undefined || rule.pattern.test(value) ? value : refuse(problems, rule.expected, value);
    },
  };
}

/** A finite number from `min` to `max`, inclusive. */
export const number = (min = -Number.MAX_VALUE, max = Number.MAX_VALUE): Schema<number> =>
  numeric("a number", Number.isFinite, min, max);

/** A whole number from `min` to `max`, inclusive. */
export const integer = (
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): Schema<number> => numeric("a whole number", Number.isInteger, min, max);

function numeric(noun: string, is: (value: unknown) => boolean, min: number, max: number): Schema<number> {
  const isOpen = min <= Number.MIN_SAFE_INTEGER && max >= Number.MAX_SAFE_INTEGER;
  const expected = isOpen ? noun : `${noun} from ${min} to ${max}`;
  return {
    expected,
    check: (value, problems) =>
      typeof value === "number" && is(value) && value >= min && value <= max
        ? value
        : refuse(problems, expected, value),
  };
}

export const boolean: Schema<boolean> = {
  expected: "true or false",
  check: (value, problems) => (typeof value === "boolean" ? value : refuse(problems, "true or false", value)),
};

export function oneOf<const T extends string | number>(values: readonly T[]): Schema<T> {
  const expected = values.map((value) => JSON.stringify(value)).join(" or ");
  return {
    expected,
    check(value, problems) {
      const found = values.find((each) => each === value);
      return found === undefined ? refuse(problems, expected, value) : found;
    },
  };
}

/** Accepts any value unchanged. */
export const anything: Schema<unknown> = { expected: "a value", check: (value) => value };

/** Accepts what the type guard `is` accepts. @param expected completes "must be …" */
export const guarded = <T>(expected: string, is: (value: unknown) => value is T): Schema<T> => ({
  expected,
  check: (value, problems) => (is(value) ? value : refuse(problems, expected, value)),
});

/** A value that matches one of two schemas. The first match wins. */
export const either = <A, B>(first: Schema<A>, second: Schema<B>): Schema<A | B> => ({
  expected: `${first.expected} or ${second.expected}`,
  check(value, problems) {
    for (const schema of [first, second]) {
      const checked = schema.check(value, []);
      if (checked !== invalid) return checked;
    }
    return refuse(problems, `${first.expected} or ${second.expected}`, value);
  },
});

/** Accepts `null` as well. */
export const nullable = <T>(schema: Schema<T>): Schema<T | null> => ({
  expected: `${schema.expected} or null`,
  check: (value, problems) => (value === null ? null : schema.check(value, problems)),
});

/** Converts a checked value. @param to may throw RangeError for a value that it cannot convert */
export const convert = <A, B>(
  schema: Schema<A>,
  to: (value: A) => B,
  expected = schema.expected,
): Schema<B> => ({
  expected,
  check(value, problems) {
    const checked = schema.check(value, problems);
    if (checked === invalid) return invalid;
    try {
      return to(checked);
    } catch (error) {
      if (error instanceof RangeError) return refuse(problems, expected, value);
      throw error;
    }
  },
});

/** Accepts only values for which `holds` returns true. @param expected completes "must be …" */
export const refine = <T>(schema: Schema<T>, expected: string, holds: (value: T) => boolean): Schema<T> => ({
  expected,
  check(value, problems) {
    const checked = schema.check(value, problems);
    if (checked === invalid || holds(checked)) return checked;
    if (typeof value !== "object") return refuse(problems, expected, value);
    problems.push({ path: [], message: `must be ${expected}` });
    return invalid;
  },
});

/** An optional member of an object. */
export interface Optional<out T> extends Schema<T | undefined> {
  readonly isOptional: true;
}

/** A member that may be absent. It is then absent from the result, too. */
export const optional = <T>(schema: Schema<T>): Optional<T> => ({
  expected: schema.expected,
  check: (value, problems) => schema.check(value, problems),
  absent: () => undefined,
  isOptional: true,
});

/** A member that may be absent. The result then holds the default `otherwise`. */
export const withDefault = <T, const D>(schema: Schema<T>, otherwise: D): Schema<T | D> => ({
  expected: schema.expected,
  check: (value, problems) => schema.check(value, problems),
  absent: () => otherwise,
});

/** As `withDefault`, but `null` also counts as absent. */
export const nullableOr = <T, const D>(schema: Schema<T>, otherwise: D): Schema<T | D> => ({
  expected: schema.expected,
  check: (value, problems) => (value === null ? otherwise : schema.check(value, problems)),
  absent: () => otherwise,
});

/** A secret: error messages never show its value. */
export const secret = <T>(schema: Schema<T>): Schema<T> => ({
  expected: schema.expected,
  check(value, problems) {
    const checked = schema.check(value, []);
    if (checked === invalid) problems.push({ path: [], message: `must be ${schema.expected}` });
    return checked;
  },
});

/** Treats an invalid value as absent: for stored data that must stay readable even if it was damaged. */
export const lenient = <T, D>(schema: Schema<T>, otherwise: () => D): Schema<T | D> => ({
  expected: schema.expected,
  check(value) {
    const checked = schema.check(value, []);
    return checked === invalid ? otherwise() : checked;
  },
  absent: otherwise,
});
