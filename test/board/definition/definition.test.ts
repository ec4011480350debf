import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Board,
  BoardError,
  boardProblemText,
  loadBoard,
} from "../../../src/board/definition/definition.ts";

const folder = new URL("../../../boards", import.meta.url).pathname;
const readFile = (path: string) => readFileSync(path, "utf8");
const shipped = (name: string) => loadBoard(name, { folder, readFile });

/** A board in memory, over the shipped hats and chips. */
function load(files: Record<string, unknown>, nameOrPath = "/etc/heater/mine.json"): Board {
  return loadBoard(nameOrPath, {
    folder,
    readFile: (path) => {
      const name = path.startsWith("/etc/heater/") ? path.slice(12) : undefined;
      const content = name === undefined ? undefined : files[name];
      if (content === undefined) return readFile(path);
      return typeof content === "string" ? content : JSON.stringify(content, null, 1);
    },
  });
}

function refusal(action: () => unknown): BoardError {
  try {
    action();
  } catch (error) {
    if (error instanceof BoardError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

const codes = (error: BoardError) => error.problems.map((problem) => problem.code);

type Part = Record<string, unknown> & { Name: string };
const parts: readonly Part[] = [
  { Name: "RELAY", Type: "Gpio", Mapping: "D16_YELLOW", ActiveLevel: "high" },
  { Name: "BUTTON_A", Type: "Gpio", Mapping: "D22_YELLOW", ActiveLevel: "high" },
  { Name: "BUTTON_B", Type: "Gpio", Mapping: "D24_YELLOW", ActiveLevel: "high" },
  { Name: "MODE_BUTTON", Type: "Gpio", Mapping: "D18_WHITE", ActiveLevel: "low" },
  { Name: "MODE_LED", Type: "Gpio", Mapping: "D18_YELLOW", ActiveLevel: "high" },
  { Name: "STATUS_LED", Type: "Gpio", Mapping: "D26_YELLOW", ActiveLevel: "high" },
  { Name: "PANEL_I2C", Type: "I2cMaster", Mapping: "I2C" },
];
const definition = (peripherals: readonly Part[], imports = ["hats/grove-base-hat.json"], more = {}) => ({
  Metadata: { Type: "Grove Heater Hardware Definition", Version: 1 },
  Description: { Name: "mine" },
  Imports: imports.map((Path) => ({ Path })),
  ...more,
  Peripherals: peripherals,
});
/** The usual parts, with some changed, added, or (by `undefined`) removed. */
const withParts = (changes: Record<string, Record<string, unknown> | undefined>) =>
  definition([
    ...parts.flatMap((part) =>
      part.Name in changes ? (changes[part.Name] ? [{ ...part, ...changes[part.Name] }] : []) : [part],
    ),
    ...Object.entries(changes).flatMap(([Name, part]) =>
      part === undefined || parts.some((usual) => usual.Name === Name) ? [] : [{ Name, ...part }],
    ),
  ]);

describe("the shipped boards", () => {
  it("put relay, buttons and LEDs of the Base Hat on the lines of its sockets", () => {
    expect(shipped("grove-heater-pi").wiring).toEqual({
      board: "grove-heater on a Raspberry Pi with a Grove Base Hat",
      backend: "kernel",
      gpioChipLabels: ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"],
      i2cBus: 1,
      relay: { name: "RELAY", line: 16, activeLevel: 1, bootLevel: 0, socket: "D16_YELLOW" },
      buttonA: { name: "BUTTON_A", line: 22, activeLevel: 1, bootLevel: 0, socket: "D22_YELLOW" },
      buttonB: { name: "BUTTON_B", line: 24, activeLevel: 1, bootLevel: 0, socket: "D24_YELLOW" },
      modeButton: { name: "MODE_BUTTON", line: 19, activeLevel: 0, bootLevel: 0, socket: "D18_WHITE" },
      modeLed: { name: "MODE_LED", line: 18, activeLevel: 1, bootLevel: 0, socket: "D18_YELLOW" },
      statusLed: { name: "STATUS_LED", line: 26, activeLevel: 1, bootLevel: 0, socket: "D26_YELLOW" },
    });
  });

  it("wire the virtual hat like the real one, on a chip that no kernel has", () => {
    const { wiring } = shipped("virtual");
    const real = shipped("grove-heater-pi").wiring;
    expect({ ...wiring, board: "" }).toEqual({
      ...real,
      board: "",
      backend: "virtual",
      gpioChipLabels: ["virtual-gpio"],
    });
  });

  it("fit all parts on the four sockets of the Pi Zero hat", () => {
    const { relay, buttonA, buttonB, modeButton, modeLed, statusLed } = shipped("grove-heater-zero").wiring;
    const lines = [relay, buttonA, buttonB, modeButton, modeLed, statusLed].map((part) => part.line);
    expect(lines).toEqual([16, 5, 6, 13, 12, 14]);
  });

  it.each(readdirSync(folder).filter((file) => file.endsWith(".json")))(
    "%s loads without a warning, with the relay on a line that boots low",
    (file) => {
      const board = loadBoard(join(folder, file), { folder, readFile });
      expect(board.warnings).toEqual([]);
      expect(board.wiring.relay.line).toBeGreaterThanOrEqual(9);
      expect(board.wiring.relay.activeLevel).toBe(1);
    },
  );

  it("resolve the names of every layer, and only these", () => {
    const board = shipped("grove-heater-pi");
    expect(board.resolveName("$RELAY")).toEqual({ type: "Gpio", line: 16 });
    expect(board.resolveName("$D16_YELLOW")).toEqual({ type: "Gpio", line: 16 });
    expect(board.resolveName("$GPIO16")).toEqual({ type: "Gpio", line: 16 });
    expect(board.resolveName("$PANEL_I2C")).toEqual({ type: "I2cMaster", bus: 1, lines: [2, 3] });
    expect(board.resolveName("RELAY")).toBeUndefined();
    expect(board.resolveName("$__proto__")).toBeUndefined();
  });
});

describe("a definition of one's own", () => {
  it("may lie anywhere and build on the shipped hats", () => {
    const board = load({ "mine.json": withParts({ STATUS_LED: { Mapping: "D5_YELLOW" } }) });
    expect(board.wiring).toMatchObject({ board: "mine", statusLed: { line: 5 }, relay: { line: 16 } });
  });

  it("finds a file beside it before a shipped one of the same name", () => {
    const chip = definition([{ Name: "GPIO16", Type: "Gpio", AppManifestValue: 16, BootPull: "down" }], [], {
      Backend: "kernel",
      GpioChipLabels: ["mine"],
    });
    const hat = definition(
      [
        ...[2, 3, 4, 5, 6].map((n) => ({ Name: `P${n}`, Type: "Gpio", AppManifestValue: n, BootPull: "up" })),
        { Name: "I2C", Type: "I2cMaster", AppManifestValue: 7 },
        { Name: "D16_YELLOW", Type: "Gpio", Mapping: "GPIO16" },
      ],
      ["../chip.json"],
    );
    const app = withParts({
      BUTTON_A: { Mapping: "P2" },
      BUTTON_B: { Mapping: "P3" },
      MODE_BUTTON: { Mapping: "P4" },
      MODE_LED: { Mapping: "P5" },
      STATUS_LED: { Mapping: "P6" },
    });
    const board = load({ "mine.json": app, "hats/grove-base-hat.json": hat, "chip.json": chip });
    expect(board.wiring).toMatchObject({ gpioChipLabels: ["mine"], i2cBus: 7, buttonA: { line: 2 } });
  });

  it("may import one file by two ways, which is read once", () => {
    const hat = "hats/grove-base-hat.json";
    const files: Record<string, unknown> = {
      "mine.json": definition(parts, [hat, "extra.json"]),
      "extra.json": definition([{ Name: "FAN", Type: "Gpio", Mapping: "D26_WHITE" }], [hat]),
    };
    const read: string[] = [];
    const board = loadBoard("/etc/heater/mine.json", {
      folder,
      readFile: (path) => {
        const own = files[path.replace("/etc/heater/", "")];
        const text = own === undefined ? readFile(path) : JSON.stringify(own);
        read.push(path);
        return text;
      },
    });
    expect(board.resolveName("$FAN")).toEqual({ type: "Gpio", line: 27 });
    expect(new Set(read).size).toBe(read.length);
  });

  it("takes a polarity from an inner layer when the role says none", () => {
    const { ActiveLevel: _, ...led } = { ...parts[5], Mapping: "LAMP" } as Part;
    const lamp = { Name: "LAMP", Type: "Gpio", Mapping: "D26_WHITE", ActiveLevel: "low" };
    const board = load({ "mine.json": definition([...parts.slice(0, 5), led, ...parts.slice(6), lamp]) });
    expect(board.wiring.statusLed).toMatchObject({ name: "STATUS_LED", line: 27, activeLevel: 0 });
    expect(board.warnings.map((warning) => warning.code)).toContain("indirect-mapping");
  });

  it("allows a relay that is active low on a line that boots pulled up", () => {
    const board = load({ "mine.json": withParts({ RELAY: { Mapping: "D5_YELLOW", ActiveLevel: "low" } }) });
    expect(board.wiring.relay).toMatchObject({ name: "RELAY", line: 5, activeLevel: 0 });
  });

  it("warns of two names on one pin that are not both roles", () => {
    const board = load({ "mine.json": withParts({ FAN: { Type: "Gpio", Mapping: "D26_YELLOW" } }) });
    expect(board.warnings).toMatchObject([{ code: "two-names-on-one-pin", file: "/etc/heater/mine.json" }]);
  });
});

describe("a definition that cannot be used", () => {
  it.each<[string, string, Record<string, unknown>]>([
    ["an import that is not there", "missing-file", { "mine.json": definition(parts, ["hats/none.json"]) }],
    ["JSON that does not parse", "unparseable", { "mine.json": '{\n  "Metadata": }' }],
    ["something that is no definition", "invalid", { "mine.json": "[]" }],
    ["an unknown key", "invalid", { "mine.json": withParts({ RELAY: { ActivLevel: "high" } }) }],
    ["no polarity", "invalid", { "mine.json": withParts({ BUTTON_A: { ActiveLevel: undefined } }) }],
    ["two chips", "invalid", { "mine.json": { ...definition(parts), Backend: "kernel" } }],
    ["no chip", "invalid", { "mine.json": definition([], []) }],
    ["an import of itself", "import-cycle", { "mine.json": definition(parts, ["mine.json"]) }],
    [
      "an import cycle through another file",
      "import-cycle",
      { "mine.json": definition(parts, ["b.json"]), "b.json": definition([], ["mine.json"]) },
    ],
    ["an import from outside", "import-outside", { "mine.json": definition(parts, ["../../root/x.json"]) }],
    [
      "an absolute import from outside",
      "import-outside",
      { "mine.json": definition(parts, ["/proc/self/x"]) },
    ],
    ["a name twice", "duplicate-name", { "mine.json": definition([...parts, ...parts.slice(1, 2)]) }],
    [
      "a name of an imported layer",
      "duplicate-name",
      { "mine.json": withParts({ GPIO16: { Type: "Gpio", Mapping: "D16_WHITE" } }) },
    ],
    [
      "a mapping to nothing",
      "nonexistent-mapping",
      { "mine.json": withParts({ RELAY: { Mapping: "D17" } }) },
    ],
    ["a mapping to itself", "mapping-cycle", { "mine.json": withParts({ RELAY: { Mapping: "RELAY" } }) }],
    ["an unknown type", "invalid-type", { "mine.json": withParts({ BUTTON_A: { Type: "Button" } }) }],
    [
      "a mapping across types",
      "invalid-type",
      { "mine.json": withParts({ PANEL_I2C: { Mapping: "D5_WHITE" } }) },
    ],
    [
      "a role of the wrong type",
      "invalid-type",
      { "mine.json": withParts({ BUTTON_A: { Type: "I2cMaster", Mapping: "I2C" } }) },
    ],
    ["a role left out", "role-missing", { "mine.json": withParts({ MODE_LED: undefined }) }],
    [
      "two roles on one line",
      "line-shared",
      { "mine.json": withParts({ BUTTON_B: { Mapping: "D22_YELLOW" } }) },
    ],
    [
      "a button on the I²C clock",
      "line-shared",
      { "mine.json": withParts({ BUTTON_B: { Mapping: "GPIO3" } }) },
    ],
    [
      "a relay on a line that boots pulled up",
      "relay-unsafe-at-boot",
      { "mine.json": withParts({ RELAY: { Mapping: "D5_YELLOW" } }) },
    ],
    [
      "an active-low relay on a line that boots pulled down",
      "relay-unsafe-at-boot",
      { "mine.json": withParts({ RELAY: { ActiveLevel: "low" } }) },
    ],
  ])("because of %s is refused as %s", (_, code, files) => {
    const error = refusal(() => load(files));
    expect(codes(error)).toContain(code);
    for (const problem of error.problems) {
      expect(problem.file).toBe(
        "/etc/heater/mine.json".replace("mine", problem.file.includes("b.json") ? "b" : "mine"),
      );
      expect(problem.remedy).not.toBe("");
    }
  });

  it.each([2, 3, 4, 5, 6, 7, 8])("never has its relay on GPIO %i, which boots pulled up", (line) => {
    const error = refusal(() => load({ "mine.json": withParts({ RELAY: { Mapping: `GPIO${line}` } }) }));
    expect(codes(error)).toContain("relay-unsafe-at-boot");
  });

  it("never has its relay on a line that floats while the board boots", () => {
    const chip = readFile(join(folder, "chips/raspberry-pi.json")).replace(
      /(GPIO16"[^}]*"BootPull": )"down"/,
      '$1"none"',
    );
    expect(chip).toContain('"none"');
    const source = {
      folder,
      readFile: (path: string) => (path.endsWith("raspberry-pi.json") ? chip : readFile(path)),
    };
    expect(codes(refusal(() => loadBoard("grove-heater-pi", source)))).toEqual(["relay-unsafe-at-boot"]);
  });

  it("says that a named board is not there, and where it looked", () => {
    const error = refusal(() => shipped("grove-heater-pico"));
    expect(error).toMatchObject({ code: "missing-file", relay: undefined });
    expect(error.message).toContain(`${folder}/grove-heater-pico.json: there is no such file`);
  });

  it("tells a file without permission from a missing one", () => {
    const denied = () => {
      throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
    };
    expect(refusal(() => loadBoard("virtual", { folder, readFile: denied })).code).toBe("unreadable-file");
  });

  it("gives line and column of a fault", () => {
    const [problem] = refusal(() => load({ "mine.json": '{\n  "Metadata": }' })).problems;
    expect(problem).toMatchObject({ line: 2, column: 15 });
    expect(problem && boardProblemText(problem)).toMatch(
      /^\/etc\/heater\/mine\.json:2:15: .*; .* \[unparseable\]$/,
    );
  });

  it("reports all faults at once, and a cause without its consequences", () => {
    const file = withParts({
      RELAY: { Mapping: "NOWHERE" },
      BUTTON_A: { Type: "Button" },
      MODE_LED: undefined,
    });
    expect(codes(refusal(() => load({ "mine.json": file }))).toSorted()).toEqual([
      "invalid-type",
      "nonexistent-mapping",
      "role-missing",
    ]);
  });

  it("does not list as nonexistent what is there, but wrong in itself", () => {
    const file = withParts({ STATUS_LED: { Mapping: "LAMP" }, LAMP: { Type: "Lamp", Mapping: "D5_WHITE" } });
    expect(codes(refusal(() => load({ "mine.json": file })))).toEqual(["invalid-type"]);
  });

  it("does not list as missing what a missing import would have brought", () => {
    expect(codes(refusal(() => load({ "mine.json": definition(parts, ["hats/none.json"]) })))).toEqual([
      "missing-file",
    ]);
  });

  it("still tells where the relay is, so that it can be forced off", () => {
    const error = refusal(() => load({ "mine.json": withParts({ MODE_LED: undefined }) }));
    expect(error.relay).toMatchObject({ relay: { line: 16, activeLevel: 1 }, backend: "kernel" });
    expect(error.relay?.gpioChipLabels).toContain("pinctrl-rp1");
  });

  it("is refused when its imports go too deep or too wide, after a bounded number of reads", () => {
    let reads = 0;
    const endless = (path: string) => {
      reads++;
      const [, digits = "0"] = /(\d+)\.json$/.exec(path) ?? [];
      return JSON.stringify(
        definition([], [`${Number(digits) * 2 + 1}.json`, `${Number(digits) * 2 + 2}.json`]),
      );
    };
    const error = refusal(() => loadBoard("/etc/heater/0.json", { folder: "/boards", readFile: endless }));
    expect(codes(error)).toContain("import-bound");
    expect(reads).toBeLessThanOrEqual(32);
  });

  it("is refused by an error with the code of its first problem, a name and every problem's text", () => {
    const unsafe = definition([{ Name: "RELAY", Type: "Gpio", Mapping: "NOWHERE", ActiveLevel: "high" }]);
    const error = refusal(() =>
      loadBoard("/b/x.json", { folder: "/b", readFile: () => JSON.stringify(unsafe) }),
    );
    expect(error.name).toBe("BoardError");
    expect(error.code).toBe(codes(error)[0]);
    expect(error.message.split("\n")).toHaveLength(error.problems.length);
  });

  it("never makes the loader throw anything but a BoardError, whatever it holds", () => {
    const names = fc.constantFrom("RELAY", "GPIO16", "I2C", "D5_WHITE", "__proto__", "", "$X");
    const peripheral = fc.record(
      {
        Name: names,
        Type: fc.constantFrom("Gpio", "I2cMaster", "Uart", 3),
        Mapping: names,
        AppManifestValue: fc.oneof(fc.integer(), fc.double()),
        ActiveLevel: fc.constantFrom("high", "low", true),
        BootPull: fc.constantFrom("up", "none", null),
        Lines: fc.array(fc.integer()),
      },
      { requiredKeys: [] },
    );
    const anything = fc.oneof(
      fc.json(),
      fc
        .array(fc.oneof(peripheral, fc.jsonValue()), { maxLength: 6 })
        .map((list) => definition(list as Part[])),
    );
    fc.assert(
      fc.property(anything, (content) => {
        expect(refusal(() => load({ "mine.json": content })).problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});
