/**
 * The schema of an app manifest in the format of Azure Sphere, with the capabilities that this firmware
 * supports.
 *
 * Guarantee: it accepts the same documents as manifest/app_manifest.schema.json; a test compares the two. It
 * does not check what names mean on a board.
 */
import type { JsonDocument } from "../base/schema/document.ts";
import { type Infer, type Path, read } from "../base/schema/schema.ts";
import { distinct, list, map, strictObject } from "../base/schema/structures.ts";
import {
  boolean,
  integer,
  oneOf,
  optional,
  string,
  type TextRule,
  withDefault,
} from "../base/schema/values.ts";

/** A name and its place in the document. */
export interface Located {
  readonly value: string;
  readonly path: Path;
}

const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const rules = {
  // Also a valid user name for systemd, because the service runs as this user.
  name: {
    pattern: /^[A-Za-z][A-Za-z0-9_-]{0,30}$/,
    expected: "a letter, then up to 30 letters, digits, _ or -",
  },
  componentId: { pattern: /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/, expected: "a UUID" },
  entryPoint: {
    pattern: /^\/?[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/,
    expected: "a path without spaces, no part of which begins with a dot",
  },
  cmdArg: { pattern: /^[ -~]{0,256}$/, expected: "up to 256 printable ASCII characters" },
  peripheral: {
    pattern: /^\$[A-Za-z][A-Za-z0-9_]{0,31}$/,
    expected:
      'a name of the board definition, prefixed with $, such as "$RELAY" (for line 16 itself: "$GPIO16")',
  },
  // 0x00–0x02 and from 0x78 are reserved (UM10204, table 4); so is 0x04, but the Base Hat's ADC has that
  // address.
  address: {
    pattern: /^0x(0[3-9a-f]|[1-6][0-9a-f]|7[0-7])$/,
    expected: 'an address from "0x03" to "0x77", lower case',
  },
  host: {
    pattern: new RegExp(
      `^(?=.{1,253}$)(?:(?:\\*\\.${label}\\.)?(?:${label}\\.)*${label}|[0-9a-f]*:[0-9a-f:.]*)$`,
    ),
    expected: 'a host name in lower case, an IP address, or "*." before a name of at least two labels',
  },
} satisfies Record<string, TextRule>;

const maxStorageKb = 1_048_576;

const names = withDefault(list(string(rules.peripheral)), []);
const ports = withDefault(distinct(list(integer(1, 65_535))), []);
const addresses = distinct(list(string(rules.address)));
const noAddresses: Readonly<Record<string, readonly string[]>> = {};

const capabilities = {
  Gpio: names,
  I2cMaster: names,
  /** Our extension: all parts share one bus, so a grant must name the address of each part. */
  I2cAddresses: withDefault(map(addresses, Number.POSITIVE_INFINITY, rules.peripheral), noAddresses),
  AllowedConnections: withDefault(distinct(list(string(rules.host))), []),
  AllowedTcpServerPorts: ports,
  AllowedUdpServerPorts: ports,
  MutableStorage: withDefault(strictObject({ SizeKB: integer(0, maxStorageKb) }), { SizeKB: 0 }),
  /** Whether the application may put off the start of an update. */
  SoftwareUpdateDeferral: withDefault(boolean, false),
};

export const capabilityNames = Object.keys(capabilities) as (keyof typeof capabilities)[];

export const manifestFile = strictObject({
  $schema: optional(string()),
  SchemaVersion: oneOf([1]),
  Name: string(rules.name),
  ComponentId: string(rules.componentId),
  EntryPoint: string(rules.entryPoint),
  CmdArgs: withDefault(list(string(rules.cmdArg)), []),
  ApplicationType: optional(oneOf(["Default"])),
  Capabilities: strictObject(capabilities),
});
export type ManifestFile = Infer<typeof manifestFile>;

export interface NamesInManifest {
  readonly gpio: readonly Located[];
  readonly i2cMaster: readonly Located[];
  readonly i2cAddresses: readonly (Located & { readonly addresses: readonly number[] })[];
}

/** The valid names, also if other parts of the manifest are invalid. */
export function namesIn(document: JsonDocument): NamesInManifest {
  const namesOf = (capability: keyof typeof capabilities) =>
    document.validParts(string(rules.peripheral), "Capabilities", capability);
  const listed = document.validParts(addresses, "Capabilities", "I2cAddresses");
  return {
    gpio: namesOf("Gpio"),
    i2cMaster: namesOf("I2cMaster"),
    i2cAddresses: listed
      .map(({ value, path }) => ({ value: String(path.at(-1)), path, addresses: value.map(Number) }))
      .filter(({ value }) => read(string(rules.peripheral), value) !== undefined),
  };
}
