/** The first act of every run where there is no sysfs GPIO: on the character device, as a Raspberry Pi 5 has it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import type { GpioDevices } from "../../../src/board/kernel/chardev/devices.ts";
import { systemDevices } from "../../../src/board/kernel/chardev/devices.ts";
import type { BackendSetting } from "../../../src/board/kernel/gpio-backend.ts";
import { type BoardChoice, chooseBoard } from "../../../src/firmware/choose-board.ts";
import {
  type TakenHardware,
  takeHardware,
  turnRelayOff,
} from "../../../src/firmware/guardian/take-hardware.ts";
import { type FakeChip, FakeGpioDevices } from "../../board/kernel/chardev/fake-gpiochip.ts";
import { type SysTree, sysTree } from "../../board/kernel/sys-tree.ts";
import { ending, wrongSettings } from "./refused-start.ts";

const relayLine = 16;

let root: string;
let devices: FakeGpioDevices;
let chip: FakeChip;
let tree: SysTree | undefined;
const taken: TakenHardware[] = [];
const logged: [string, object | undefined][] = [];
const log = {
  ...silentLog,
  info: (event: string, fields?: object) => void logged.push([event, fields]),
  error: (event: string, fields?: object) => void logged.push([event, fields]),
};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "take-device-"));
  for (const folder of ["lock", "dev"]) mkdirSync(join(root, folder));
  writeFileSync(join(root, "dev", "i2c-1"), "");
  devices = new FakeGpioDevices();
  devices.add("gpio-brcmstb@107d508500", 32);
  chip = devices.add("pinctrl-rp1");
  logged.length = 0;
});
afterEach(() => {
  for (const hardware of taken.splice(0)) hardware.release();
  rmSync(root, { recursive: true });
  tree?.remove();
  tree = undefined;
});

const sysRoot = (): string => tree?.root ?? join(root, "sys");
const machine = (gpioDevices: GpioDevices = devices, gpioBackend: BackendSetting = "auto") => ({
  sysRoot: sysRoot(),
  devices: join(root, "dev"),
  model: join(root, "model"),
  gpioDevices,
  gpioBackend,
});
const options = (data: string) => ({
  dataPath: join(root, data),
  log,
  sysRoot: sysRoot(),
  gpioDevices: devices,
  lockFolder: join(root, "lock"),
});

function take(data: string, choose?: () => BoardChoice): TakenHardware {
  const own = choose ?? (() => chooseBoard("grove-heater-pi", join(root, data), machine()));
  const hardware = takeHardware({ ...options(data), choose: own });
  taken.push(hardware);
  return hardware;
}

const leftOn = (): void => void Object.assign(chip.line(relayLine), { level: 1, flags: 8n });
const relay = () => chip.line(relayLine);

describe.runIf(process.platform === "linux")("SR-01: on the character device", () => {
  it("a relay that a dead holder left on is off, and its line is held from then on, for every process of ours", () => {
    leftOn();
    const { forceRelayOff } = take("data");
    expect(relay()).toMatchObject({ level: 0, flags: 8n, consumer: "grove-heater relay", driven: [0] });
    // The guardian's first look is to know that it was on (SR-08).
    const { access, ...forced } = forceRelayOff("start");
    expect(forced).toEqual({ off: true, wasOn: true });
    expect(access).toMatchObject({ offLevel: 0, descriptor: expect.any(Number) });
    expect(logged[0]).toMatchObject(["relay-forced-off", { line: "pinctrl-rp1 16", before: 1 }]);
  });

  it("the line is forced off again while a loop drives it, by the same descriptor each time", () => {
    const { forceRelayOff } = take("data");
    const first = forceRelayOff("start");
    relay().level = 1;
    const again = forceRelayOff("the loop is silent");
    expect(again).toMatchObject({ off: true, wasOn: true, access: first.access });
    expect(relay().level).toBe(0);
  });

  it("the line is given back when all is over, and with it the lock", () => {
    take("data").release();
    taken.length = 0;
    expect([relay().consumer, devices.openDescriptors]).toEqual(["", 0]);
    expect(ending(() => take("other")).code).toBeUndefined();
  });

  it.each([
    ["settings with a mistake", wrongSettings],
    ["a board that there is not", () => chooseBoard("nosuch", join(root, "data"), machine())],
  ])("it is off also after %s, though nothing tells of a relay", (_, choose) => {
    leftOn();
    expect(ending(() => take("data", choose)).code).toBe(78);
    expect(relay().level).toBe(0);
    expect(devices.openDescriptors).toBe(0);
  });

  it("`relay off` finds and turns off what a killed firmware left on", () => {
    leftOn();
    const choose = () => chooseBoard("auto", join(root, "data"), machine());
    expect(turnRelayOff({ ...options("data"), choose, force: false })).toBe(true);
    expect(relay().level).toBe(0);
  });
});

describe.runIf(process.platform === "linux")("SR-12: beside a firmware that holds the relay's line", () => {
  beforeEach(() => {
    take("first");
    relay().level = 1;
  });

  it("another one, and `relay off`, end with 75 and touch nothing", () => {
    expect(ending(() => take("second")).code).toBe(75);
    const choose = () => chooseBoard("grove-heater-pi", join(root, "second"), machine());
    expect(ending(() => turnRelayOff({ ...options("second"), choose, force: false })).code).toBe(75);
    expect(relay().level).toBe(1);
  });

  it("`relay off --force` cannot take the line from it, and says who holds it", () => {
    const choose = () => chooseBoard("grove-heater-pi", join(root, "second"), machine());
    const { code, text } = ending(() => turnRelayOff({ ...options("second"), choose, force: true }));
    expect([code, relay().level]).toEqual([75, 1]);
    expect(text).toContain(`process ${process.pid}, user`);
    expect(logged.at(-1)).toMatchObject([
      "relay-not-forced-off",
      { code: "busy", cause: expect.stringContaining('"grove-heater relay" holds it') },
    ]);
  });
});

describe.runIf(process.platform === "linux")("On a machine that has both ways", () => {
  beforeEach(() => {
    tree = sysTree("pi-5-kernel-6.6");
    tree.addLine(587, { direction: "out", value: "1", active_low: "0" });
  });
  const sysfs = (): string => tree?.read("gpio587/value") ?? "";
  const chosen = (backend: BackendSetting) => () =>
    chooseBoard("grove-heater-pi", join(root, "data"), machine(devices, backend));

  it("sysfs is used, and the character device left alone", () => {
    take("data", chosen("auto"));
    expect([sysfs(), relay().driven]).toEqual(["0", []]);
  });

  it("the setting decides, also for the start on which settings are broken", () => {
    take("data", chosen("chardev")).release();
    taken.length = 0;
    expect(readFileSync(join(root, "data", "relay.json"), "utf8")).toContain('"gpioBackend":"chardev"');
    expect([sysfs(), relay().level]).toEqual(["1", 0]);
    leftOn();
    expect(ending(() => take("data", wrongSettings)).code).toBe(78);
    expect([sysfs(), relay().level]).toEqual(["1", 0]);
  });

  it("one lock stands for the line, whichever interface drives it", () => {
    take("first", chosen("chardev"));
    expect(ending(() => take("second", chosen("sysfs"))).code).toBe(75);
  });

  it.each(["sysfs", "auto"] as const)(
    "a change of the setting to %s gives the line to the other interface",
    (to) => {
      take("data", chosen("chardev")).release();
      taken.length = 0;
      const { forceRelayOff } = take("data", chosen(to));
      expect(forceRelayOff("start").access).toHaveProperty("valueFile");
      expect([sysfs(), relay().consumer]).toEqual(["0", ""]);
    },
  );
});

describe.runIf(process.platform === "linux")("SR-14: a Raspberry Pi without sysfs GPIO", () => {
  it("is told by its chip alone, where the device tree is hidden, and its hat is used", () => {
    expect(chooseBoard("auto", join(root, "data"), machine())).toMatchObject({
      name: "grove-heater-pi",
      why: "a Raspberry Pi with its drivers was found",
    });
  });

  it("whose native part is not built ends with 69 and says how to build it; no simulation is a way out", () => {
    writeFileSync(join(root, "model"), "Raspberry Pi 5 Model B Rev 1.0\0");
    const unbuilt = { ...systemDevices("/nowhere/kernel-calls.node"), list: () => ["/dev/null"] };
    const choose = () => chooseBoard("auto", join(root, "data"), machine(unbuilt));
    const { code, text } = ending(() => take("data", choose));
    expect(code).toBe(69);
    expect(text).toMatch(/build-essential.*npm run build/);
  });
});
