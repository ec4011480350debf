/**
 * Takes values of a wanted shape out of read JSON, and collects what is wrong instead of stopping at the first.
 *
 * Guarantee: a function here returns a value only when it has the shape asked for; else it returns `undefined` and
 * has noted why, with the place. An absent node (`undefined`) is passed through silently: `object` has noted it.
 */
import type { JsonNode } from "./parse.ts";

export interface ShapeProblem {
  /** Offset in the text. */
  readonly offset: number;
  /** What is wrong, naming the value by its path, as in `Capabilities.Gpio[2]`. */
  readonly message: string;
  /** The key that is not known, when that is what is wrong, and the path of the object that has it. */
  readonly unknownKey?: string;
  readonly owner?: string;
}

export interface TextRule {
  readonly pattern: RegExp;
  /** Completes "must be …". */
  readonly says: string;
}

export class ShapeReader {
  readonly problems: ShapeProblem[] = [];

  refuse(node: JsonNode, message: string): undefined {
    this.problems.push({ offset: node.offset, message });
    return undefined;
  }

  /** The members of an object that has all `required` keys and none beside these and the `optional` ones. */
  object(
    node: JsonNode | undefined,
    where: string,
    required: readonly string[],
    optional: readonly string[] = [],
  ): ReadonlyMap<string, JsonNode> | undefined {
    if (node === undefined) return undefined;
    if (node.type !== "object") return this.refuse(node, `${where} must be an object, not ${kind(node)}`);
    for (const key of required) if (!node.members.has(key)) this.refuse(node, `${where} lacks "${key}"`);
    for (const [key, member] of node.members) {
      if (required.includes(key) || optional.includes(key)) continue;
      this.problems.push({
        offset: member.offset,
        message: `${where} has the unknown key "${key}"`,
        unknownKey: key,
        owner: where,
      });
    }
    return node.members;
  }

  string(node: JsonNode | undefined, where: string, rule?: TextRule): string | undefined {
    if (node === undefined) return undefined;
    if (node.type !== "string") return this.refuse(node, `${where} must be a text, not ${kind(node)}`);
    if (rule !== undefined && !rule.pattern.test(node.value)) {
      return this.refuse(node, `${where} must be ${rule.says}, not ${JSON.stringify(node.value)}`);
    }
    return node.value;
  }

  integer(node: JsonNode | undefined, where: string, min: number, max: number): number | undefined {
    if (node === undefined) return undefined;
    if (node.type === "number" && Number.isInteger(node.value) && node.value >= min && node.value <= max) {
      return node.value;
    }
    return this.refuse(node, `${where} must be a whole number from ${min} to ${max}, not ${kind(node)}`);
  }

  choice<T extends string>(node: JsonNode | undefined, where: string, values: readonly T[]): T | undefined {
    if (node === undefined) return undefined;
    const found = node.type === "string" ? values.find((value) => value === node.value) : undefined;
    if (found !== undefined) return found;
    return this.refuse(node, `${where} must be "${values.join('" or "')}", not ${kind(node)}`);
  }

  /** The items that `item` accepts; the others have been noted by it. */
  list<T>(
    node: JsonNode | undefined,
    where: string,
    item: (node: JsonNode, where: string) => T | undefined,
  ): T[] | undefined {
    if (node === undefined) return undefined;
    if (node.type !== "array") return this.refuse(node, `${where} must be a list, not ${kind(node)}`);
    return node.items.map((each, at) => item(each, `${where}[${at}]`)).filter((each) => each !== undefined);
  }
}

function kind(node: JsonNode): string {
  switch (node.type) {
    case "object":
      return "an object";
    case "array":
      return "a list";
    case "string":
    case "number":
    case "boolean":
    case "null":
      return JSON.stringify(node.value).slice(0, 80);
  }
}
