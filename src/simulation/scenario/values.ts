/** Values that scenario files are made of, read with the place of what is wrong. */
import type { JsonNode } from "../../base/json/parse.ts";
import type { ShapeReader } from "../../base/json/shape.ts";
import { type Millis, seconds } from "../../base/units.ts";

const timePattern = /^(\d{1,4}):([0-5]\d)(?::([0-5]\d))?$/;

/** `h:mm` or `h:mm:ss`, up to 9999 hours. */
export function readTime(reader: ShapeReader, node: JsonNode | undefined, where: string): Millis | undefined {
  const rule = { pattern: timePattern, says: 'a time such as "7:30" (h:mm) or "0:00:05" (h:mm:ss)' };
  const parts = timePattern.exec(reader.string(node, where, rule) ?? "");
  if (parts === null) return undefined;
  const [, hour, minute, second] = parts.map((part) => Number(part ?? 0));
  return seconds((hour ?? 0) * 3600 + (minute ?? 0) * 60 + (second ?? 0));
}

export function readNumber(
  reader: ShapeReader,
  node: JsonNode | undefined,
  where: string,
  [min, max]: readonly [min: number, max: number],
): number | undefined {
  if (node === undefined) return undefined;
  if (node.type === "number" && node.value >= min && node.value <= max) return node.value;
  return reader.refuse(node, `${where} must be a number from ${min} to ${max}`);
}

export function readSwitch(
  reader: ShapeReader,
  node: JsonNode | undefined,
  where: string,
): boolean | undefined {
  if (node === undefined) return undefined;
  if (node.type === "boolean") return node.value;
  return reader.refuse(node, `${where} must be true or false`);
}
