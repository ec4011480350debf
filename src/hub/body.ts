/** The bodies of requests, checked: what one says, or what is wrong with it. */
import type { Json } from "../base/json/value.ts";
import { check, problemText, type Schema } from "../base/schema/schema.ts";
import { anything } from "../base/schema/values.ts";

/** Any value of a parsed text. */
export const json = anything as Schema<Json>;

/** The body of a request, or what is wrong with it. */
export type Body<T> = { readonly value: T } | { readonly wrong: string };

export function bodyAs<T>(schema: Schema<T>, body: unknown, whole = "the body"): Body<T> {
  const checked = check(schema, body);
  if (checked.ok) return checked;
  return { wrong: checked.problems.map((problem) => problemText(problem, whole)).join("; ") };
}
