/** The settings table as a JSON Schema (draft 2020-12), for editors. Rules between keys are only in `parseSettings`. */
import type { SettingSpec } from "./settings-table.ts";
import { settingKeys, settingSpec } from "./settings-table.ts";

export type JsonSchema = { readonly [keyword: string]: unknown };

export function settingsJsonSchema(): JsonSchema {
  const properties = Object.fromEntries(settingKeys.map((key) => [key, propertySchema(settingSpec(key))]));
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "grove-heater settings",
    type: "object",
    additionalProperties: false,
    properties: { $schema: { type: "string" }, ...properties },
  };
}

function propertySchema(spec: SettingSpec): JsonSchema {
  const common = { title: spec.label, description: describe(spec), default: spec.default };
  switch (spec.kind) {
    case "number": {
      // No `multipleOf`: most validators would reject 19.3 because of binary fractions.
      return {
        type: Number.isInteger(spec.step) ? "integer" : "number",
        minimum: spec.min,
        maximum: spec.max,
        ...common,
      };
    }
    case "choice":
      return { enum: spec.choices, ...common };
    case "name":
      return { type: "string", pattern: spec.pattern.source, ...common };
    case "switch":
      return { type: "boolean", ...common };
  }
}

function describe(spec: SettingSpec): string {
  const unit = spec.kind === "number" ? ` Unit: ${spec.unit}.` : "";
  return `${spec.doc}${unit}${spec.restart ? " Takes effect at the next start." : ""}`;
}
