/**
 * Folder manifest/: the capability gate. What the app manifest does not name cannot be used.
 *
 * Reads the app manifest, which lists what the firmware may use, and resolves its names on the board in use.
 *
 * Guarantees: a Manifest exists only if there is no problem; all problems are reported at once, each with its
 * place; no line of the board has two names in it, so that every grant is unambiguous.
 */

import type { TextPosition } from "../base/json/parse.ts";
import { nearest } from "../base/nearest-word.ts";
import { JsonDocument, type LocatedProblem } from "../base/schema/document.ts";
import { type Path, pathText } from "../base/schema/schema.ts";
import type { ResolvedPeripheral } from "../chips/wiring.ts";
import { ManifestError, type ManifestProblem, type ManifestProblemCode } from "./manifest-problem.ts";
import {
  capabilityNames,
  type Located,
  type ManifestFile,
  manifestFile,
  type NamesInManifest,
  namesIn,
} from "./manifest-shape.ts";

export {
  ManifestError,
  type ManifestProblem,
  type ManifestProblemCode,
  manifestProblemText,
} from "./manifest-problem.ts";

export interface GrantedBus {
  /** With its `$`. */
  readonly name: string;
  /** 7-bit. */
  readonly addresses: ReadonlySet<number>;
}

export interface Manifest {
  readonly name: string;
  readonly componentId: string;
  readonly entryPoint: string;
  readonly cmdArgs: readonly string[];
  /** The `$NAME` of each granted line, by BCM number. */
  readonly gpio: ReadonlyMap<number, string>;
  /** By bus number. */
  readonly i2c: ReadonlyMap<number, GrantedBus>;
  /** Host names in lower case, IP addresses, and "*.suffix". */
  readonly connections: readonly string[];
  readonly tcpServerPorts: readonly number[];
  readonly udpServerPorts: readonly number[];
  /** The size that the data folder may have, in KiB. */
  readonly storageKb: number;
  /** Whether the firmware may put off the start of an update, for heat or for a part that fails. */
  readonly mayDeferUpdates: boolean;
}

/** The grants for the network. */
export type NetworkGrants = Pick<Manifest, "connections" | "tcpServerPorts" | "udpServerPorts">;

export type ResolveName = (name: string) => ResolvedPeripheral | undefined;

/**
 * For a process that uses no hat: reads the same file, but grants no line and no bus, and needs no board.
 * @throws ManifestError like `parseManifest`, except for names of the board
 */
export function parseManifestWithoutHat(text: string | undefined): Manifest {
  const file = readManifest(text);
  return { ...granted(file, []), gpio: new Map(), i2c: new Map() };
}

/**
 * @param text the manifest; `undefined` when there is no such file
 * @param resolve what a `$NAME` stands for on the board in use
 * @throws ManifestError with every problem found
 */
export function parseManifest(text: string | undefined, resolve: ResolveName): Manifest {
  const file = readManifest(text);
  const names = namesIn(file.document);
  const check = new NameCheck(resolve);
  const gpio = check.gpio(names.gpio);
  const i2c = check.buses(names);
  return { ...granted(file, check.findings), gpio, i2c };
}

interface ReadManifest {
  readonly document: JsonDocument;
  /** `undefined`: the document has problems. */
  readonly file: ManifestFile | undefined;
}

function readManifest(text: string | undefined): ReadManifest {
  if (text === undefined) {
    const remedy = "restore manifest/app_manifest.json from the package: without it nothing can be used";
    throw new ManifestError([{ code: "missing", message: "there is no manifest", remedy }]);
  }
  const document = JsonDocument.parse(text);
  if (document instanceof JsonDocument) return { document, file: document.read(manifestFile) };
  const { line, column, message } = document;
  throw new ManifestError([
    { code: "unparseable", line, column, message, remedy: `fix the JSON at line ${line}` },
  ]);
}

/** The grants that need no board. @throws ManifestError with all findings, in the order of the file */
function granted(
  { document, file }: ReadManifest,
  findings: readonly Finding[],
): Omit<Manifest, "gpio" | "i2c"> {
  if (file === undefined || findings.length > 0) {
    const named = findings.map(({ path, ...finding }) => ({ ...finding, ...document.placeOf(path) }));
    const problems = [...document.problems("the manifest").map(shapeProblem), ...named];
    throw new ManifestError(problems.sort((a, b) => a.line - b.line || a.column - b.column));
  }
  const { Capabilities: given } = file;
  return {
    name: file.Name,
    componentId: file.ComponentId,
    entryPoint: file.EntryPoint,
    cmdArgs: file.CmdArgs,
    connections: given.AllowedConnections,
    tcpServerPorts: given.AllowedTcpServerPorts,
    udpServerPorts: given.AllowedUdpServerPorts,
    storageKb: given.MutableStorage.SizeKB,
    mayDeferUpdates: given.SoftwareUpdateDeferral,
  };
}

interface Finding extends Pick<ManifestProblem, "code" | "message" | "remedy"> {
  readonly path: Path;
}

type LocatedManifestProblem = ManifestProblem & TextPosition;

/** Capabilities of Azure Sphere that this hat does not have. */
const otherCapabilities = ["Uart", "SpiMaster", "Pwm", "Adc", "NetworkConfig", "WifiConfig", "SystemTime"];

function shapeProblem({ line, column, message, path, unknownKey }: LocatedProblem): LocatedManifestProblem {
  if (unknownKey === undefined || pathText(path) !== "Capabilities") {
    const remedy = "correct it; manifest/app_manifest.schema.json contains the rules";
    return { code: "invalid", line, column, message, remedy };
  }
  const cause = otherCapabilities.includes(unknownKey)
    ? `the capability "${unknownKey}" exists on Azure Sphere, but is not supported here`
    : `unknown capability "${unknownKey}"`;
  const meant = nearest(unknownKey, capabilityNames);
  const remedy =
    meant === undefined ? `remove it; supported: ${capabilityNames.join(", ")}` : `did you mean "${meant}"?`;
  return { code: "unknown-capability", line, column, message: cause, remedy };
}

/**
 * Checks the names against the board in use: each must be defined, of the right type, and the only one for
 * its line.
 */
class NameCheck {
  readonly findings: Finding[] = [];
  readonly #resolve: ResolveName;
  readonly #owners = new Map<string, string>();

  constructor(resolve: ResolveName) {
    this.#resolve = resolve;
  }

  gpio(names: readonly Located[]): Map<number, string> {
    const lines = new Map<number, string>();
    for (const name of names) {
      const target = this.#find(name, "Gpio");
      if (target?.type !== "Gpio") continue;
      if (this.#claim(name, `line ${target.line}`)) lines.set(target.line, name.value);
    }
    return lines;
  }

  buses({ i2cMaster, i2cAddresses }: NamesInManifest): Map<number, GrantedBus> {
    const buses = new Map<number, GrantedBus>();
    for (const name of i2cMaster) {
      const target = this.#find(name, "I2cMaster");
      if (target?.type !== "I2cMaster") continue;
      const pins = [`I²C bus ${target.bus}`, ...target.lines.map((line) => `line ${line}`)];
      if (!pins.every((pin) => this.#claim(name, pin))) continue;
      const addresses = i2cAddresses.find(({ value }) => value === name.value)?.addresses;
      buses.set(target.bus, { name: name.value, addresses: new Set(addresses) });
    }
    for (const { value, path } of i2cAddresses) {
      if (i2cMaster.some((name) => name.value === value)) continue;
      const message = `I2cAddresses names ${value}, which I2cMaster does not list`;
      this.#note("unknown-name", path, message, `add "${value}" to I2cMaster, or remove its addresses`);
    }
    return buses;
  }

  #find({ value: name, path }: Located, type: ResolvedPeripheral["type"]): ResolvedPeripheral | undefined {
    const target = this.#resolve(name);
    if (target === undefined) {
      const remedy =
        'use a name of this board ("grove-heater board" lists them), or add it to the board definition';
      this.#note("unknown-name", path, `the board does not define ${name}`, remedy);
    } else if (target.type !== type) {
      this.#note(
        "invalid",
        path,
        `${name} is of type ${target.type}, not ${type}`,
        `move it to ${target.type}`,
      );
    }
    return target;
  }

  #claim({ value: name, path }: Located, pin: string): boolean {
    const owner = this.#owners.get(pin);
    if (owner === undefined) {
      this.#owners.set(pin, name);
      return true;
    }
    if (owner === name)
      this.#note("pin-used-twice", path, `${name} is listed twice`, "remove one of the two");
    else {
      const message = `${owner} and ${name} are two names for ${pin}`;
      this.#note(
        "two-names-on-one-pin",
        path,
        message,
        `remove "${name}", or map it to another pin on the board`,
      );
    }
    return false;
  }

  #note(code: ManifestProblemCode, path: Path, message: string, remedy: string): void {
    this.findings.push({ code, path, message, remedy });
  }
}
