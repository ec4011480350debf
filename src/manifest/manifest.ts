/**
 * Folder manifest/: the capability gate: what the app manifest does not name cannot be used.
 *
 * The app manifest: what the firmware may use, read against the board that it runs on. Not named, not allowed.
 *
 * Guarantees: a Manifest exists only without any problem; problems are reported all at once, each with its place;
 * no line of the board has two names in it, so that a grant means one thing.
 */

import { parseJson, positionAt } from "../base/json/parse.ts";
import { type ShapeProblem, ShapeReader } from "../base/json/shape.ts";
import { nearest } from "../base/nearest-word.ts";
import type { ResolvedPeripheral } from "../chips/wiring.ts";
import { ManifestError, type ManifestProblem, type ManifestProblemCode } from "./manifest-problem.ts";
import { capabilityNames, type Located, type ManifestShape, readShape } from "./manifest-shape.ts";

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
  /** By BCM line, the `$NAME` under which it is granted. */
  readonly gpio: ReadonlyMap<number, string>;
  /** By bus number. */
  readonly i2c: ReadonlyMap<number, GrantedBus>;
  /** Host names in lower case, IP addresses, and "*.suffix". */
  readonly connections: readonly string[];
  readonly tcpServerPorts: readonly number[];
  readonly udpServerPorts: readonly number[];
  /** What the data folder may hold, in KiB. */
  readonly storageKb: number;
}

export type ResolveName = (name: string) => ResolvedPeripheral | undefined;

/**
 * For a process that has no hat, whatever the board is: of the same file, but no line and no bus is granted.
 * @throws ManifestError as `parseManifest` does, but for names of the board
 */
export function parseManifestWithoutHat(text: string | undefined): Manifest {
  const file = readManifest(text);
  return { ...granted(file.shape, file.findings, file.text), gpio: new Map(), i2c: new Map() };
}

/**
 * @param text of the manifest; `undefined` when there is no such file
 * @param resolve what a `$NAME` stands for on the board in use
 * @throws ManifestError with every problem found
 */
export function parseManifest(text: string | undefined, resolve: ResolveName): Manifest {
  const file = readManifest(text);
  const names = new NameCheck(resolve);
  const gpio = names.gpio(file.shape.gpio);
  const i2c = names.buses(file.shape);
  return { ...granted(file.shape, [...file.findings, ...names.findings], file.text), gpio, i2c };
}

function readManifest(text: string | undefined): { text: string; shape: ManifestShape; findings: Finding[] } {
  if (text === undefined) {
    const remedy = "restore manifest/app_manifest.json from the package: without it nothing may be used";
    throw new ManifestError([{ code: "missing", message: "there is no manifest", remedy }]);
  }
  const json = parseJson(text);
  if (!json.ok) {
    const { line, column, message } = json;
    throw new ManifestError([
      { code: "unparseable", line, column, message, remedy: `fix the JSON at line ${line}` },
    ]);
  }
  const reader = new ShapeReader();
  const shape = readShape(json.root, reader);
  return { text, shape, findings: reader.problems.map(shapeFinding) };
}

/** What needs no board. @throws ManifestError with all findings, in the order of the file */
function granted(
  { gpio: _gpio, i2cMaster: _bus, i2cAddresses: _addresses, ...rest }: ManifestShape,
  findings: readonly Finding[],
  text: string,
): Omit<Manifest, "gpio" | "i2c"> {
  const found = [...findings].sort((a, b) => a.offset - b.offset);
  if (found.length === 0) return rest;
  throw new ManifestError(
    found.map(({ offset, ...finding }) => ({ ...finding, ...positionAt(text, offset) })),
  );
}

interface Finding extends Pick<ManifestProblem, "code" | "message" | "remedy"> {
  readonly offset: number;
}

/** Azure Sphere has these too; on this hat there is nothing behind them. */
const elsewhere = ["Uart", "SpiMaster", "Pwm", "Adc", "NetworkConfig", "WifiConfig", "SystemTime"];

function shapeFinding({ offset, message, unknownKey, owner }: ShapeProblem): Finding {
  if (unknownKey === undefined || owner !== "Capabilities") {
    return {
      code: "invalid",
      offset,
      message,
      remedy: "correct it; manifest/app_manifest.schema.json has the rules",
    };
  }
  const cause = elsewhere.includes(unknownKey)
    ? `the capability "${unknownKey}" is known to Azure Sphere, but not offered here`
    : `the capability "${unknownKey}" is not known`;
  const meant = nearest(unknownKey, capabilityNames);
  const remedy =
    meant === undefined ? `remove it; known are ${capabilityNames.join(", ")}` : `did you mean "${meant}"?`;
  return { code: "unknown-capability", offset, message: cause, remedy };
}

/** Names on the board in use: each known, of its type, and alone on its line. */
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

  buses({
    i2cMaster,
    i2cAddresses,
  }: Pick<ManifestShape, "i2cMaster" | "i2cAddresses">): Map<number, GrantedBus> {
    const buses = new Map<number, GrantedBus>();
    for (const name of i2cMaster) {
      const target = this.#find(name, "I2cMaster");
      if (target?.type !== "I2cMaster") continue;
      const pins = [`I²C bus ${target.bus}`, ...target.lines.map((line) => `line ${line}`)];
      if (!pins.every((pin) => this.#claim(name, pin))) continue;
      const addresses = i2cAddresses.find(({ value }) => value === name.value)?.addresses;
      buses.set(target.bus, { name: name.value, addresses: new Set(addresses) });
    }
    for (const { value, offset } of i2cAddresses) {
      if (i2cMaster.some((name) => name.value === value)) continue;
      const message = `I2cAddresses names ${value}, which I2cMaster does not list`;
      this.#note("unknown-name", offset, message, `add "${value}" to I2cMaster, or remove its addresses`);
    }
    return buses;
  }

  #find({ value: name, offset }: Located, type: ResolvedPeripheral["type"]): ResolvedPeripheral | undefined {
    const target = this.#resolve(name);
    if (target === undefined) {
      const remedy =
        'use a name of the board in use ("grove-heater board" lists them), or add it to that board';
      this.#note("unknown-name", offset, `the board does not define ${name}`, remedy);
    } else if (target.type !== type) {
      this.#note(
        "invalid",
        offset,
        `${name} is of type ${target.type}, not ${type}`,
        `move it to ${target.type}`,
      );
    }
    return target;
  }

  #claim({ value: name, offset }: Located, pin: string): boolean {
    const owner = this.#owners.get(pin);
    if (owner === undefined) {
      this.#owners.set(pin, name);
      return true;
    }
    if (owner === name)
      this.#note("pin-used-twice", offset, `${name} is listed twice`, "remove one of the two");
    else {
      const message = `${owner} and ${name} are two names for ${pin}`;
      this.#note(
        "two-names-on-one-pin",
        offset,
        message,
        `remove "${name}", or map it to another pin on the board`,
      );
    }
    return false;
  }

  #note(code: ManifestProblemCode, offset: number, message: string, remedy: string): void {
    this.findings.push({ code, offset, message, remedy });
  }
}
