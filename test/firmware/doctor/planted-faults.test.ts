import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { BusError } from "../../../src/chips/bus.ts";
import { takeLock } from "../../../src/firmware/guardian/hardware-lock.ts";
import { places, unitName } from "../../../src/firmware/service/system.ts";
import { heating } from "../service/fake-system.ts";
import {
  type Captured,
  capture,
  exportedLine,
  type Files,
  findingOf,
  pi4,
  removeMachines,
  settingsFile,
  withStatus,
} from "./captured-machine.ts";

afterEach(removeMachines);

const unit = [
  "[Service]",
  `ExecStart=${places.current}/bin/node ${places.current}/dist/main.js run --board grove-heater-pi`,
  `ExecStopPost=${places.current}/bin/node ${places.current}/dist/main.js relay off --board grove-heater-pi`,
  "KillMode=control-group",
  "SupplementaryGroups=i2c gpio",
  "",
].join("\n");

const told = { ...heating, faults: [] as string[] };

const group = places.processes;

/** A Raspberry Pi 4 whose service runs as it should. */
const withService: Files = {
  ...pi4,
  [places.unit]: unit,
  [`${places.current}/bin/node`]: "",
  [`${places.current}/dist/main.js`]: "",
  [`${places.current}/package.json`]: '{\n  "version": "0.1.0"\n}\n',
  [`/etc/systemd/system/multi-user.target.wants/${unitName}`]: unit,
  [group]: "1233\n1234\n",
  [`${places.runtime}/status.json`]: JSON.stringify(told),
};

const examined = (captured: Partial<Captured> = {}) =>
  capture(withService, { sys: "pi-4-kernel-6.6", version: "0.1.0", unit: () => unit, ...captured });

const on = (captured: Partial<Captured>) => examined(captured).examine();

/** 32-bit numbers of the device tree; each byte of these is text. */
const cells = (...values: number[]): string =>
  values.map((value) => String.fromCharCode(0, 0, 0, value)).join("");

const stopped: Files = { [group]: undefined, [`${places.runtime}/status.json`]: undefined };

const w1OnRelay: Files = {
  "/proc/device-tree/__symbols__/gpio": "/soc/gpio@7e200000\0",
  "/proc/device-tree/soc/gpio@7e200000/phandle": cells(7),
  "/proc/device-tree/onewire@10/compatible": "w1-gpio\0",
  "/proc/device-tree/onewire@10/status": "okay\0",
  "/proc/device-tree/onewire@10/gpios": cells(7, 16, 0),
};

const unitAs = (change: (text: string) => string): Partial<Captured> => ({
  files: { [places.unit]: change(unit) },
});
const tells = (change: object): Partial<Captured> => ({
  files: { [`${places.runtime}/status.json`]: JSON.stringify({ ...told, ...change }) },
});

interface Planted {
  readonly fault: string;
  readonly captured: Partial<Captured>;
  readonly check: string;
  readonly remedy: RegExp;
}

/** Each is found under its check, and its remedy is named. */
const planted: readonly Planted[] = [
  {
    fault: "the service's program lies in a home folder",
    captured: unitAs((text) => text.replaceAll(places.current, "/home/pi/grove-heater")),
    check: "service-unit",
    remedy: /service install/,
  },
  {
    fault: "the unit is one that kills the loop with its guardian",
    captured: unitAs((text) => text.replace("control-group", "mixed")),
    check: "service-unit",
    remedy: /service install/,
  },
  {
    fault: "the unit does not turn the relay off after its end",
    captured: unitAs((text) => text.replace(/^ExecStopPost.*\n/m, "")),
    check: "service-unit",
    remedy: /service install/,
  },
  {
    fault: "the unit is of another program",
    captured: { unit: () => `${unit}WatchdogSec=60\n` },
    check: "service-unit",
    remedy: /service install/,
  },
  {
    fault: "a change of the unit takes the relay's way off away",
    captured: { files: { [`${places.unit}.d/override.conf`]: "[Service]\nExecStopPost=\n" } },
    check: "service-changes",
    remedy: /systemctl edit/,
  },
  {
    fault: "the service's Node.js is gone",
    captured: { files: { [`${places.current}/bin/node`]: undefined } },
    check: "service-program",
    remedy: /service install/,
  },
  {
    fault: "the service runs another version",
    captured: { version: "0.2.0" },
    check: "service-program",
    remedy: /service install/,
  },
  {
    fault: "a group of the service is not there",
    captured: { files: { "/etc/group": "root:x:0:\ni2c:x:988:pi\n" } },
    check: "service-groups",
    remedy: /service install/,
  },
  {
    fault: "the service does not start with the computer",
    captured: { files: { [`/etc/systemd/system/multi-user.target.wants/${unitName}`]: undefined } },
    check: "service-boot",
    remedy: /systemctl enable/,
  },
  {
    fault: "the service does not run",
    captured: { files: stopped },
    check: "service",
    remedy: /systemctl start/,
  },
  {
    fault: "the loop that told it is gone",
    captured: { files: { [group]: "1233\n" } },
    check: "service",
    remedy: /service status/,
  },
  {
    fault: "the service has not decided",
    captured: tells({ decidedAfterMs: undefined }),
    check: "service",
    remedy: /sensor/,
  },
  {
    fault: "the running firmware has a fault",
    captured: tells({ faults: ["sensor-stuck"] }),
    check: "service-fault",
    remedy: /./,
  },
  {
    fault: "the service's credentials are open to others",
    captured: { files: { [places.environment]: "IOTHUB_DEVICE_CONNECTION_STRING=x\n" } },
    check: "service-secrets",
    remedy: /chmod 600/,
  },
  {
    fault: "the service's settings have a mistake",
    captured: { files: { [`${places.data}/settings.json`]: '{"targetMax": 99}' } },
    check: "service-settings",
    remedy: /./,
  },
  {
    fault: "the service's state is damaged",
    captured: { files: { [`${places.data}/state.json`]: "half" } },
    check: "service-state-file",
    remedy: /./,
  },
  {
    fault: "a driver holds the relay's line, and only the device tree tells",
    captured: { files: w1OnRelay },
    check: "line-relay",
    remedy: /overlay/,
  },
  {
    fault: "another chip answers where no sensor does",
    captured: { files: stopped, drivers: { openBus: async () => busWith(0x76) } },
    check: "sensor",
    remedy: /SHT31/,
  },
  {
    fault: "the sensor sits at an address that nobody expects",
    captured: { files: stopped, drivers: { openBus: async () => busWith(0x46) } },
    check: "sensor",
    remedy: /0x44/,
  },
  {
    fault: "I²C is off",
    captured: { files: { "/dev/i2c-1": undefined, "/boot/firmware/config.txt": "gpio=19=pu\n" } },
    check: "i2c-device",
    remedy: /do_i2c/,
  },
  {
    fault: "the mode button has no pull",
    captured: { files: { "/boot/firmware/config.txt": "dtparam=i2c_arm=on\n" } },
    check: "button-pulls",
    remedy: /gpio=19=pu/,
  },
  {
    fault: "a line stays on although nothing runs",
    captured: { files: { ...stopped, ...exportedLine(528, { value: "1" }) } },
    check: "line-relay",
    remedy: /relay off/,
  },
  {
    fault: "one's own settings have a mistake",
    captured: { files: { [settingsFile]: '{"colour": 1}' } },
    check: "settings",
    remedy: /./,
  },
];

/** Nothing but this address answers. */
function busWith(address: number) {
  const silence = (at: number): void => {
    if (at !== address) throw new BusError("nack", `no answer at ${at}`);
  };
  return {
    write: async (at: number) => {
      silence(at);
      throw new Error("nothing is written to a stranger");
    },
    read: async (at: number, length: number) => {
      silence(at);
      return new Uint8Array(length);
    },
    close: async () => undefined,
  };
}

describe("a service that runs as it should", () => {
  it("has nothing to fix, and the sensor's reading is the loop's", async () => {
    const machine = examined();
    const findings = await machine.examine();
    expect(withStatus(findings, "warn", "fail")).toEqual([]);
    expect(findingOf(findings, "sensor")?.detail).toBe("the running firmware reads 19.4 °C, 45 % r.h.");
    expect(findingOf(findings, "service")?.detail).toBe("runs: 19.4 °C, set-point 21.0 °C, relay on");
    expect(machine.asked).toEqual(new Set());
  });

  it("is seen by a user who may not read the chips, by the lock that it holds", async () => {
    const machine = capture(pi4, { sys: "none", board: "grove-heater-pi" });
    const folder = `${machine.root}/run/lock`;
    mkdirSync(dirname(folder), { recursive: true });
    mkdirSync(folder);
    const chip = { label: "pinctrl-bcm2711", base: 512, lines: 58 };
    const lock = takeLock({ kind: "line", chip, line: 16, sysRoot: `${machine.root}/sys` }, "/data", folder);
    try {
      const findings = await machine.examine();
      expect(findingOf(findings, "instance")?.detail).toMatch(/^the firmware runs: process \d+/);
      expect(machine.asked).toEqual(new Set());
    } finally {
      if (lock.kind === "held") lock.release();
    }
  });

  it("is examined without any change", async () => {
    const machine = examined();
    const before = machine.snapshot();
    await machine.examine();
    expect(machine.snapshot()).toEqual(before);
  });

  it("needs no group for the user who looks", async () => {
    const files = exportedLine(528, { value: "1" });
    const refused = {
      "/dev/i2c-1": "EACCES",
      "/sys/class/gpio/export": "EACCES",
      "/sys/class/gpio/gpio528/value": "EACCES",
    };
    const looking = { refused, user: { gids: [1000] }, files };
    expect(withStatus(await on(looking), "warn", "fail")).toEqual([]);
    const alone = withStatus(
      await capture(pi4, { sys: "pi-4-kernel-6.6", ...looking, files: {} }).examine(),
      "fail",
    );
    expect(alone).toContain("i2c-permission");
  });

  it("without root's eyes keeps its settings and state to itself, which is said", async () => {
    const findings = await on({ refused: { [places.data]: "EACCES" } });
    expect(findingOf(findings, "service-data")).toMatchObject({
      status: "skip",
      detail: expect.stringContaining("sudo grove-heater doctor"),
    });
  });
});

describe("a planted fault", () => {
  it.each(planted)("$fault: found, with its remedy", async ({ captured, check, remedy }) => {
    const files = { ...withService, ...captured.files };
    const machine = capture(files, {
      sys: "pi-4-kernel-6.6",
      version: "0.1.0",
      unit: () => captured.files?.[places.unit] ?? unit,
      ...captured,
    });
    const findings = await machine.examine();
    const found = findings.filter(({ status }) => status === "warn" || status === "fail");
    expect(found.map((finding) => finding.check)).toContain(check);
    expect(found.find((finding) => finding.check === check)?.remedy).toMatch(remedy);
  });

  it("is each one of at least twenty", () => {
    expect(planted.length).toBeGreaterThanOrEqual(20);
  });
});

describe("a node of the device tree", () => {
  const line = async (files: Files) =>
    findingOf(await on({ files: { ...w1OnRelay, ...files } }), "line-relay")?.status;

  it("that is switched off holds no line", async () => {
    expect(await line({ "/proc/device-tree/onewire@10/status": "disabled\0" })).toBe("ok");
  });

  it("of another line, or on another controller, holds none of ours", async () => {
    expect(await line({ "/proc/device-tree/onewire@10/gpios": cells(7, 4, 0) })).toBe("ok");
    expect(await line({ "/proc/device-tree/onewire@10/gpios": cells(8, 16, 0) })).toBe("ok");
  });

  it("holds a line by a key or LED below it", async () => {
    const key = {
      "/proc/device-tree/onewire@10/gpios": undefined,
      "/proc/device-tree/onewire@10/key@1/gpios": cells(7, 16, 0),
    };
    expect(await line(key)).toBe("fail");
  });
});
