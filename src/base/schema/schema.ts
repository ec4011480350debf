/**
 * Folder schema/: validates all external data: files, stored documents, twins, REST bodies, the page and
 * messages from other processes. A schema defines once what a value must be. Its TypeScript type and error
 * messages derive from it.
 *
 * Guarantees: a check never throws, whatever the value. The result is a new value with exactly the shape of
 * its type, without members that the schema does not define. A check finds every mistake, up to a limit, each
 * with its path.
 */
import { isRecord } from "../json/value.ts";

/** The path from the whole value to a part: member names and item indices. */
export type Path = readonly (string | number)[];

export interface Problem {
  readonly path: Path;
  /** The message after the value's name: `must be a whole number, not "x"`. Always short. */
  readonly message: string;
  /** The name of an unknown member. `path` is then the path of the object that contains it. */
  readonly unknownKey?: string;
}

/** Returned instead of an invalid value; the list of problems has the reasons. */
export const invalid: unique symbol = Symbol("invalid");

export interface Schema<out T> {
  /** Completes "must be …". */
  readonly expected: string;
  /** @returns the checked value, or `invalid` after adding at least one problem */
  check(value: unknown, problems: Problem[]): T | typeof invalid;
  /** @returns the default for an absent member. Without this function the member is required. */
  readonly absent?: () => T;
}

/** The type of a schema. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** @returns the checked value, or all problems found */
export function check<T>(schema: Schema<T>, value: unknown): Checked<T> {
  const problems: Problem[] = [];
  const checked = schema.check(value, problems);
  return checked === invalid ? { ok: false, problems } : { ok: true, value: checked };
}

/** As `check`, without the problems. @returns `undefined` when the value is invalid */
export function read<T>(schema: Schema<T>, value: unknown): T | undefined {
  const checked = schema.check(value, []);
  return checked === invalid ? undefined : checked;
}

/** As `read`, for JSON text. @returns `undefined` also when the text is not JSON */
export function readText<T>(schema: Schema<T>, text: string): T | undefined {
  try {
    return read(schema, JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** `Capabilities.Gpio[2] must be …`. @param whole the name of the whole value, such as `the manifest` */
export const problemText = ({ path, message: wrong }: Problem, whole: string): string =>
  `${path.length === 0 ? whole : pathText(path)} ${wrong}`;

export const pathText = (path: Path): string =>
  path.map((step, at) => (typeof step === "number" ? `[${step}]` : at === 0 ? step : `.${step}`)).join("");

/** Adds the problem that `value` does not match the schema. */
export function refuse(problems: Problem[], expected: string, value: unknown): typeof invalid {
  problems.push({ path: [], message: `must be ${expected}, not ${kindText(value)}` });
  return invalid;
}

/** Checks one member or item. `key` is put in front of the path of each problem found. */
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

const maxShownLength = 80;

/** A short description of a value for an error message. */
function kindText(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value === undefined) return "nothing";
  if (isRecord(value)) return "an object";
  const text = typeof value === "string" ? JSON.stringify(value.slice(0, maxShownLength)) : String(value);
  return text.slice(0, maxShownLength);
}
