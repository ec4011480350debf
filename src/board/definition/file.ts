/**
 * One hardware definition file, in the shape of Azure Sphere's: read, and every fault of its own named with its line.
 *
 * Beyond that shape: a chip layer says `Backend` and `GpioChipLabels`, and per peripheral `BootPull` and `Lines`;
 * a peripheral says `ActiveLevel`. Unknown keys are refused: a misspelt polarity must not pass as a default.
 */
import { type JsonNode, parseJson, positionAt } from "../../base/json/parse.ts";
import { ShapeReader } from "../../base/json/shape.ts";

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

const metadataType = "Grove Heater Hardware Definition";
const nameRule = {
  pattern: /^[A-Za-z][A-Za-z0-9_]{0,31}$/,
  says: "a letter, then up to 31 letters, digits or _",
};
const highestLine = 1023;

/** Never throws. With problems in it, `file` still holds what could be read. */
export function parseDefinition(
  file: string,
  text: string,
): { file?: DefinitionFile; problems: BoardProblem[] } {
  const json = parseJson(text);
  if (!json.ok) {
    const { line, column, message } = json;
    return {
      problems: [
        { code: "unparseable", file, line, column, message, remedy: `fix the JSON at line ${line}` },
      ],
    };
  }
  const reader = new ShapeReader();
  const placeAt = (offset: number): Place => ({ file, ...positionAt(text, offset) });
  const typeProblems: BoardProblem[] = [];
  const top = reader.object(
    json.root,
    "the definition",
    ["Metadata", "Description", "Peripherals"],
    ["Imports", "Backend", "GpioChipLabels"],
  );
  const metadata = reader.object(top?.get("Metadata"), "Metadata", ["Type", "Version"]);
  reader.choice(metadata?.get("Type"), "Metadata.Type", [metadataType]);
  reader.integer(metadata?.get("Version"), "Metadata.Version", 1, 1);
  const description = reader.object(top?.get("Description"), "Description", ["Name"]);
  const name = reader.string(description?.get("Name"), "Description.Name");
  const backend = reader.choice(top?.get("Backend"), "Backend", ["kernel", "virtual"]);
  const labels = reader.list(top?.get("GpioChipLabels"), "GpioChipLabels", (node, where) =>
    reader.string(node, where),
  );
  const imports = reader.list(top?.get("Imports"), "Imports", (node, where) => {
    const path = reader.string(reader.object(node, where, ["Path"])?.get("Path"), `${where}.Path`);
    return path === undefined ? undefined : { path, ...placeAt(node.offset) };
  });
  const peripherals = reader.list(top?.get("Peripherals"), "Peripherals", (node, where) =>
    readPeripheral(reader, file, node, where, placeAt, typeProblems),
  );
  const problems = reader.problems.map(
    ({ offset, message }): BoardProblem => ({
      code: "invalid",
      ...placeAt(offset),
      message,
      remedy: "compare with the shipped definitions in boards/",
    }),
  );
  return {
    file: {
      file,
      name: name ?? file,
      ...(backend === undefined ? {} : { backend }),
      gpioChipLabels: labels ?? [],
      imports: imports ?? [],
      peripherals: (peripherals ?? []).filter((each) => typeof each === "object"),
      unusable: (peripherals ?? []).filter((each) => typeof each === "string"),
    },
    problems: [...problems, ...typeProblems],
  };
}

/** Of a peripheral that is of no use, the name alone. */
function readPeripheral(
  reader: ShapeReader,
  file: string,
  node: JsonNode,
  where: string,
  placeAt: (offset: number) => Place,
  problems: BoardProblem[],
): Peripheral | string | undefined {
  const optional = ["Comment", "Mapping", "AppManifestValue", "ActiveLevel", "BootPull", "Lines"];
  const members = reader.object(node, where, ["Name", "Type"], optional);
  if (members === undefined) return undefined;
  const name = reader.string(members.get("Name"), `${where}.Name`, nameRule);
  const typeName = reader.string(members.get("Type"), `${where}.Type`);
  const type = peripheralTypes.find((each) => each === typeName);
  if (typeName !== undefined && type === undefined) {
    const message = `${name ?? where} has the type "${typeName}"`;
    problems.push({
      code: "invalid-type",
      ...placeAt(node.offset),
      message,
      remedy: `use ${peripheralTypes.join(" or ")}`,
    });
  }
  reader.string(members.get("Comment"), `${where}.Comment`);
  const mapping = reader.string(members.get("Mapping"), `${where}.Mapping`, nameRule);
  const value = reader.integer(members.get("AppManifestValue"), `${where}.AppManifestValue`, 0, highestLine);
  const active = reader.choice(members.get("ActiveLevel"), `${where}.ActiveLevel`, ["high", "low"]);
  const pull = reader.choice(members.get("BootPull"), `${where}.BootPull`, ["up", "down", "none"]);
  const lines = reader.list(members.get("Lines"), `${where}.Lines`, (item, at) =>
    reader.integer(item, at, 0, highestLine),
  );
  if (members.has("Mapping") === members.has("AppManifestValue")) {
    reader.refuse(node, `${where} must have either "Mapping" or "AppManifestValue"`);
  }
  const target = mapping !== undefined ? { mapping } : value !== undefined ? { value } : undefined;
  if (name === undefined || type === undefined || target === undefined) return name;
  return {
    name,
    type,
    target,
    ...(active === undefined ? {} : { activeLevel: active === "high" ? 1 : 0 }),
    ...(pull === undefined || pull === "none" ? {} : { bootLevel: pull === "up" ? 1 : 0 }),
    lines: lines ?? [],
    file,
    get place() {
      return placeAt(node.offset);
    },
  };
}
