/** The model in manifest/model and the table in src/model/cloud-model.ts name exactly the same things. */
import { readFileSync } from "node:fs";
import { createParser, ModelParsingOption } from "@azure/dtdl-parser";
import { describe, expect, it } from "vitest";
import {
  type CloudSchema,
  type CommandSpec,
  commands,
  componentRows,
  modelId,
  type PropertySpec,
  readOnlyProperties,
  type TelemetrySpec,
  telemetry,
  writableProperties,
} from "../../src/model/cloud-model.ts";
import { weekdays } from "../../src/model/week.ts";

type Json = Record<string, unknown>;
interface Content extends Json {
  readonly "@type": string | readonly string[];
  readonly name: string;
  readonly schema?: unknown;
  readonly request?: Json;
}
interface Interface extends Json {
  readonly "@id": string;
  readonly contents: readonly Content[];
}

const file = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../manifest/model/${name}`, import.meta.url), "utf8"));
const [heater, ...components] = file("heater.dtdl.json") as [Interface, ...Interface[]];
const template = file("iot-central-template.json") as Json & { capabilityModel: Interface };

const typesOf = ({ "@type": type }: Content) => (typeof type === "string" ? [type] : [...type]);

/** DTDL's words for the table's units: a semantic type with its unit. What is not here has no type of its own. */
const semantics: Readonly<Record<string, readonly [type: string, unit: string]>> = {
  "°C": ["Temperature", "degreeCelsius"],
  s: ["TimeSpan", "second"],
  min: ["TimeSpan", "minute"],
  h: ["TimeSpan", "hour"],
};

function semanticOf(name: string, schema: CloudSchema): readonly [type?: string, unit?: string] {
  if (schema.kind !== "number" && schema.kind !== "integer") return [];
  if (name === "humidity") return ["RelativeHumidity", "percent"];
  return semantics[schema.unit ?? ""] ?? [];
}

const memberName = (code: string) => code.replaceAll(/-([a-z])/g, (_, letter) => letter.toUpperCase());

/** The table's schema as DTDL writes it, display names of members left out. */
function dtdl(schema: CloudSchema, event = false): unknown {
  if (schema.kind === "choice" && !event) {
    const enumValues = schema.choices.map((enumValue) => ({ name: memberName(enumValue), enumValue }));
    return { "@type": "Enum", valueSchema: "string", enumValues };
  }
  if (schema.kind === "record") {
    const fields = Object.entries(schema.fields).map(([name, of]) => ({ name, schema: dtdl(of) }));
    return { "@type": "Object", fields };
  }
  if (schema.kind === "week") {
    return { "@type": "Object", fields: weekdays.map((name) => ({ name, schema: "string" })) };
  }
  const words = { number: "double", integer: "integer", flag: "boolean", text: "string", time: "dateTime" };
  return schema.kind === "choice" ? "string" : words[schema.kind];
}

/** What the table wants the model to say about each name. */
function expected(): Json {
  const all: Json = {};
  const value = (kind: string, name: string, spec: PropertySpec, event = false) => {
    const [type, unit] = semanticOf(name, spec.schema);
    return {
      types: type === undefined ? [kind] : [kind, type],
      unit,
      words: [spec.label, spec.doc],
      schema: dtdl(spec.schema, event),
    };
  };
  for (const [name, spec] of Object.entries<TelemetrySpec>(telemetry)) {
    all[name] = value("Telemetry", name, spec, spec.event);
  }
  for (const [name, spec] of Object.entries<PropertySpec>(writableProperties)) {
    all[name] = { ...value("Property", name, spec), writable: true };
  }
  for (const [name, spec] of Object.entries<PropertySpec>(readOnlyProperties)) {
    all[name] = value("Property", name, spec);
  }
  for (const [name, { label, doc, request }] of Object.entries<CommandSpec>(commands)) {
    const takes = request && {
      name: request.name,
      words: [request.label, request.doc],
      schema: dtdl(request.schema),
    };
    all[name] = { types: ["Command"], words: [label, doc], request: takes };
  }
  for (const row of componentRows) all[row.name] = { types: ["Component"], component: row.modelId };
  return all;
}

const withoutMemberLabels = (schema: unknown) =>
  JSON.parse(JSON.stringify(schema), (key, value) => {
    if (key !== "enumValues") return value;
    return value.map(({ name, enumValue }: Json) => ({ name, enumValue }));
  });

const centralOnly = new Set(["NumberValue", "State", "Event"]);

/** The same about what a model says. */
function said(contents: readonly Content[]): Json {
  return Object.fromEntries(
    contents.map((content) => {
      const types = typesOf(content).filter((type) => !centralOnly.has(type));
      const words = [content["displayName"], content["description"]];
      if (types[0] === "Component") {
        const { schema } = content;
        return [content.name, { types, component: typeof schema === "string" ? schema : idOf(schema) }];
      }
      const { request } = content;
      if (types[0] === "Command") {
        const takes = request && {
          name: request["name"],
          words: [request["displayName"], request["description"]],
          schema: withoutMemberLabels(request["schema"]),
        };
        return [content.name, { types, words, request: takes }];
      }
      const { unit, writable } = content;
      const value = { types, unit, words, schema: withoutMemberLabels(content.schema) };
      return [content.name, writable === undefined ? value : { ...value, writable }];
    }),
  );
}

const idOf = (schema: unknown) => (schema as Interface)["@id"];

const parse = (...models: readonly unknown[]) =>
  createParser(ModelParsingOption.RejectUndefinedExtensions).parse(models.map((m) => JSON.stringify(m)));

describe("the DTDL model", () => {
  it("is taken by the DTDL parser, with its components", async () => {
    const parsed = await parse(heater, ...components);
    for (const id of [modelId, ...componentRows.map((row) => row.modelId)])
      expect(parsed[id]?.entityKind).toBe("interface");
  });

  it("would not be taken with a semantic type that does not fit its unit", async () => {
    const wrong = JSON.stringify(heater).replace('"RelativeHumidity"', '"Humidity"');
    await expect(parse(JSON.parse(wrong), ...components)).rejects.toThrow();
  });

  it("names what the table names, and nothing else: kinds, types, units, schemas, words", () => {
    expect(heater["@id"]).toBe(modelId);
    expect(said(heater.contents)).toEqual(expected());
  });

  it("gives no unit of its own to a difference in kelvin: converters would take 273 from it", () => {
    const offset = heater.contents.find(({ name }) => name === "sensorOffset");
    expect(offset?.["unit"]).toBeUndefined();
  });

  it("has no array in a property, and only names that every service takes", () => {
    expect(JSON.stringify(heater.contents)).not.toContain('"Array"');
    const names = [...JSON.stringify(heater.contents).matchAll(/"name":"([^"]*)"/g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(40);
    for (const name of names) expect(name).toMatch(/^[A-Za-z][A-Za-z0-9_]{0,63}$/);
  });

  it("describes each component as its table does, the device information as the standard does", () => {
    const found = components.map(({ "@id": id, contents }) => ({
      id,
      fields: Object.fromEntries(contents.map(({ name, schema }) => [name, withoutMemberLabels(schema)])),
    }));
    const wanted = componentRows.map((row) => ({
      id: row.modelId,
      fields: Object.fromEntries(
        Object.entries<{ schema: CloudSchema }>(row.fields).map(([name, of]) => [name, dtdl(of.schema)]),
      ),
    }));
    expect(found).toEqual(wanted);
  });
});

describe("the IoT Central template", () => {
  const { capabilityModel } = template;

  it("is a device model in both contexts", () => {
    expect(template["@type"]).toEqual(["ModelDefinition", "DeviceModel"]);
    expect(template["@context"]).toEqual(["dtmi:iotcentral:context;2", "dtmi:dtdl:context;2"]);
    expect(template["@id"]).not.toBe(modelId);
    expect(capabilityModel["@id"]).toBe(modelId);
  });

  it("names what the table names, and nothing else", () => {
    expect(said(capabilityModel.contents)).toEqual(expected());
  });

  it("carries the table's limits and units for the person at the screen", () => {
    const specs: readonly [string, PropertySpec][] = [
      ...Object.entries(telemetry),
      ...Object.entries(writableProperties),
      ...Object.entries(readOnlyProperties),
    ];
    for (const [name, { schema }] of specs) {
      const content = capabilityModel.contents.find((each) => each.name === name);
      const numeric = schema.kind === "number" || schema.kind === "integer";
      const limits = [content?.["minValue"], content?.["maxValue"], content?.["displayUnit"]];
      expect([name, ...limits]).toEqual(
        numeric ? [name, schema.min, schema.max, schema.unit] : [name, undefined, undefined, undefined],
      );
    }
  });

  it("shows choices as states and faults as events, as IoT Central wants their schemas", () => {
    for (const content of capabilityModel.contents) {
      const types = typesOf(content);
      const isEnum = (content.schema as Json | undefined)?.["@type"] === "Enum";
      expect([content.name, types.includes("State")]).toEqual([content.name, isEnum]);
      if (types.includes("Event")) expect(content.schema).toBe("string");
    }
    const events = capabilityModel.contents.filter((content) => typesOf(content).includes("Event"));
    const inTable = Object.entries(telemetry).filter(([, { event }]) => event);
    expect(events.map(({ name }) => name)).toEqual(inTable.map(([name]) => name));
  });

  it("is taken by the DTDL parser once Central's own number adornments are off", async () => {
    const contents = capabilityModel.contents.map((content) => {
      const { minValue, maxValue, displayUnit, decimalPlaces, ...rest } = content;
      return { ...rest, "@type": typesOf(content).filter((type) => type !== "NumberValue") };
    });
    const parsed = await parse({ "@context": template["@context"], ...capabilityModel, contents });
    expect(parsed[modelId]?.entityKind).toBe("interface");
  });
});
