/**
 * Reads one hardware definition file in Azure Sphere's format, and reports every mistake in it with its line.
 *
 * Extensions of that format: a file for a chip has `Backend` and `GpioChipLabels`, and its peripherals have
 * `BootPull` and `Lines`; any peripheral may have `ActiveLevel`. Unknown keys are rejected: a misspelt
 * `ActiveLevel` must not silently select the default.
 */
import { JsonDocument } from "../../base/schema/document.ts";
import { type Infer, type Path, read, type Schema } from "../../base/schema/schema.ts";
import { list, object, strictObject, validItems } from "../../base/schema/structures.ts";
import { integer, lenient, oneOf, optional, refine, string, withDefault } from "../../base/schema/values.ts";

export type BoardProblemCode =
  | "missing-file"
  /** The file exists but cannot be read: no permission, or it is a folder. */
  | "unreadable-file"
  | "unparseable"
  /** Valid JSON, but not in this format. */
  | "invalid"
  | "import-cycle"
  /** Imports nested too deep, or too many. */
  | "import-bound"
  /** An import that leaves the boards folder and the folder of the given file. */
  | "import-outside"
  | "duplicate-name"
  | "nonexistent-mapping"
  | "mapping-cycle"
  /** An unknown type, or a mapping from one type to another. */
  | "invalid-type"
  | "role-missing"
  | "line-shared"
  | "relay-unsafe-at-boot"
  // Warnings:
  | "two-names-on-one-pin"
  | "indirect-mapping";

export interface BoardProblem {
  readonly code: BoardProblemCode;
  readonly file: string;
  /** Counts from 1. Absent when the problem concerns the whole file. */
  readonly line?: number;
  readonly column?: number;
  /** The cause. */
  readonly message: string;
  /** The next step. */
  readonly remedy: string;
}

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export const peripheralTypes = ["Gpio", "I2cMaster"] as const;
export type PeripheralType = (typeof peripheralTypes)[number];

export interface Peripheral {
  readonly name: string;
  readonly type: PeripheralType;
  /** The peripheral that this name maps to, or the final value: a BCM line or an I²C bus number. */
  readonly target: { readonly mapping: string } | { readonly value: number };
  readonly activeLevel?: 0 | 1;
  /** The level to which the SoC pulls the line after reset. Absent when the line floats. */
  readonly bootLevel?: 0 | 1;
  /** For an I²C bus: its data and clock lines. */
  readonly lines: readonly number[];
  readonly file: string;
  /** Computed on demand, because only problem reports need it. */
  readonly place: Place;
}

export interface DefinitionFile {
  readonly file: string;
  readonly name: string;
  readonly backend?: "kernel" | "virtual";
  readonly gpioChipLabels: readonly string[];
  readonly imports: readonly (Place & { readonly path: string })[];
  readonly peripherals: readonly Peripheral[];
  /** Names of peripherals that are defined but invalid, and so cannot be used. */
  readonly unusable: readonly string[];
}

const name = string({
  pattern: /^[A-Za-z][A-Za-z0-9_]{0,31}$/,
  expected: "a letter, then up to 31 letters, digits or _",
});
const line = integer(0, 1023);
const activeLevel = oneOf(["high", "low"]);
const bootPull = oneOf(["up", "down", "none"]);
const backend = oneOf(["kernel", "virtual"]);
const description = strictObject({ Name: string() });

const peripheral = refine(
  strictObject({
    Name: name,
    /** The type is checked separately, because an unknown type has its own code. */
    Type: string(),
    Comment: optional(string()),
    Mapping: optional(name),
    AppManifestValue: optional(line),
    ActiveLevel: optional(activeLevel),
    BootPull: optional(bootPull),
    Lines: optional(list(line)),
  }),
  'an object with either "Mapping" or "AppManifestValue"',
  ({ Mapping, AppManifestValue }) => (Mapping === undefined) !== (AppManifestValue === undefined),
);

const ifValid = <T>(schema: Schema<T>): Schema<T | undefined> => lenient(schema, () => undefined);

/** The usable part of an invalid peripheral: the relay must be found and forced off in any case. */
const usablePart = object({
  Name: name,
  Type: string(),
  Mapping: ifValid(name),
  AppManifestValue: ifValid(line),
  ActiveLevel: ifValid(activeLevel),
  BootPull: ifValid(bootPull),
  Lines: lenient(validItems(line), () => []),
});

const definition = strictObject({
  Metadata: strictObject({ Type: oneOf(["Grove Heater Hardware Definition"]), Version: oneOf([1]) }),
  Description: description,
  Imports: withDefault(list(strictObject({ Path: string() })), []),
  Backend: optional(backend),
  GpioChipLabels: withDefault(list(string()), []),
  Peripherals: list(peripheral),
});

/** Parses a definition file. Never throws. If there are problems, `file` still holds what could be read. */
export function parseDefinition(
  file: string,
  text: string,
): { file?: DefinitionFile; problems: BoardProblem[] } {
  const document = JsonDocument.parse(text);
  if (!(document instanceof JsonDocument)) {
    const { line, column, message } = document;
    const remedy = `fix the JSON at line ${line}`;
    return { problems: [{ code: "unparseable", file, line, column, message, remedy }] };
  }
  document.read(definition);
  const problems = document.problems("the definition").map(
    ({ line, column, message }): BoardProblem => ({
      code: "invalid",
      file,
      line,
      column,
      message,
      remedy: "compare with the shipped definitions in boards/",
    }),
  );
  const placeAt = (path: Path): Place => ({ file, ...document.placeOf(path) });
  const parts = <T>(schema: Schema<T>, key: string) => document.validParts(schema, key);
  const peripherals: Peripheral[] = [];
  for (const { value, path } of parts(usablePart, "Peripherals")) {
    const type = peripheralTypes.find((each) => each === value.Type);
    if (type === undefined) {
      const message = `${value.Name} has the type "${value.Type}"`;
      const remedy = `use ${peripheralTypes.join(" or ")}`;
      problems.push({ code: "invalid-type", ...placeAt(path), message, remedy });
    }
    const target = targetOf(value);
    if (type !== undefined && target !== undefined)
      peripherals.push(peripheralOf(value, { type, target }, file, () => placeAt(path)));
  }
  const usable = new Set(peripherals.map((each) => each.name));
  const named = parts(object({ Name: name }), "Peripherals").map(({ value }) => value.Name);
  const whole = read(
    object({ Description: ifValid(description), Backend: ifValid(backend) }),
    document.value,
  );
  return {
    file: {
      file,
      name: whole?.Description?.Name ?? file,
      ...(whole?.Backend === undefined ? {} : { backend: whole.Backend }),
      gpioChipLabels: parts(string(), "GpioChipLabels").map(({ value }) => value),
      imports: parts(object({ Path: string() }), "Imports").map(({ value, path }) => ({
        path: value.Path,
        ...placeAt(path),
      })),
      peripherals,
      unusable: named.filter((each) => !usable.has(each)),
    },
    problems,
  };
}

type UsablePart = Infer<typeof usablePart>;

function targetOf({
  Mapping: mapping,
  AppManifestValue: value,
}: UsablePart): Peripheral["target"] | undefined {
  if (mapping !== undefined) return { mapping };
  return value === undefined ? undefined : { value };
}

function peripheralOf(
  { Name, ActiveLevel: active, BootPull: pull, Lines: lines }: UsablePart,
  what: Pick<Peripheral, "type" | "target">,
  file: string,
  place: () => Place,
): Peripheral {
  return {
    name: Name,
    ...what,
    ...(active === undefined ? {} : { activeLevel: active === "high" ? 1 : 0 }),
    ...(pull === undefined || pull === "none" ? {} : { bootLevel: pull === "up" ? 1 : 0 }),
    lines,
    file,
    get place() {
      return place();
    },
  };
}
