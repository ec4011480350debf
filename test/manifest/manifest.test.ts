import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadBoard } from "../../src/board/definition/definition.ts";
import {
  type Manifest,
  ManifestError,
  manifestProblemText,
  parseManifest,
  parseManifestWithoutHat,
} from "../../src/manifest/manifest.ts";

const root = new URL("../..", import.meta.url).pathname;
const readFile = (path: string) => readFileSync(path, "utf8");
const shipped = readFile(`${root}manifest/app_manifest.json`);
const board = (name: string) => loadBoard(name, { folder: `${root}boards`, readFile });
const pi = board("grove-heater-pi");
const resolve = (name: string) => pi.resolveName(name);

const base = {
  SchemaVersion: 1,
  Name: "heater",
  ComponentId: "52835aa3-8307-4e84-a159-63497f35b43c",
  EntryPoint: "dist/main.js",
};
const granting = (capabilities: unknown, more = {}) =>
  JSON.stringify({ ...base, ...more, Capabilities: capabilities }, null, 2);
const parse = (capabilities: unknown, more = {}): Manifest =>
  parseManifest(granting(capabilities, more), resolve);

function refusal(text: string | undefined): ManifestError {
  try {
    parseManifest(text, resolve);
  } catch (error) {
    if (error instanceof ManifestError) return error;
    throw error;
  }
  throw new Error("was not refused");
}
const codes = (text: string) => refusal(text).problems.map(({ code }) => code);

describe("the shipped manifest", () => {
  it.each(["grove-heater-pi", "grove-heater-zero", "virtual"])(
    "grants exactly what the board %s has",
    (name) => {
      const { wiring, resolveName } = board(name);
      const manifest = parseManifest(shipped, resolveName);
      const { relay, buttonA, buttonB, modeButton, modeLed, statusLed } = wiring;
      const lines = [relay, buttonA, buttonB, modeButton, modeLed, statusLed].map(({ line }) => line);
      expect([...manifest.gpio.keys()]).toEqual(lines);
      expect([...manifest.i2c.keys()]).toEqual([wiring.i2cBus]);
    },
  );

  it("grants connections to Azure's device services and to this machine, and the local hub's ports to listen on", () => {
    const { connections, tcpServerPorts, udpServerPorts } = parseManifest(shipped, resolve);
    // For hubs of other data folders on the same machine.
    const spares = Array.from({ length: 32 }, (_, index) => 8784 + index);
    expect(connections).toEqual([
      "global.azure-devices-provisioning.net",
      "*.azure-devices.net",
      "localhost",
      "127.0.0.1",
    ]);
    expect([tcpServerPorts, udpServerPorts]).toEqual([[8780, 8443, 8883, ...spares], []]);
  });
});

describe("a manifest", () => {
  it("that grants nothing is a manifest, and grants nothing", () => {
    expect(parse({})).toEqual({
      name: "heater",
      componentId: base.ComponentId,
      entryPoint: "dist/main.js",
      cmdArgs: [],
      gpio: new Map(),
      i2c: new Map(),
      connections: [],
      tcpServerPorts: [],
      udpServerPorts: [],
      storageKb: 0,
      mayDeferUpdates: false,
    });
  });

  it("grants the deferral of updates as Azure Sphere writes it, and this one does", () => {
    expect(parse({ SoftwareUpdateDeferral: true }).mayDeferUpdates).toBe(true);
    expect(codes(granting({ SoftwareUpdateDeferral: "true" }))).toEqual(["invalid"]);
    expect(parseManifestWithoutHat(readFileSync("manifest/app_manifest.json", "utf8")).mayDeferUpdates).toBe(
      true,
    );
  });

  it("grants a line by any of its names on the board", () => {
    expect(parse({ Gpio: ["$RELAY", "$D22_YELLOW", "$GPIO24"] }).gpio).toEqual(
      new Map([
        [16, "$RELAY"],
        [22, "$D22_YELLOW"],
        [24, "$GPIO24"],
      ]),
    );
  });

  it("grants a bus without addresses as a bus on which nothing may be addressed", () => {
    expect(parse({ I2cMaster: ["$PANEL_I2C"] }).i2c.get(1)?.addresses).toEqual(new Set());
  });

  it("has a name of 31 characters at most", () => {
    expect(parse({}, { Name: "a".repeat(31) }).name).toHaveLength(31);
    expect(codes(granting({}, { Name: "a".repeat(32) }))).toEqual(["invalid"]);
  });
});

describe("a manifest for a process without a hat", () => {
  it("grants all but lines and buses, whatever the board calls them", () => {
    const whole = parse({
      Gpio: ["$RELAY"],
      I2cMaster: ["$PANEL_I2C"],
      AllowedConnections: ["example.net"],
      AllowedTcpServerPorts: [8080],
      MutableStorage: { SizeKB: 8 },
    });
    const text = granting({
      Gpio: ["$NAME_OF_ANOTHER_BOARD"],
      I2cMaster: ["$BUS_OF_ANOTHER_BOARD"],
      AllowedConnections: ["example.net"],
      AllowedTcpServerPorts: [8080],
      MutableStorage: { SizeKB: 8 },
    });
    expect(parseManifestWithoutHat(text)).toEqual({ ...whole, gpio: new Map(), i2c: new Map() });
  });

  it("is refused for everything else that is wrong with it, and when it is missing", () => {
    expect(() => parseManifestWithoutHat(granting({ AllowedTcpServerPorts: [0] }))).toThrow(ManifestError);
    expect(() => parseManifestWithoutHat(undefined)).toThrow(ManifestError);
    const error = refusal("[]");
    expect(error).toMatchObject({ name: "ManifestError", code: error.problems[0]?.code });
  });
});

describe("a manifest that cannot be used", () => {
  it("because it is missing says so", () => {
    expect(refusal(undefined)).toMatchObject({
      code: "missing",
      message: expect.stringContaining("restore"),
    });
  });

  it("because it does not parse names line and column", () => {
    expect(refusal('{\n  "Name": "x",\n}').problems).toMatchObject([
      { code: "unparseable", line: 3, column: 1 },
    ]);
  });

  it("because of a doubled key is unparseable: the second would silently win", () => {
    const text = shipped.replace('"AllowedUdpServerPorts": [],', '"Gpio": [],');
    expect(refusal(text)).toMatchObject({
      code: "unparseable",
      message: expect.stringContaining("duplicate key"),
    });
  });

  it("because of an unknown capability names the one that was meant", () => {
    const [problem] = refusal(granting({ Gpios: ["$RELAY"] })).problems;
    expect(problem).toMatchObject({ code: "unknown-capability", line: 7, remedy: 'did you mean "Gpio"?' });
  });

  it("because of a capability that only Azure Sphere has says that", () => {
    const { problems } = refusal(granting({ Uart: ["$UART"] }));
    expect(problems).toMatchObject([
      {
        code: "unknown-capability",
        message: expect.stringContaining("exists on Azure Sphere, but is not supported here"),
      },
    ]);
  });

  it("because of an unknown $NAME says where the known ones are", () => {
    const [problem] = refusal(granting({ Gpio: ["$RELAIS"] })).problems;
    expect(problem).toMatchObject({ code: "unknown-name", message: "the board does not define $RELAIS" });
    expect(problem?.remedy).toContain("grove-heater board");
  });

  it("because a pin is used twice is not the same as two names on one pin", () => {
    expect(codes(granting({ Gpio: ["$RELAY", "$RELAY"] }))).toEqual(["pin-used-twice"]);
    expect(codes(granting({ Gpio: ["$RELAY", "$GPIO16"] }))).toEqual(["two-names-on-one-pin"]);
    expect(codes(granting({ I2cMaster: ["$PANEL_I2C", "$PANEL_I2C"] }))).toEqual(["pin-used-twice"]);
    expect(codes(granting({ I2cMaster: ["$PANEL_I2C", "$I2C1"] }))).toEqual(["two-names-on-one-pin"]);
  });

  it("because a GPIO name is the clock line of a granted bus is two names on one pin", () => {
    const { problems } = refusal(granting({ Gpio: ["$GPIO3"], I2cMaster: ["$PANEL_I2C"] }));
    expect(problems).toMatchObject([
      { code: "two-names-on-one-pin", message: "$GPIO3 and $PANEL_I2C are two names for line 3" },
    ]);
  });

  it.each<[string, unknown]>([
    ["a bus among the lines", { Gpio: ["$PANEL_I2C"] }],
    ["a bare line number", { Gpio: [16] }],
    ["a name without $", { Gpio: ["RELAY"] }],
    ["an address of a reserved range", { I2cMaster: ["$PANEL_I2C"], I2cAddresses: { $PANEL_I2C: ["0x78"] } }],
    ["an address twice", { I2cMaster: ["$PANEL_I2C"], I2cAddresses: { $PANEL_I2C: ["0x44", "0x44"] } }],
    ["addresses that are a list", { I2cMaster: ["$PANEL_I2C"], I2cAddresses: ["0x44"] }],
    ["a host with a scheme", { AllowedConnections: ["https://example.net"] }],
    ["a wildcard over a whole top-level domain", { AllowedConnections: ["*.net"] }],
    ["port 0", { AllowedTcpServerPorts: [0] }],
    ["storage in text", { MutableStorage: { SizeKB: "8" } }],
    ["capabilities that are a list", []],
  ])("because of %s is invalid", (_, capabilities) => {
    expect(new Set(codes(granting(capabilities)))).toEqual(new Set(["invalid"]));
  });

  it("because of addresses for a bus that is named without its $", () => {
    const { problems } = refusal(
      granting({ I2cMaster: ["$PANEL_I2C"], I2cAddresses: { PANEL_I2C: ["0x44"] } }),
    );
    expect(problems.map(({ message }) => message)).toContainEqual(
      expect.stringContaining(
        "I2cAddresses.PANEL_I2C must be a name of the board definition, prefixed with $",
      ),
    );
  });

  it("because of addresses for a bus that it does not grant", () => {
    expect(codes(granting({ I2cAddresses: { $PANEL_I2C: ["0x44"] } }))).toEqual(["unknown-name"]);
  });

  it("reports everything at once, in the order of the file, each with cause and next step", () => {
    const text = `{
  "SchemaVersion": 1,
  "Name": "no blanks please",
  "ComponentId": "52835aa3-8307-4e84-a159-63497f35b43c",
  "EntryPoint": "../evil.js",
  "Capabilities": {
    "Gpio": ["$RELAY", "$RELAY", "$D16_YELLOW", "$NONE"],
    "Telepathy": true
  }
}`;
    const { problems, message } = refusal(text);
    expect(problems.map(({ code, line }) => `${line} ${code}`)).toEqual([
      "3 invalid",
      "5 invalid",
      "7 pin-used-twice",
      "7 two-names-on-one-pin",
      "7 unknown-name",
      "8 unknown-capability",
    ]);
    expect(message.split("\n")).toEqual(problems.map(manifestProblemText));
    expect(message).toContain(
      "line 7, column 24: $RELAY is listed twice; remove one of the two [pin-used-twice]",
    );
  });
});
