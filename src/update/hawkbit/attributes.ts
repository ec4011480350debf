/**
 * The attributes by which devices can be filtered on the server, such as version and architecture.
 *
 * Guarantee: the attributes sent are within hawkBit's quotas (100 attributes of 128 characters each way),
 * otherwise the server would reject all of them.
 */

export type Attributes = Readonly<Record<string, string>>;

const maxAttributes = 100;
const maxLength = 128;

export function fitted(given: Attributes): Attributes {
  const entries = Object.entries(given)
    .map(([key, value]) => [cut(key), cut(value)] as const)
    .filter(([key]) => key !== "");
  return Object.fromEntries(entries.slice(0, maxAttributes));
}

/** Without characters that could break markup or a log line. */
export function plainText(text: string, longest: number): string {
  const plain = text
    .replaceAll(/[<>]/g, "")
    .replaceAll(/[\p{Cc}\p{Cs}\s]+/gu, " ")
    .trim();
  // Do not cut a surrogate pair in two.
  return plain.slice(0, longest).replace(/[\ud800-\udbff]$/, "");
}

const cut = (text: string): string => plainText(text, maxLength);

export interface AttributeChange {
  readonly mode: "merge" | "replace" | "remove";
  readonly data: Attributes;
}

/**
 * The requests that bring the server from `before` to `now`. Without a `before` everything is replaced: older firmware
 * may have left attributes that are no longer valid.
 */
export function attributeChanges(
  before: Attributes | undefined,
  now: Attributes,
): readonly AttributeChange[] {
  if (before === undefined) return [{ mode: "replace", data: now }];
  const changed = Object.entries(now).filter(([key, value]) => before[key] !== value);
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(now, key));
  const changes: AttributeChange[] = [];
  // First, because both together could exceed the quota.
  if (gone.length > 0)
    changes.push({ mode: "remove", data: Object.fromEntries(gone.map((key) => [key, ""])) });
  if (changed.length > 0) changes.push({ mode: "merge", data: Object.fromEntries(changed) });
  return changes;
}
