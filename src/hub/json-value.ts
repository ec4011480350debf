/**
 * JSON values as they come over the wire.
 *
 * Guarantee: nothing here throws, and no name from outside (`__proto__` for one) reaches an object's prototype:
 * objects that are made here have none of the names that they were not given.
 */
import { check, problemText, type Schema } from "../base/schema/schema.ts";
import { anything } from "../base/schema/values.ts";
import type { Json } from "./page-server/api.ts";

export type JsonObject = { [name: string]: Json };
export type { Json };

/** Any value of a parsed text. */
export const json = anything as Schema<Json>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The member itself, never one that the prototype has. */
export function member(value: unknown, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Sets a member of any name, `__proto__` too, as plain data. */
export function setMember(object: JsonObject, name: string, value: Json): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** `undefined` when the text is not JSON. */
export function readJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** The body of a request, or what is wrong with it. */
export type Body<T> = { readonly value: T } | { readonly wrong: string };

export function bodyAs<T>(schema: Schema<T>, body: unknown, whole = "the body"): Body<T> {
  const checked = check(schema, body);
  if (checked.ok) return checked;
  return { wrong: checked.problems.map((problem) => problemText(problem, whole)).join("; ") };
}

export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, at) => equalJson(item, b[at]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && equalJson(a[name], b[name]))
  );
}
