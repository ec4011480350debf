/**
 * Folder schema/: the one vocabulary for what comes from outside: files, stored documents, twins, REST bodies, the page, other
 * processes. A schema says once what a value must be; its TypeScript type and the words for a mistake follow from it.
 *
 * Guarantees: a check never throws, whatever the value; what it returns has exactly the shape of its type and is made
 * anew, without members that the schema does not name; every mistake is found (up to a bound), each with its path.
 */
import { isRecord } from "../json/value.ts";

/** From the whole value to a part of it: names of members, indices of items. */
export type Path = readonly (string | number)[];

export interface Problem {
  readonly path: Path;
  /** Follows the name of the value: `must be a whole number, not "x"`. Short, whatever the value. */
  readonly wrong: string;
  /** Set when a member is not known; `path` is then that of the object that has it. */
  readonly unknownKey?: string;
}

/** In place of a value that does not fit; the problems say why. */
export const invalid: unique symbol = Symbol("invalid");

export interface Schema<out T> {
  /** Completes "must be …". */
  readonly says: string;
  /** @returns `invalid` only after it has noted a problem */
  check(value: unknown, problems: Problem[]): T | typeof invalid;
  /** What an absent member stands for. A schema without it must be there. */
  readonly absent?: () => T;
}

/** The type that a schema stands for. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** With all that is wrong. */
export function check<T>(schema: Schema<T>, value: unknown): Checked<T> {
  const problems: Problem[] = [];
  const checked = schema.check(value, problems);
  return checked === invalid ? { ok: false, problems } : { ok: true, value: checked };
}

/** For whoever only wants to know whether it fits: `undefined` when it does not. */
export function read<T>(schema: Schema<T>, value: unknown): T | undefined {
  const checked = schema.check(value, []);
  return checked === invalid ? undefined : checked;
}

/** As `read`, for a text that should be JSON. */
export function readText<T>(schema: Schema<T>, text: string): T | undefined {
  try {
    return read(schema, JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** `Capabilities.Gpio[2] must be …`. @param whole what the value is called as a whole, such as `the manifest` */
export const problemText = ({ path, wrong }: Problem, whole: string): string =>
  `${path.length === 0 ? whole : pathText(path)} ${wrong}`;

export const pathText = (path: Path): string =>
  path.map((step, at) => (typeof step === "number" ? `[${step}]` : at === 0 ? step : `.${step}`)).join("");

/** Notes that `value` is not what the schema says. */
export function refuse(problems: Problem[], says: string, value: unknown): typeof invalid {
  problems.push({ path: [], wrong: `must be ${says}, not ${kindText(value)}` });
  return invalid;
}

/** Checks a part of a value; what is wrong with the part gets its path. */
export function checkPart<T>(
  key: string | number,
  schema: Schema<T>,
  value: unknown,
  problems: Problem[],
): T | typeof invalid {
  const before = problems.length;
  const checked = schema.check(value, problems);
  for (let at = before; at < problems.length; at++) {
    const problem = problems[at];
    if (problem !== undefined) problems[at] = { ...problem, path: [key, ...problem.path] };
  }
  return checked;
}

const longestShown = 80;

/** A value in a few words. */
function kindText(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value === undefined) return "nothing";
  if (isRecord(value)) return "an object";
  const text = typeof value === "string" ? JSON.stringify(value.slice(0, longestShown)) : String(value);
  return text.slice(0, longestShown);
}
