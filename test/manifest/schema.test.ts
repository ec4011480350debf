import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { ResolvedPeripheral } from "../../src/chips/wiring.ts";
import { ManifestError, parseManifest } from "../../src/manifest/manifest.ts";

const read = (name: string) => readFileSync(new URL(`../../manifest/${name}`, import.meta.url), "utf8");
const schema = z.fromJSONSchema(JSON.parse(read("app_manifest.schema.json")));
const shipped = JSON.parse(read("app_manifest.json"));

/** A board that has every name, each on a pin of its own, of the type that fits: the schema knows no boards. */
function anyBoard(): (name: string) => ResolvedPeripheral {
  const numbers = new Map<string, number>();
  return (name) => {
    const number = numbers.get(name) ?? numbers.size;
    numbers.set(name, number);
    return name.includes("I2C")
      ? { type: "I2cMaster", bus: number, lines: [] }
      : { type: "Gpio", line: number };
  };
}

function accepted(document: unknown): boolean {
  try {
    parseManifest(JSON.stringify(document), anyBoard());
    return true;
  } catch (error) {
    if (error instanceof ManifestError) return false;
    throw error;
  }
}

const text = (...usual: string[]) =>
  fc.oneof(
    { arbitrary: fc.constantFrom(...usual), weight: 6 },
    { arbitrary: fc.jsonValue({ maxDepth: 1 }), weight: 1 },
  );
const list = (item: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { arbitrary: fc.array(item, { maxLength: 3 }), weight: 8 },
    { arbitrary: fc.jsonValue(), weight: 1 },
  );
const gpioName = text("$A", "$B", "$RELAY_2", "$1", "A", `$${"x".repeat(33)}`);
const busName = text("$I2C", "$PANEL_I2C");
const address = text("0x03", "0x44", "0x77", "0x3C", "0x02", "0x78", "44");
const host = text(
  "example.net",
  "10.0.0.1",
  "::1",
  "*.example.net",
  "*.net",
  "Example.net",
  "-a.net",
  "a..b",
  "a".repeat(64),
);
const port = fc.oneof(
  fc.constantFrom<unknown>(1, 443, 65_535, 0, 65_536, 1.5, "80"),
  fc.jsonValue({ maxDepth: 0 }),
);
/** Addresses are given for the buses that are granted: the link between the two is beyond a schema. */
const bus = list(busName).chain((I2cMaster) => {
  const names = Array.isArray(I2cMaster)
    ? I2cMaster.filter((name) => typeof name === "string" && name.startsWith("$"))
    : [];
  const addresses = fc.tuple(...names.map((name) => fc.tuple(fc.constant(String(name)), list(address))));
  return addresses.map((entries) => ({ I2cMaster, I2cAddresses: Object.fromEntries(entries) }));
});
const capabilities = fc
  .tuple(
    fc.record(
      {
        Gpio: list(gpioName),
        AllowedConnections: list(host),
        AllowedTcpServerPorts: list(port),
        AllowedUdpServerPorts: list(port),
        MutableStorage: fc.oneof(
          fc.record({ SizeKB: fc.constantFrom(0, 64, 1_048_576, 1_048_577, -1, "1") }),
          fc.jsonValue({ maxDepth: 1 }),
        ),
        SoftwareUpdateDeferral: fc.oneof(fc.boolean(), fc.constantFrom("true", 1, null)),
        Uart: fc.constant([]),
      },
      { requiredKeys: [] },
    ),
    fc.option(bus),
  )
  .map(([rest, buses]) => ({ ...rest, ...buses }));
const manifest = fc.record(
  {
    $schema: text("x"),
    SchemaVersion: fc.oneof(
      { arbitrary: fc.constant(1), weight: 20 },
      { arbitrary: fc.jsonValue(), weight: 1 },
    ),
    Name: text("heater", "a".repeat(31), "a".repeat(32), ""),
    ComponentId: text(
      "52835aa3-8307-4e84-a159-63497f35b43c",
      "52835AA3-8307-4E84-A159-63497F35B43C",
      "52835aa3",
    ),
    EntryPoint: text("dist/main.js", "/bin/app", "../x", "a//b", "a b"),
    CmdArgs: list(text("run", "--data=/x y", "ä", "", "a\nb")),
    ApplicationType: text("Default", "Debug"),
    Capabilities: fc.oneof({ arbitrary: capabilities, weight: 8 }, { arbitrary: fc.jsonValue(), weight: 1 }),
    Extra: fc.constant(1),
  },
  { requiredKeys: ["SchemaVersion", "Name", "ComponentId", "EntryPoint", "Capabilities"] },
);

describe("the JSON schema of the manifest", () => {
  it("accepts the shipped manifest, as the parser does", () => {
    expect(schema.safeParse(shipped).success).toBe(true);
    expect(accepted(shipped)).toBe(true);
  });

  // Two seconds of computing, which a loaded machine stretches.
  it("accepts and refuses the same documents as the parser", { timeout: 120_000 }, () => {
    const verdicts = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(fc.oneof(manifest, fc.constant(shipped)), (document) => {
        const verdict = accepted(document);
        verdicts[verdict ? "accepted" : "refused"]++;
        expect(schema.safeParse(document).success).toBe(verdict);
      }),
      { numRuns: 3000 },
    );
    // Else the agreement would say nothing about one of the two sides.
    expect(verdicts.accepted).toBeGreaterThan(100);
    expect(verdicts.refused).toBeGreaterThan(100);
  });

  it.each([
    ["SchemaVersion", 2],
    ["Name", "a".repeat(32)],
    ["Name", ""],
    ["ComponentId", "heater"],
    ["EntryPoint", "../main.js"],
    ["CmdArgs", "run"],
    ["ApplicationType", "Debug"],
    ["Capabilities", null],
    ["Surprise", 1],
  ])("refuses %s = %j, as the parser does", (key, value) => {
    const document = { ...shipped, [key]: value };
    expect(schema.safeParse(document).success).toBe(false);
    expect(accepted(document)).toBe(false);
  });
});
