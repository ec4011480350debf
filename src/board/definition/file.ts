/**
 * One hardware definition file, in the shape of Azure Sphere's: read, and every fault of its own named with its line.
 *
 * Beyond that shape: a chip layer says `Backend` and `GpioChipLabels`, and per peripheral `BootPull` and `Lines`;
 * a peripheral says `ActiveLevel`. Unknown keys are refused: a misspelt polarity must not pass as a default.
 */
import { JsonDocument } from "../../base/schema/document.ts";
import { type Infer, type Path, read, type Schema } from "../../base/schema/schema.ts";
import { fittingItems, list, object, strictObject } from "../../base/schema/structures.ts";
import { integer, lenient, oneOf, optional, orElse, refine, string } from "../../base/schema/values.ts";

export type BoardProblemCode =
  | "missing-file"
  /** There, but not readable: permission, a folder. */
  | "unreadable-file"
  | "unparseable"
  /** JSON, but not of this shape. */
  | "invalid"
  | "import-cycle"
  /** Imports nested too deep, or too many. */
  | "import-bound"
  /** An import that leaves the boards folder and the folder of the given file. */
  | "import-outside"
  | "duplicate-name"
  | "nonexistent-mapping"
  | "mapping-cycle"
  /** A type that there is not, or a mapping from one type to another. */
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
  /** From 1; absent when the file as a whole is meant. */
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
  /** The name that this one stands for, or where the chain ends: a BCM line, or an I²C bus number. */
  readonly target: { readonly mapping: string } | { readonly value: number };
  readonly activeLevel?: 0 | 1;
  /** The level to which the SoC pulls the line from reset on; absent when it floats. */
  readonly bootLevel?: 0 | 1;
  /** Of an I²C bus: its data and clock line. */
  readonly lines: readonly number[];
  readonly file: string;
  /** Found when asked for: only a problem needs it. */
  readonly place: Place;
}

export interface DefinitionFile {
  readonly file: string;
  readonly name: string;
  readonly backend?: "kernel" | "virtual";
  readonly gpioChipLabels: readonly string[];
  readonly imports: readonly (Place & { readonly path: string })[];
  readonly peripherals: readonly Peripheral[];
  /** Names of peripherals that are wrong in themselves: there, but of no use. */
  readonly unusable: readonly string[];
}

const name = string({
  pattern: /^[A-Za-z][A-Za-z0-9_]{0,31}$/,
  says: "a letter, then up to 31 letters, digits or _",
});
const line = integer(0, 1023);
const activeLevel = oneOf(["high", "low"]);
const bootPull = oneOf(["up", "down", "none"]);
const backend = oneOf(["kernel", "virtual"]);
const description = strictObject({ Name: string() });

const peripheral = refine(
  strictObject({
    Name: name,
    /** Which types there are is checked apart: that mistake has a code of its own. */
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

const ifFits = <T>(schema: Schema<T>): Schema<T | undefined> => lenient(schema, () => undefined);

/** What can be used of one that has a mistake: the relay must be found, and forced off, whatever else is wrong. */
const usablePart = object({
  Name: name,
  Type: string(),
  Mapping: ifFits(name),
  AppManifestValue: ifFits(line),
  ActiveLevel: ifFits(activeLevel),
  BootPull: ifFits(bootPull),
  Lines: lenient(fittingItems(line), () => []),
});

const definition = strictObject({
  Metadata: strictObject({ Type: oneOf(["Grove Heater Hardware Definition"]), Version: oneOf([1]) }),
  Description: description,
  Imports: orElse(list(strictObject({ Path: string() })), []),
  Backend: optional(backend),
  GpioChipLabels: orElse(list(string()), []),
  Peripherals: list(peripheral),
});

/** Never throws. With problems in it, `file` still holds what could be read. */
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
  const parts = <T>(schema: Schema<T>, key: string) => document.partsThatFit(schema, key);
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
  const whole = read(object({ Description: ifFits(description), Backend: ifFits(backend) }), document.value);
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
