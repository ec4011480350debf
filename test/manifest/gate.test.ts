import { describe, expect, it } from "vitest";
import { BusError, type I2cBus } from "../../src/chips/bus.ts";
import { type GpioPort, LineError } from "../../src/chips/lines.ts";
import {
  CapabilityError,
  checkConnection,
  checkServerPort,
  checkStorage,
  gatedBus,
  gatedGpio,
} from "../../src/manifest/gate.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";

const granting = (grants: Partial<Manifest>): Manifest => ({
  name: "x",
  componentId: "",
  entryPoint: "x",
  cmdArgs: [],
  gpio: new Map(),
  i2c: new Map(),
  connections: [],
  tcpServerPorts: [],
  udpServerPorts: [],
  storageKb: 0,
  mayDeferUpdates: false,
  ...grants,
});
const nothing = granting({});

/** Ports that write down what reaches them. */
function recordingPorts() {
  const reached: string[] = [];
  const gpio: GpioPort = {
    async openOutput(line, initial) {
      reached.push(`output ${line} at ${initial}`);
      return { write() {}, read: () => initial, close() {} };
    },
    async openInput(line) {
      reached.push(`input ${line}`);
      return { read: () => 0, onChange: () => () => {}, close() {} };
    },
    close: () => void reached.push("close"),
  };
  const bus: I2cBus = {
    async write(address, bytes) {
      reached.push(`write ${address}: ${bytes.join()}`);
    },
    async read(address, length) {
      reached.push(`read ${address}`);
      return new Uint8Array(length);
    },
    async close() {
      reached.push("close");
    },
  };
  return { gpio, bus, reached };
}

async function refusalOf(attempt: Promise<unknown>): Promise<LineError | BusError> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof LineError || error instanceof BusError) return error;
  throw new Error(`was not refused: ${String(error)}`);
}

describe("the gate on GPIO lines", () => {
  it("opens a granted line as without the gate", async () => {
    const { gpio, reached } = recordingPorts();
    const gated = gatedGpio(gpio, granting({ gpio: new Map([[16, "$RELAY"]]) }));
    await gated.openOutput(16, 1);
    await gated.openInput(16);
    gated.close();
    expect(reached).toEqual(["output 16 at 1", "input 16", "close"]);
  });

  it("refuses any other line as EPERM, before it is touched, and says what to add", async () => {
    const { gpio, reached } = recordingPorts();
    const gated = gatedGpio(gpio, granting({ gpio: new Map([[16, "$RELAY"]]) }));
    for (const attempt of [gated.openOutput(17, 0), gated.openInput(17)]) {
      const error = await refusalOf(attempt);
      expect(error).toMatchObject({ code: "denied", cause: { code: "EPERM", capability: "Gpio" } });
      expect(error.message).toContain("EPERM: GPIO line 17 is not granted (capability Gpio)");
      expect(error.message).toContain('"Gpio": ["$RELAY", "$GPIO17"]');
      expect(error.cause).toBeInstanceOf(CapabilityError);
      expect(error.cause).toMatchObject({ name: "CapabilityError" });
    }
    expect(reached).toEqual([]);
  });

  it("refuses everything when nothing is granted", async () => {
    const gated = gatedGpio(recordingPorts().gpio, nothing);
    for (let line = 0; line < 54; line++)
      expect((await refusalOf(gated.openInput(line))).code).toBe("denied");
  });
});

describe("the gate on I²C", () => {
  const granted = granting({ i2c: new Map([[1, { name: "$PANEL_I2C", addresses: new Set([0x44]) }]]) });

  it("passes transfers with a granted address", async () => {
    const { bus, reached } = recordingPorts();
    const gated = gatedBus(bus, 1, granted);
    await gated.write(0x44, Uint8Array.of(0x24, 0x00));
    expect(await gated.read(0x44, 6)).toHaveLength(6);
    await gated.close();
    expect(reached).toEqual(["write 68: 36,0", "read 68", "close"]);
  });

  it("refuses any other address on the bus, also the general call", async () => {
    const { bus, reached } = recordingPorts();
    const gated = gatedBus(bus, 1, granted);
    for (const attempt of [gated.write(0x3c, Uint8Array.of(0xae)), gated.read(0x3c, 1)]) {
      const error = await refusalOf(attempt);
      expect(error).toMatchObject({
        code: "denied",
        transient: false,
        cause: { capability: "I2cAddresses" },
      });
      expect(error.message).toContain('"I2cAddresses": { "$PANEL_I2C": ["0x44", "0x3c"] }');
    }
    expect((await refusalOf(gated.write(0x00, Uint8Array.of(0x06)))).code).toBe("denied");
    expect(reached).toEqual([]);
  });

  it("refuses a granted address on another bus", async () => {
    const { bus, reached } = recordingPorts();
    const error = await refusalOf(gatedBus(bus, 0, granted).read(0x44, 6));
    expect(error).toMatchObject({ code: "denied", cause: { code: "EPERM", capability: "I2cMaster" } });
    expect(error.message).toContain('"I2cMaster": ["$PANEL_I2C", "$I2C0"]');
    expect(reached).toEqual([]);
  });
});

describe("the gate on storage", () => {
  it("allows what fits, to the byte, and names the size that would be needed", () => {
    const manifest = granting({ storageKb: 2 });
    expect(checkStorage(manifest, 2048)).toBeUndefined();
    expect(checkStorage(manifest, 2049)?.message).toContain('"MutableStorage": { "SizeKB": 3 }');
    expect(checkStorage(nothing, 1)?.code).toBe("EPERM");
  });
});

describe("the gate on hosts and ports", () => {
  const manifest = granting({
    connections: ["hub.example.net", "*.devices.example.net", "10.0.0.1", "::1"],
    tcpServerPorts: [8080],
    udpServerPorts: [5353],
  });

  it.each([
    "hub.example.net",
    "HUB.example.NET",
    "hub.example.net.",
    "a.devices.example.net",
    "a.b.devices.example.net",
    "10.0.0.1",
    "::1",
    "[::1]",
  ])("allows %s", (host) => expect(checkConnection(manifest, host)).toBeUndefined());

  it.each([
    "example.net",
    "xhub.example.net",
    "devices.example.net",
    ".devices.example.net",
    "evildevices.example.net",
    "hub.example.net.evil.net",
    "10.0.0.2",
    "",
    "*",
  ])("refuses %j", (host) =>
    expect(checkConnection(manifest, host)).toMatchObject({
      code: "EPERM",
      capability: "AllowedConnections",
    }),
  );

  it("distinguishes TCP ports from UDP ports", () => {
    expect(checkServerPort(manifest, "tcp", 8080)).toBeUndefined();
    expect(checkServerPort(manifest, "udp", 5353)).toBeUndefined();
    expect(checkServerPort(manifest, "udp", 8080)?.manifestLine).toBe(
      '"AllowedUdpServerPorts": [5353, 8080]',
    );
    expect(checkServerPort(manifest, "tcp", 5353)?.manifestLine).toBe(
      '"AllowedTcpServerPorts": [8080, 5353]',
    );
  });
});
