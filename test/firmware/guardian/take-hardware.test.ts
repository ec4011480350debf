import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { type BoardChoice, chooseBoard } from "../../../src/firmware/choose-board.ts";
import {
  type TakenHardware,
  takeHardware,
  turnOffAfterRefusal,
  turnRelayOff,
} from "../../../src/firmware/guardian/take-hardware.ts";
import { type SysTree, sysTree } from "../../board/kernel/sys-tree.ts";
import { ending, wrongSettings } from "./refused-start.ts";

/** GPIO16, the relay of the real board, on a Pi 4 whose chip begins at 512. */
const relayLine = 528;

let root: string;
let tree: SysTree;
const taken: TakenHardware[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "take-hardware-"));
  mkdirSync(join(root, "lock"));
  // The hat's other parts, as files: the bus is there.
  mkdirSync(join(root, "dev"));
  writeFileSync(join(root, "dev", "i2c-1"), "");
  tree = sysTree("pi-4-kernel-6.6");
  tree.addLine(relayLine, { direction: "out", value: "1", active_low: "0" });
});
afterEach(() => {
  for (const hardware of taken.splice(0)) hardware.release();
  rmSync(root, { recursive: true });
  tree.remove();
});

const relay = (): string => tree.read(`gpio${relayLine}/value`);
const on = (): void => writeFileSync(join(tree.root, "class/gpio", `gpio${relayLine}`, "value"), "1\n");
const choose = (name: string, data: string) => (): BoardChoice =>
  chooseBoard(name, join(root, data), {
    sysRoot: tree.root,
    devices: join(root, "dev"),
    model: join(root, "model"),
  });
const options = (data: string) => ({
  dataPath: join(root, data),
  log: silentLog,
  sysRoot: tree.root,
  lockFolder: join(root, "lock"),
});

function take(data: string, name = "grove-heater-pi", own = choose(name, data)): TakenHardware {
  const hardware = takeHardware({ ...options(data), choose: own });
  taken.push(hardware);
  return hardware;
}

describe.runIf(process.platform === "linux")("SR-12: beside a firmware that drives the relay", () => {
  beforeEach(() => {
    take("first");
    on();
  });

  it("another one, with a data folder of its own, ends with 75, names it, and touches nothing", () => {
    const { code, text } = ending(() => take("second"));
    expect(code).toBe(75);
    expect(text).toContain(`process ${process.pid}`);
    expect(text).toContain(join(root, "first"));
    expect(relay()).toBe("1");
  });

  it.each([
    ["a board that there is not", choose("nosuch", "second"), "nosuch"],
    ["settings with a mistake", wrongSettings, "settings.json:1:1"],
  ])("%s ends with 75, tells of both, and touches nothing", (_, own, besides) => {
    for (const data of ["first", "second"]) {
      const { code, text } = ending(() => take(data, "", own));
      expect(code).toBe(75);
      expect(text).toContain(besides);
      expect(relay()).toBe("1");
    }
  });

  it("a mistyped flag ends with 75, tells of both, and touches nothing", () => {
    const mistyped = new Error("Unknown option --nope.");
    const { code, text } = ending(() => turnOffAfterRefusal(options("second"), mistyped));
    expect(code).toBe(75);
    expect(text).toContain(String(process.pid));
    expect(text).toContain("--nope");
    expect(relay()).toBe("1");
  });

  it("`relay off` ends with 75 and touches nothing, unless it is forced", () => {
    const off = (force: boolean) => () =>
      turnRelayOff({ ...options("second"), choose: choose("grove-heater-pi", "second"), force });
    expect(ending(off(false)).code).toBe(75);
    expect(relay()).toBe("1");
    expect(off(true)()).toBe(true);
    expect(relay()).toBe("0");
  });

  it("`relay off` with a board that there is not touches nothing either, unless it is forced", () => {
    const off = (force: boolean) => () =>
      turnRelayOff({ ...options("second"), choose: choose("nosuch", "second"), force });
    expect(ending(off(false)).code).toBe(75);
    expect(relay()).toBe("1");
    expect(ending(off(true)).code).toBe(78);
    expect(relay()).toBe("0");
  });

  it("the virtual hat runs, and leaves the real relay to that one", () => {
    expect(take("second", "virtual").choice.name).toBe("virtual");
    expect(relay()).toBe("1");
  });

  it("the virtual hat does not run in the same data folder", () => {
    const { code, text } = ending(() => take("first", "virtual"));
    expect(code).toBe(75);
    expect(text).toContain("--data FOLDER");
    expect(relay()).toBe("1");
  });
});

describe.runIf(process.platform === "linux")(
  "SR-01: with nobody else, the relay that was left on is off",
  () => {
    it("before settings and board are read, where one was driven from this folder", () => {
      take("data").release();
      on();
      let seen = "";
      ending(() =>
        take("data", "", () => {
          seen = relay();
          return wrongSettings();
        }),
      );
      expect(seen).toBe("0");
    });

    it.each([
      ["settings with a mistake", wrongSettings, 78],
      ["a board that there is not", choose("nosuch", "data"), 78],
    ])(
      "after %s, on a computer with a Raspberry Pi's chip, though nothing tells of a relay",
      (_, own, exit) => {
        expect(ending(() => take("data", "", own)).code).toBe(exit);
        expect(relay()).toBe("0");
      },
    );

    it("after a mistyped flag, though nothing tells of a relay", () => {
      turnOffAfterRefusal(options("data"), new Error("Unknown option --nope."));
      expect(relay()).toBe("0");
    });

    it("and free again after a start that failed", () => {
      ending(() => take("data", "", wrongSettings));
      expect(take("other").choice.name).toBe("grove-heater-pi");
    });

    it("with a note of the last relay that a flipped bit has changed: on the real board's, by its own level", () => {
      take("data").release();
      on();
      const file = join(root, "data", "relay.json");
      const text = readFileSync(file, "utf8");
      expect(text).toContain('"activeLevel":1');
      writeFileSync(file, text.replace('"activeLevel":1', '"activeLevel":0'));
      ending(() => take("data", "", wrongSettings));
      expect(relay()).toBe("0");
    });

    it.each([
      ["a FIFO", (file: string) => spawnSync("mkfifo", [file])],
      ["a folder", (file: string) => mkdirSync(file)],
      ["10 GB of nothing", (file: string) => spawnSync("truncate", ["-s", "10G", file])],
    ])("with %s in the place of that note", (_, make) => {
      mkdirSync(join(root, "data"));
      make(join(root, "data", "relay.json"));
      take("data");
      expect(relay()).toBe("0");
    });

    it("whatever folder a data folder was copied from: that one's virtual relay is left alone", () => {
      take("one", "virtual").release();
      const value = (data: string) => join(root, data, "virtual-hat/sys/class/gpio/gpio528/value");
      spawnSync("cp", ["-r", join(root, "one"), join(root, "copy")]);
      writeFileSync(value("one"), "1\n");
      writeFileSync(value("copy"), "1\n");
      ending(() => take("copy", "", wrongSettings));
      expect([value("one"), value("copy")].map((file) => readFileSync(file, "utf8").trim())).toEqual([
        "1",
        "0",
      ]);
    });
  },
);

describe.runIf(process.platform === "linux")("SR-14: on a Raspberry Pi", () => {
  it("whose bus is missing, the simulation is no way out: 69, the remedy, and the real line off", () => {
    rmSync(join(root, "dev", "i2c-1"));
    const { code, text } = ending(() => take("data", "auto"));
    expect(code).toBe(69);
    expect(text).toContain("i2c-1 is missing");
    expect(text).toContain("raspi-config nonint do_i2c 0");
    expect(relay()).toBe("0");
    expect(existsSync(join(root, "data", "virtual-hat"))).toBe(false);
  });

  it("whose kernel has no sysfs GPIO, told by its device tree, neither", () => {
    rmSync(join(tree.root, "class"), { recursive: true });
    writeFileSync(join(root, "model"), "Raspberry Pi 5 Model B Rev 1.0\0");
    const { code, text } = ending(() => take("data", "auto"));
    expect(code).toBe(69);
    expect(text).toContain("sysfs GPIO");
    // afterEach removes the tree.
    mkdirSync(join(tree.root, "class"));
  });

  it("the virtual hat that was named runs, with the real line forced off and not held", () => {
    expect(take("data", "virtual").choice.name).toBe("virtual");
    expect(relay()).toBe("0");
    expect(take("service").choice.name).toBe("grove-heater-pi");
  });

  it("`relay off` turns the real line off, whatever the hat lacks", () => {
    rmSync(join(root, "dev", "i2c-1"));
    expect(turnRelayOff({ ...options("data"), choose: choose("auto", "data"), force: false })).toBe(true);
    expect(relay()).toBe("0");
  });

  it.each([true, false])("`relay off` does not claim what it cannot read back, forced: %s", (force) => {
    const value = join(tree.root, "class/gpio", `gpio${relayLine}`, "value");
    rmSync(value);
    // It takes what is written, and never shows it.
    symlinkSync("/dev/null", value);
    expect(turnRelayOff({ ...options("data"), choose: choose("grove-heater-pi", "data"), force })).toBe(
      false,
    );
  });
});

it('SR-14: elsewhere "auto" is the virtual hat, and says why', () => {
  const machine = { sysRoot: join(root, "none"), model: join(root, "model") };
  const { name, why, missing } = chooseBoard("auto", join(root, "data"), machine);
  expect({ name, missing }).toEqual({ name: "virtual", missing: undefined });
  expect(why).toContain("no real hat");
});
