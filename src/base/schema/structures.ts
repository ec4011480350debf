/** Schemas for composite values: objects, lists, maps and unions. */
import { isRecord } from "../json/value.ts";
import { checkPart, type Infer, invalid, type Problem, refuse, type Schema } from "./schema.ts";
import { type Optional, oneOf, type TextRule } from "./values.ts";

export type Members = Readonly<Record<string, Schema<unknown>>>;
type OptionalNames<M> = { [K in keyof M]: M[K] extends Optional<unknown> ? K : never }[keyof M];
type Flat<T> = { [K in keyof T]: T[K] };
export type ObjectOf<M> = Flat<
  { readonly [K in Exclude<keyof M, OptionalNames<M>>]: Infer<M[K]> } & {
    readonly [K in OptionalNames<M>]?: Infer<M[K]>;
  }
>;

/** Unknown keys are rejected (`strictObject`, for files written by hand) or dropped (data from programs). */
export type UnknownKeys = "refused" | "ignored";

/** Checking stops at this many problems, so that hostile input cannot produce a million of them. */
const maxProblems = 100;

/** An object with these members. Other members are dropped. */
export const object = <M extends Members>(members: M): Schema<ObjectOf<M>> =>
  objectSchema(members, "ignored");

/** An object with these members. Other members are rejected. */
export const strictObject = <M extends Members>(members: M): Schema<ObjectOf<M>> =>
  objectSchema(members, "refused");

function objectSchema<M extends Members>(members: M, unknown: UnknownKeys): Schema<ObjectOf<M>> {
  const entries = Object.entries(members);
  return {
    expected: "an object",
    check(value, problems) {
      if (!isRecord(value)) return refuse(problems, "an object", value);
      const before = problems.length;
      const made: [string, unknown][] = [];
      for (const [name, schema] of entries) {
        const member = Object.hasOwn(value, name) ? value[name] : undefined;
        if (member === undefined) takeAbsent(name, schema, made, problems);
        else made.push([name, checkPart(name, schema, member, problems)]);
      }
      if (unknown === "refused") refuseUnknown(value, members, problems);
      return problems.length === before ? (Object.fromEntries(made) as ObjectOf<M>) : invalid;
    },
  };
}

function takeAbsent(
  name: string,
  schema: Schema<unknown>,
  made: [string, unknown][],
  problems: Problem[],
): void {
  if (schema.absent === undefined) problems.push({ path: [], message: `is missing "${name}"` });
  else if (!("isOptional" in schema && schema.isOptional)) made.push([name, schema.absent()]);
}

function refuseUnknown(value: object, members: Members, problems: Problem[]): void {
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(members, key)) continue;
    problems.push({ path: [], message: `has the unknown key "${key.slice(0, 64)}"`, unknownKey: key });
    if (problems.length >= maxProblems) return;
  }
}

/** A list. @param most the maximum number of items */
export function list<T>(item: Schema<T>, most = Number.POSITIVE_INFINITY): Schema<readonly T[]> {
  const expected = Number.isFinite(most) ? `a list of at most ${most} items` : "a list";
  return {
    expected,
    check(value, problems) {
      if (!Array.isArray(value)) return refuse(problems, "a list", value);
      if (value.length > most) {
        problems.push({ path: [], message: `must be ${expected}, not of ${value.length}` });
        return invalid;
      }
      const before = problems.length;
      const made: (T | typeof invalid)[] = [];
      for (const [at, each] of value.entries()) {
        made.push(checkPart(at, item, each, problems));
        if (problems.length >= maxProblems) break;
      }
      return problems.length === before ? (made as T[]) : invalid;
    },
  };
}

/** Keeps the valid items and drops the others: for stored data that must stay readable even if damaged. */
export const validItems = <T>(item: Schema<T>): Schema<readonly T[]> => ({
  expected: "a list",
  check(value, problems) {
    if (!Array.isArray(value)) return refuse(problems, "a list", value);
    return value.map((each) => item.check(each, [])).filter((each) => each !== invalid) as T[];
  },
});

/** A list without duplicates. */
export const distinct = <T extends string | number>(items: Schema<readonly T[]>): Schema<readonly T[]> => ({
  expected: items.expected,
  check(value, problems) {
    const checked = items.check(value, problems);
    if (checked === invalid) return invalid;
    const before = problems.length;
    for (const [at, item] of checked.entries()) {
      if (checked.indexOf(item) < at) problems.push({ path: [at], message: `is listed twice: ${item}` });
    }
    return problems.length === before ? checked : invalid;
  },
});

/** An object with any member names. @param most maximum number of members @param name rule for the names */
export const map = <T>(
  member: Schema<T>,
  most = Number.POSITIVE_INFINITY,
  name?: TextRule,
): Schema<Readonly<Record<string, T>>> => ({
  expected: "an object",
  check(value, problems) {
    if (!isRecord(value)) return refuse(problems, "an object", value);
    const before = problems.length;
    const entries = Object.entries(value);
    if (entries.length > most) {
      problems.push({ path: [], message: `must have at most ${most} members, not ${entries.length}` });
      return invalid;
    }
    const made: [string, T | typeof invalid][] = [];
    for (const [key, each] of entries) {
      if (name !== undefined && !name.pattern.test(key))
        problems.push({ path: [key], message: `must be ${name.expected}` });
      made.push([key, checkPart(key, member, each, problems)]);
      if (problems.length >= maxProblems) break;
    }
    return problems.length === before ? (Object.fromEntries(made) as Record<string, T>) : invalid;
  },
});

/** A list with exactly one item for each schema, in this order. */
export const tuple = <const I extends readonly Schema<unknown>[]>(
  items: I,
): Schema<{ readonly [K in keyof I]: Infer<I[K]> }> => ({
  expected: `a list of ${items.length} items`,
  check(value, problems) {
    if (!Array.isArray(value) || value.length !== items.length) {
      return refuse(problems, `a list of ${items.length} items`, value);
    }
    const before = problems.length;
    const made = items.map((item, at) => checkPart(at, item, value[at], problems));
    return problems.length === before ? (made as { [K in keyof I]: Infer<I[K]> }) : invalid;
  },
});

export type UnionOf<D extends string, C> = {
  [K in keyof C]: Flat<{ readonly [N in D]: K } & Infer<C[K]>>;
}[keyof C];

/** A discriminated union: the member `name` selects the case. */
export function byKind<const D extends string, const C extends Readonly<Record<string, Schema<object>>>>(
  name: D,
  cases: C,
): Schema<UnionOf<D, C>> {
  const kinds = oneOf(Object.keys(cases));
  const expected = `an object with "${name}"`;
  return {
    expected,
    check(value, problems) {
      if (!isRecord(value)) return refuse(problems, expected, value);
      const { [name]: given, ...rest } = value;
      if (given === undefined) {
        problems.push({ path: [], message: `is missing "${name}"` });
        return invalid;
      }
      const kind = checkPart(name, kinds, given, problems);
      const checked = kind === invalid ? invalid : cases[kind]?.check(rest, problems);
      return checked === invalid ? invalid : ({ [name]: kind, ...checked } as UnionOf<D, C>);
    },
  };
}
