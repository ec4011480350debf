/**
 * The capability gate: ports that refuse what the manifest does not name, before anything reaches the hardware.
 *
 * Guarantees: default deny; a refusal touches nothing, says EPERM, names the capability and the line to add (as
 * `cause`, a CapabilityError), and looks to the caller like the system's own refusal: code "denied".
 */
import { BusError, type I2cBus } from "../chips/bus.ts";
import { type GpioPort, LineError } from "../chips/lines.ts";
import type { Manifest, NetworkGrants } from "./manifest.ts";
import {
  addressRefused,
  busRefused,
  type CapabilityError,
  connectionRefused,
  lineNotGranted,
  portRefused,
  storageRefused,
} from "./refusal.ts";

export { CapabilityError } from "./refusal.ts";

/** The same port, limited to the lines that the manifest grants. */
export function gatedGpio(port: GpioPort, manifest: Manifest): GpioPort {
  const check = (line: number) => {
    if (manifest.gpio.has(line)) return;
    const cause = lineNotGranted(manifest, line);
    throw new LineError("denied", cause.message, { cause });
  };
  return {
    async openOutput(line, initial) {
      check(line);
      return port.openOutput(line, initial);
    },
    async openInput(line, pull) {
      check(line);
      return port.openInput(line, pull);
    },
    close: () => port.close(),
  };
}

/** The same bus, limited to the addresses that the manifest grants. */
export function gatedBus(bus: I2cBus, busNumber: number, manifest: Manifest): I2cBus {
  const granted = manifest.i2c.get(busNumber);
  const check = (address: number) => {
    if (granted?.addresses.has(address)) return;
    const cause =
      granted === undefined ? busRefused(manifest, busNumber) : addressRefused(manifest, busNumber, address);
    throw new BusError("denied", cause.message, { cause });
  };
  return {
    async write(address, bytes) {
      check(address);
      return bus.write(address, bytes);
    },
    async read(address, length) {
      check(address);
      return bus.read(address, length);
    },
    close: () => bus.close(),
  };
}

/**
 * Whether the data folder may have this size.
 * @param totalBytes the total size of all files below it
 */
export function checkStorage(
  manifest: Pick<Manifest, "storageKb">,
  totalBytes: number,
): CapabilityError | undefined {
  return totalBytes <= manifest.storageKb * 1024 ? undefined : storageRefused(manifest, totalBytes);
}

/**
 * Whether connections to a host are granted.
 * @param host name or IP address as the program gives it, before any look-up: a name is granted by name only,
 *   and "*.example.net" grants every name below example.net but not that name itself
 */
export function checkConnection(
  manifest: Pick<Manifest, "connections">,
  host: string,
): CapabilityError | undefined {
  const requested = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
  const granted = manifest.connections.some((allowed) =>
    allowed.startsWith("*.")
      ? requested.length > allowed.length - 1 && requested.endsWith(allowed.slice(1))
      : requested === allowed,
  );
  return granted ? undefined : connectionRefused(manifest, requested);
}

/** Whether listening on a port is granted. Port 0, "any", never is: a manifest cannot name it. */
export function checkServerPort(
  manifest: NetworkGrants,
  protocol: "tcp" | "udp",
  port: number,
): CapabilityError | undefined {
  const ports = protocol === "tcp" ? manifest.tcpServerPorts : manifest.udpServerPorts;
  return ports.includes(port) ? undefined : portRefused(manifest, protocol, port);
}
