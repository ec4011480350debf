/** The gate's errors: EPERM, as from the kernel, plus the manifest line that would grant the capability. */
import type { Manifest, NetworkGrants } from "./manifest.ts";

/** The cause of every refusal that a manifest entry would lift. */
export class CapabilityError extends Error {
  /** The code of the kernel's own permission errors. */
  readonly code = "EPERM";
  readonly capability: string;
  /** The line that app_manifest.json needs in `Capabilities`. */
  readonly manifestLine: string;

  constructor(attempt: string, capability: string, manifestLine: string) {
    super(
      `EPERM: ${attempt} is not granted (capability ${capability}); to allow it, app_manifest.json needs ` +
        `in Capabilities: ${manifestLine}`,
    );
    this.name = "CapabilityError";
    this.capability = capability;
    this.manifestLine = manifestLine;
  }
}

/** A refusal that no manifest entry can lift, because it would not be clear what the entry grants. */
export class NeverGrantedError extends Error {
  readonly code = "EPERM";

  constructor(attempt: string, remedy: string) {
    super(`EPERM: ${attempt} is not granted, and no entry in app_manifest.json can grant it; ${remedy}`);
    this.name = "NeverGrantedError";
  }
}

export function lineNotGranted(manifest: Manifest, line: number): CapabilityError {
  const name = `$GPIO${line}`;
  return new CapabilityError(`GPIO line ${line}`, "Gpio", listing("Gpio", [...manifest.gpio.values(), name]));
}

export function busRefused(manifest: Manifest, bus: number): CapabilityError {
  const names = [...manifest.i2c.values()].map((granted) => granted.name);
  return new CapabilityError(`I²C bus ${bus}`, "I2cMaster", listing("I2cMaster", [...names, `$I2C${bus}`]));
}

export function addressRefused(manifest: Manifest, bus: number, address: number): CapabilityError {
  const buses = [...manifest.i2c].map(([number, { name, addresses }]) => {
    const wanted = [...addresses, ...(number === bus ? [address] : [])];
    return `${JSON.stringify(name)}: [${wanted.map((each) => JSON.stringify(hex(each))).join(", ")}]`;
  });
  const attempt = `address ${hex(address)} on I²C bus ${bus}`;
  return new CapabilityError(attempt, "I2cAddresses", `"I2cAddresses": { ${buses.join(", ")} }`);
}

export const connectionRefused = (manifest: Connections, host: string): CapabilityError =>
  hostRefused(manifest, host, `a connection to ${host}`);

export const lookupRefused = (manifest: Connections, host: string): CapabilityError =>
  hostRefused(manifest, host, `a look-up of ${host}`);

type Connections = Pick<Manifest, "connections">;

function hostRefused({ connections }: Connections, host: string, attempt: string): CapabilityError {
  return new CapabilityError(
    attempt,
    "AllowedConnections",
    listing("AllowedConnections", [...connections, host]),
  );
}

export function portRefused(manifest: NetworkGrants, protocol: "tcp" | "udp", port: number): CapabilityError {
  const [capability, ports] =
    protocol === "tcp"
      ? ["AllowedTcpServerPorts", manifest.tcpServerPorts]
      : ["AllowedUdpServerPorts", manifest.udpServerPorts];
  // Port 0 lets the system choose a port. A manifest can only grant explicit port numbers, so suggest one.
  const wanted = port === 0 ? [...ports, 8080] : [...ports, port];
  const attempt =
    port === 0 ? `listening on any free ${protocol} port` : `listening on ${protocol} port ${port}`;
  return new CapabilityError(attempt, capability, listing(capability, wanted));
}

export function storageRefused(manifest: Pick<Manifest, "storageKb">, bytes: number): CapabilityError {
  const attempt = `storing ${bytes} bytes (limit ${manifest.storageKb} KiB)`;
  return new CapabilityError(
    attempt,
    "MutableStorage",
    `"MutableStorage": { "SizeKB": ${Math.ceil(bytes / 1024)} }`,
  );
}

const hex = (address: number): string => `0x${address.toString(16).padStart(2, "0")}`;

const listing = (capability: string, items: readonly (string | number)[]): string =>
  `"${capability}": [${items.map((item) => JSON.stringify(item)).join(", ")}]`;
