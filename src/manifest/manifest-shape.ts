/**
 * The shape of an app manifest, as Azure Sphere writes it, with the capabilities that this firmware knows.
 *
 * Guarantee: accepts the documents that manifest/app_manifest.schema.json accepts, and no others; a test holds
 * the two together. What names mean on a board is not looked at here.
 */
import type { JsonNode } from "../base/json/parse.ts";
import type { ShapeReader, TextRule } from "../base/json/shape.ts";

/** A text and where it stands. */
export interface Located {
  readonly value: string;
  readonly offset: number;
}

export interface ManifestShape {
  readonly name: string;
  readonly componentId: string;
  readonly entryPoint: string;
  readonly cmdArgs: readonly string[];
  readonly gpio: readonly Located[];
  readonly i2cMaster: readonly Located[];
  readonly i2cAddresses: readonly (Located & { readonly addresses: readonly number[] })[];
  readonly connections: readonly string[];
  readonly tcpServerPorts: readonly number[];
  readonly udpServerPorts: readonly number[];
  readonly storageKb: number;
}

export const capabilityNames = [
  "Gpio",
  "I2cMaster",
  "I2cAddresses",
  "AllowedConnections",
  "AllowedTcpServerPorts",
  "AllowedUdpServerPorts",
  "MutableStorage",
] as const;

const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const rules = {
  // Also a valid user name for systemd: the service runs under it.
  name: { pattern: /^[A-Za-z][A-Za-z0-9_-]{0,30}$/, says: "a letter, then up to 30 letters, digits, _ or -" },
  componentId: { pattern: /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/, says: "a UUID" },
  entryPoint: {
    pattern: /^\/?[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/,
    says: "a path without blanks and without a part that begins with a dot",
  },
  cmdArg: { pattern: /^[ -~]{0,256}$/, says: "up to 256 printable ASCII characters" },
  peripheral: {
    pattern: /^\$[A-Za-z][A-Za-z0-9_]{0,31}$/,
    says: 'a name of the board definition with a $ before it, as "$RELAY" (a bare line 16 is "$GPIO16")',
  },
  // 0x00–0x02 and 0x78 up are reserved (UM10204, table 4); 0x04 is not free either, but the Base Hat's ADC sits there.
  address: {
    pattern: /^0x(0[3-9a-f]|[1-6][0-9a-f]|7[0-7])$/,
    says: 'an address from "0x03" to "0x77", lower case',
  },
  host: {
    pattern: new RegExp(
      `^(?=.{1,253}$)(?:(?:\\*\\.${label}\\.)?(?:${label}\\.)*${label}|[0-9a-f]*:[0-9a-f:.]*)$`,
    ),
    says: 'a host name in lower case, an IP address, or "*." before a name of at least two labels',
  },
} satisfies Record<string, TextRule>;

const largestStorageKb = 1_048_576;

/** `shape` is whole when `reader.problems` is empty, and only then to be used. */
export function readShape(root: JsonNode, reader: ShapeReader): ManifestShape {
  const required = ["SchemaVersion", "Name", "ComponentId", "EntryPoint", "Capabilities"];
  const top = reader.object(root, "the manifest", required, ["$schema", "CmdArgs", "ApplicationType"]);
  reader.string(top?.get("$schema"), "$schema");
  reader.integer(top?.get("SchemaVersion"), "SchemaVersion", 1, 1);
  reader.choice(top?.get("ApplicationType"), "ApplicationType", ["Default"]);
  const granted = reader.object(top?.get("Capabilities"), "Capabilities", [], capabilityNames);
  const texts = (node: JsonNode | undefined, where: string, rule: TextRule) =>
    reader.list(node, where, (item, at) => located(item, reader.string(item, at, rule))) ?? [];
  const values = (key: string, rule: TextRule) =>
    unique(reader, texts(granted?.get(key), key, rule)).map(({ value }) => value);
  const ports = (key: string) =>
    reader.list(granted?.get(key), key, (item, at) =>
      located(item, reader.integer(item, at, 1, 65_535)?.toString()),
    ) ?? [];
  const storage = reader.object(granted?.get("MutableStorage"), "MutableStorage", ["SizeKB"]);
  return {
    name: reader.string(top?.get("Name"), "Name", rules.name) ?? "",
    componentId: reader.string(top?.get("ComponentId"), "ComponentId", rules.componentId) ?? "",
    entryPoint: reader.string(top?.get("EntryPoint"), "EntryPoint", rules.entryPoint) ?? "",
    cmdArgs: texts(top?.get("CmdArgs"), "CmdArgs", rules.cmdArg).map(({ value }) => value),
    gpio: texts(granted?.get("Gpio"), "Gpio", rules.peripheral),
    i2cMaster: texts(granted?.get("I2cMaster"), "I2cMaster", rules.peripheral),
    i2cAddresses: readAddresses(reader, granted?.get("I2cAddresses")),
    connections: values("AllowedConnections", rules.host),
    tcpServerPorts: unique(reader, ports("AllowedTcpServerPorts")).map(({ value }) => Number(value)),
    udpServerPorts: unique(reader, ports("AllowedUdpServerPorts")).map(({ value }) => Number(value)),
    storageKb: reader.integer(storage?.get("SizeKB"), "MutableStorage.SizeKB", 0, largestStorageKb) ?? 0,
  };
}

/** Our extension: on a bus shared by all, the addresses are what tells one part from another. */
function readAddresses(reader: ShapeReader, node: JsonNode | undefined): ManifestShape["i2cAddresses"] {
  if (node === undefined) return [];
  if (node.type !== "object") {
    reader.refuse(node, 'I2cAddresses must be an object of lists, as { "$PANEL_I2C": ["0x44"] }');
    return [];
  }
  return [...node.members].map(([name, list]) => {
    const where = `I2cAddresses.${name}`;
    if (!rules.peripheral.pattern.test(name))
      reader.refuse(list, `${where} must be ${rules.peripheral.says}`);
    const items = reader.list(list, where, (item, at) =>
      located(item, reader.string(item, at, rules.address)),
    );
    return {
      ...located(list, name),
      addresses: unique(reader, items ?? []).map(({ value }) => Number(value)),
    };
  });
}

function located(node: JsonNode, value: string): Located;
function located(node: JsonNode, value: string | undefined): Located | undefined;
function located({ offset }: JsonNode, value: string | undefined): Located | undefined {
  return value === undefined ? undefined : { value, offset };
}

function unique(reader: ShapeReader, items: readonly Located[]): readonly Located[] {
  const seen = new Set<string>();
  for (const { value, offset } of items) {
    if (seen.has(value)) reader.problems.push({ offset, message: `${value} is listed twice` });
    seen.add(value);
  }
  return items;
}
