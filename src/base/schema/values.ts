/** Schemas of single values, and what can be made of any schema. */
import { invalid, refuse, type Schema } from "./schema.ts";

export interface TextRule {
  readonly pattern: RegExp;
  /** Completes "must be …". */
  readonly says: string;
}

/** A string; one that follows the rule, and has at most so many characters. */
export function string(rule?: TextRule, longest = Number.POSITIVE_INFINITY): Schema<string> {
  const bound = Number.isFinite(longest) ? `a string of at most ${longest} characters` : "a string";
  return {
    says: rule?.says ?? bound,
    check(value, problems) {
      if (typeof value !== "string") return refuse(problems, "a string", value);
      if (value.length > longest) return refuse(problems, bound, value);
      return rule === undefined || rule.pattern.test(value) ? value : refuse(problems, rule.says, value);
    },
  };
}

/** A finite number between two limits, both allowed. */
export const number = (min = -Number.MAX_VALUE, max = Number.MAX_VALUE): Schema<number> =>
  numeric("a number", Number.isFinite, min, max);

/** A whole number between two limits, both allowed. */
export const integer = (
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): Schema<number> => numeric("a whole number", Number.isInteger, min, max);

function numeric(noun: string, is: (value: unknown) => boolean, min: number, max: number): Schema<number> {
  const isOpen = min <= Number.MIN_SAFE_INTEGER && max >= Number.MAX_SAFE_INTEGER;
  const says = isOpen ? noun : `${noun} from ${min} to ${max}`;
  return {
    says,
    check: (value, problems) =>
      typeof value === "number" && is(value) && value >= min && value <= max
        ? value
        : refuse(problems, says, value),
  };
}

export const boolean: Schema<boolean> = {
  says: "true or false",
  check: (value, problems) => (typeof value === "boolean" ? value : refuse(problems, "true or false", value)),
};

export function oneOf<const T extends string | number>(values: readonly T[]): Schema<T> {
  const says = values.map((value) => JSON.stringify(value)).join(" or ");
  return {
    says,
    check(value, problems) {
      const found = values.find((each) => each === value);
      return found === undefined ? refuse(problems, says, value) : found;
    },
  };
}

/** Any value, as it is. */
export const anything: Schema<unknown> = { says: "a value", check: (value) => value };

/** What `is` says it is. @param says completes "must be …" */
export const guarded = <T>(says: string, is: (value: unknown) => value is T): Schema<T> => ({
  says,
  check: (value, problems) => (is(value) ? value : refuse(problems, says, value)),
});

/** Either of several, the first that fits. */
export const either = <A, B>(first: Schema<A>, second: Schema<B>): Schema<A | B> => ({
  says: `${first.says} or ${second.says}`,
  check(value, problems) {
    for (const schema of [first, second]) {
      const checked = schema.check(value, []);
      if (checked !== invalid) return checked;
    }
    return refuse(problems, `${first.says} or ${second.says}`, value);
  },
});

/** Also `null`. */
export const nullable = <T>(schema: Schema<T>): Schema<T | null> => ({
  says: `${schema.says} or null`,
  check: (value, problems) => (value === null ? null : schema.check(value, problems)),
});

/** The value made into another. @param to may throw RangeError for a value that has no such counterpart */
export const convert = <A, B>(schema: Schema<A>, to: (value: A) => B, says = schema.says): Schema<B> => ({
  says,
  check(value, problems) {
    const checked = schema.check(value, problems);
    if (checked === invalid) return invalid;
    try {
      return to(checked);
    } catch (error) {
      if (error instanceof RangeError) return refuse(problems, says, value);
      throw error;
    }
  },
});

/** Only values for which `holds`. @param says completes "must be …" */
export const refine = <T>(schema: Schema<T>, says: string, holds: (value: T) => boolean): Schema<T> => ({
  says,
  check(value, problems) {
    const checked = schema.check(value, problems);
    return checked === invalid || holds(checked) ? checked : refuse(problems, says, value);
  },
});

/** An optional member of an object. */
export interface Optional<out T> extends Schema<T | undefined> {
  readonly isOptional: true;
}

/** A member that may be absent, and is then absent in what is read, too. */
export const optional = <T>(schema: Schema<T>): Optional<T> => ({
  says: schema.says,
  check: (value, problems) => schema.check(value, problems),
  absent: () => undefined,
  isOptional: true,
});

/** A member that may be absent, and stands for another value then. */
export const orElse = <T, const D>(schema: Schema<T>, otherwise: D): Schema<T | D> => ({
  says: schema.says,
  check: (value, problems) => schema.check(value, problems),
  absent: () => otherwise,
});

/** As `orElse`, for those who say `null` where they mean nothing. */
export const presentOr = <T, const D>(schema: Schema<T>, otherwise: D): Schema<T | D> => ({
  says: schema.says,
  check: (value, problems) => (value === null ? otherwise : schema.check(value, problems)),
  absent: () => otherwise,
});

/** A secret: what is wrong with it is said without showing it. */
export const secret = <T>(schema: Schema<T>): Schema<T> => ({
  says: schema.says,
  check(value, problems) {
    const checked = schema.check(value, []);
    if (checked === invalid) problems.push({ path: [], wrong: `must be ${schema.says}` });
    return checked;
  },
});

/** A value that does not fit counts as absent: for what was stored once and must be read whatever became of it. */
export const lenient = <T, D>(schema: Schema<T>, otherwise: () => D): Schema<T | D> => ({
  says: schema.says,
  check(value) {
    const checked = schema.check(value, []);
    return checked === invalid ? otherwise() : checked;
  },
  absent: otherwise,
});
