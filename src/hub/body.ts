/** Validates request bodies. */
import type { Json } from "../base/json/value.ts";
import { check, problemText, type Schema } from "../base/schema/schema.ts";
import { anything } from "../base/schema/values.ts";

/** Any JSON value. */
export const json = anything as Schema<Json>;

/** A valid body, or a message about what is wrong with it. */
export type Body<T> = { readonly value: T } | { readonly problem: string };

export function bodyAs<T>(schema: Schema<T>, body: unknown, whole = "the body"): Body<T> {
  const checked = check(schema, body);
  if (checked.ok) return checked;
  return { problem: checked.problems.map((problem) => problemText(problem, whole)).join("; ") };
}
