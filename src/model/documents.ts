/**
 * Generates the documents in manifest/model: the DTDL v2 model, and an IoT Central template with Central's additions
 * (limits, units, decimals, states and events).
 *
 * Guarantee: depends only on the tables. `npm run generate` writes the files; a test checks that they are current.
 */
import {
  type CloudSchema,
  type CommandSpec,
  commands,
  componentRows,
  decimalsOf,
  modelId,
  readOnlyProperties,
  type TelemetrySpec,
  telemetry,
} from "./cloud-model.ts";
import { type PropertySpec, writableProperties } from "./properties.ts";
import { weekdays } from "./week.ts";

/** model/displays.ts: the names of the displays in the table of board/, which model/ must not import. */
export const displayKindsSource = (kinds: readonly string[]): string => `/**
 * The names of the supported displays, for the setting \`display\`. Generated from board/screen/displays.ts:
 * \`npm run generate\`.
 */
export const displayKinds = ${JSON.stringify(kinds).replaceAll(",", ", ")} as const;

export type DisplayKind = (typeof displayKinds)[number];
`;

type Json = { readonly [key: string]: unknown };

/** The files in manifest/model: their texts by name. */
export const documents = (): ReadonlyMap<string, string> =>
  new Map([
    ["heater.dtdl.json", textOf([heaterModel(), ...components.map(componentModel)])],
    ["iot-central-template.json", textOf(centralTemplate())],
  ]);

const context = "dtmi:dtdl:context;2";

function heaterModel(): Json {
  const { "@id": id, ...rest } = heater(false);
  return { "@context": context, "@id": id, ...rest };
}

interface ComponentRow {
  readonly name: string;
  readonly modelId: string;
  readonly label: string;
  readonly fields: Readonly<Record<string, { label: string; doc?: string; schema: CloudSchema }>>;
}
const components: readonly ComponentRow[] = componentRows;

function componentModel(row: ComponentRow): Json {
  const { "@id": id, "@type": type, ...rest } = componentInterface(row);
  return { "@id": id, "@type": type, "@context": context, ...rest };
}

const centralTemplate = (): Json => ({
  "@id": "dtmi:groveHeater:heaterTemplate;1",
  "@type": ["ModelDefinition", "DeviceModel"],
  "@context": ["dtmi:iotcentral:context;2", context],
  displayName: "Grove heater",
  capabilityModel: heater(true),
});

/** @param central with IoT Central's additions */
function heater(central: boolean): Json {
  const rows = <T>(table: Readonly<Record<string, T>>) => Object.entries<T>(table);
  return {
    "@id": modelId,
    "@type": "Interface",
    displayName: "Grove heater",
    description: "A heater controller: keeps a room at its set-point, by its own buttons and from the cloud.",
    contents: [
      ...rows<TelemetrySpec>(telemetry).map(([name, row]) => contentOf("Telemetry", name, row, central)),
      ...rows<PropertySpec>(writableProperties).map(([name, row]) =>
        contentOf("Property", name, row, central, { writable: true }),
      ),
      ...rows<PropertySpec>(readOnlyProperties).map(([name, row]) =>
        contentOf("Property", name, row, central),
      ),
      ...rows<CommandSpec>(commands).map(([name, row]) => commandOf(name, row)),
      ...components.map((row) => ({
        "@type": "Component",
        name: row.name,
        displayName: row.label,
        schema: central ? componentInterface(row) : row.modelId,
      })),
    ],
  };
}

const componentInterface = ({ modelId: id, label, fields }: ComponentRow): Json => ({
  "@id": id,
  "@type": "Interface",
  displayName: label,
  contents: Object.entries(fields).map(([name, { label, doc, schema }]) => ({
    "@type": "Property",
    name,
    displayName: label,
    ...(doc === undefined ? {} : { description: doc }),
    schema: schemaOf(schema),
  })),
});

/** DTDL's semantic types of the units. `K` has none: converters would subtract 273 from a difference. */
const semantics: Readonly<Record<string, readonly [type: string, unit: string]>> = {
  "°C": ["Temperature", "degreeCelsius"],
  s: ["TimeSpan", "second"],
  min: ["TimeSpan", "minute"],
  h: ["TimeSpan", "hour"],
};

function contentOf(
  kind: string,
  name: string,
  { label, doc, schema, ...row }: PropertySpec & { readonly event?: boolean; readonly isHumidity?: boolean },
  central: boolean,
  more: Json = {},
): Json {
  const numeric = "min" in schema ? schema : undefined;
  const [type, unit] = row.isHumidity
    ? ["RelativeHumidity", "percent"]
    : (semantics[numeric?.unit ?? ""] ?? []);
  const isEvent = row.event === true;
  const adornment = numeric
    ? "NumberValue"
    : isEvent
      ? "Event"
      : schema.kind === "choice"
        ? "State"
        : undefined;
  const types = [kind, type, central ? adornment : undefined].filter((each) => each !== undefined);
  return {
    "@type": types.length === 1 ? kind : types,
    name,
    displayName: label,
    description: doc,
    // Central accepts events only as strings.
    schema: isEvent ? "string" : schemaOf(schema),
    ...(unit === undefined ? {} : { unit }),
    ...more,
    ...(central && numeric ? limitsOf(numeric) : {}),
  };
}

function limitsOf({ kind, unit, min, max }: Extract<CloudSchema, { min: number }>): Json {
  return {
    ...(unit === undefined ? {} : { displayUnit: unit }),
    minValue: min,
    maxValue: max,
    ...(kind === "number" && unit !== undefined ? { decimalPlaces: decimalsOf[unit] } : {}),
  };
}

const commandOf = (name: string, { label, doc, request }: CommandSpec): Json => ({
  "@type": "Command",
  name,
  displayName: label,
  description: doc,
  ...(request === undefined
    ? {}
    : {
        request: {
          name: request.name,
          displayName: request.label,
          description: request.doc,
          schema: schemaOf(request.schema),
        },
      }),
});

const simpleSchemas = {
  number: "double",
  integer: "integer",
  flag: "boolean",
  text: "string",
  time: "dateTime",
} as const;

function schemaOf(schema: CloudSchema): unknown {
  if (schema.kind === "choice") {
    const enumValues = schema.choices.map((value) => ({
      name: value.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      displayName: value.charAt(0).toUpperCase() + value.slice(1),
      enumValue: value,
    }));
    return { "@type": "Enum", valueSchema: "string", enumValues };
  }
  if (schema.kind !== "record" && schema.kind !== "week") return simpleSchemas[schema.kind];
  const fields =
    schema.kind === "week"
      ? weekdays.map((name) => ({ name, schema: simpleSchemas.text }))
      : Object.entries(schema.fields).map(([name, field]) => ({ name, schema: schemaOf(field) }));
  return { "@type": "Object", fields };
}

/** JSON in the formatter's style, with lists of strings on one line. */
function textOf(document: unknown): string {
  const lines = JSON.stringify(document, null, 2);
  return `${lines.replaceAll(/\[\n\s+("[^"\n]*"(?:,\n\s+"[^"\n]*")*)\n\s+\]/g, (_, words: string) => `[${words.replaceAll(/,\n\s+/g, ", ")}]`)}\n`;
}
