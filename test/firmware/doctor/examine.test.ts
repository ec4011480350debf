import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { azureDps, CredentialError, type Credentials } from "../../../src/azure/credentials/credentials.ts";
import { Secret } from "../../../src/azure/credentials/secret.ts";
import { BusError } from "../../../src/chips/bus.ts";
import type { Examination } from "../../../src/firmware/doctor/examine.ts";
import { encode } from "../../../src/firmware/storage/state-store.ts";
import {
  CapturedMachine,
  capture,
  dataPath,
  findingOf,
  laptop,
  manifestFile,
  noDriver,
  onPi4,
  pi4,
  removeMachines,
  settingsFile,
  stateFile,
  withStatus,
} from "./captured-machine.ts";

afterEach(removeMachines);

describe("a Raspberry Pi 4 where all is well", () => {
  it("has nothing to look at and nothing to fix", async () => {
    const findings = await onPi4();
    expect(findings.filter(({ status }) => status === "warn" || status === "fail")).toEqual([]);
    expect(withStatus(findings, "skip")).toEqual(["base-hat"]);
  });

  it("shows its temperature, its display, its chip and the kernel number of every line", async () => {
    const findings = await onPi4();
    expect(findingOf(findings, "computer")?.detail).toBe("Raspberry Pi 4 Model B Rev 1.5");
    expect(findingOf(findings, "board")?.detail).toContain("grove-heater-pi: a real hat");
    expect(findingOf(findings, "sensor")?.detail).toMatch(/^SHT31 at 0x44 reads 17\.\d °C, 4\d % r\.h\.$/);
    expect(findingOf(findings, "display")?.detail).toBe("OLED 128×128 at 0x3c");
    expect(findingOf(findings, "gpio-chip")?.detail).toContain('"pinctrl-bcm2711"');
    expect(findingOf(findings, "line-relay")?.detail).toBe("GPIO16 (D16_YELLOW), kernel number 528, free");
  });

  it("is left as it was: nothing written, no relay switched", async () => {
    const machine = capture(pi4, { sys: "pi-4-kernel-6.6" });
    const before = machine.snapshot();
    await machine.examine();
    expect(machine.snapshot()).toEqual(before);
    expect(machine.hat.contactClosures).toBe(0);
  });
});

describe("a check that breaks", () => {
  it("is a finding that fails under its own name, and the others go on", async () => {
    const broken = (): never => {
      throw new TypeError("egg is not a function");
    };
    const findings = await onPi4({ drivers: { unbuilt: broken } });
    expect(findingOf(findings, "native-packages")).toMatchObject({
      status: "fail",
      detail: "this check failed unexpectedly: egg is not a function",
      remedy: expect.stringContaining("report it"),
    });
    for (const check of ["node", "clock", "data-folder", "state-file", "credentials", "instance"])
      expect(findingOf(findings, check), check).toBeDefined();
  });
});

describe("the credentials", () => {
  const dps = (endpoint: string): Credentials => ({
    target: { kind: "dps", endpoint, idScope: "0ne00123ABC", registrationId: "heater-7" },
    proof: { kind: "key", key: new Secret("c2VjcmV0IG9mIHRoZSBkZXZpY2U=") },
  });
  const found = async (credentials: Examination["credentials"]) =>
    findingOf(await onPi4({ credentials }), "credentials");

  it("need not be there: then the local hub is the cloud", async () => {
    expect(await found(async () => undefined)).toMatchObject({
      status: "ok",
      detail: expect.stringContaining("local hub"),
    });
  });

  it("are shown without their secrets", async () => {
    const finding = await found(async () => dps(azureDps));
    expect(finding).toMatchObject({ status: "ok" });
    expect(finding?.detail).toBe(`through DPS at ${azureDps}, by a symmetric key (not shown)`);
  });

  it("for a host that the manifest does not name are to be fixed in the manifest", async () => {
    const finding = await found(async () => dps("dps.example.net:8883"));
    expect(finding).toMatchObject({
      status: "fail",
      detail: "Connections to dps.example.net are not allowed.",
    });
    expect(finding?.remedy).toContain('"AllowedConnections"');
  });

  it("that others may read are to be fixed as their own error says", async () => {
    const error = new CredentialError("not-private", "credentials.json is open to others.", "chmod 600 it.");
    const finding = await found(() => Promise.reject(error));
    expect(finding).toMatchObject({ status: "fail", detail: error.message, remedy: error.remedy });
  });
});

describe("the computer", () => {
  it("finds the lines of a Pi 5 at the base that its kernel gave them", async () => {
    const findings = await capture(
      { ...pi4, "/proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.1\0" },
      { sys: "pi-5-kernel-6.12" },
    ).examine();
    expect(findingOf(findings, "gpio-chip")?.detail).toContain('"pinctrl-rp1"');
    expect(findingOf(findings, "line-relay")?.detail).toContain("kernel number 585");
    expect(withStatus(findings, "warn", "fail")).toEqual([]);
  });

  it("that is a Pi Zero is asked which of the two hats it carries, until the settings say so", async () => {
    const files = {
      "/proc/device-tree/model": "Raspberry Pi Zero 2 W Rev 1.0\0",
      "/boot/firmware/cmdline.txt": "",
    };
    expect(withStatus(await onPi4({ files }), "warn", "fail")).toEqual(["board"]);
    const pulls = "dtparam=i2c_arm=on\ngpio=5,6=pd\ngpio=13=pu\n";
    const said = {
      ...files,
      [settingsFile]: '{"board": "grove-heater-zero"}',
      "/boot/firmware/config.txt": pulls,
    };
    expect(withStatus(await onPi4({ files: said }), "warn", "fail")).toEqual([]);
  });

  it("that is a laptop uses the virtual hat: the hardware is left out and nothing is to fix", async () => {
    const findings = await capture(laptop, { sys: "laptop" }).examine();
    expect(withStatus(findings, "warn", "fail")).toEqual([]);
    expect(withStatus(findings, "skip")).toEqual(
      expect.arrayContaining(["i2c-device", "sensor", "display", "gpio-chip", "line-relay", "overlays"]),
    );
    expect(findingOf(findings, "board")?.detail).toContain(
      "the virtual hat, because this is not a Raspberry Pi",
    );
  });

  it("that is a laptop fails where a real hat is asked for", async () => {
    const findings = await capture(laptop, { sys: "laptop", board: "grove-heater-pi" }).examine();
    expect(withStatus(findings, "fail")).toEqual(["i2c-device", "gpio-chip"]);
  });

  it.each([
    ["18.20.4", "fail"],
    ["20.18.1", "fail"],
    ["20.19.0", "ok"],
    ["24.0.0", "ok"],
  ])("with Node.js %s: %s", async (nodeVersion, status) => {
    expect(findingOf(await onPi4({ nodeVersion }), "node")?.status).toBe(status);
  });

  it("with a native package that is not built costs the hardware of a Pi, and a laptop nothing", async () => {
    const drivers = { unbuilt: () => "epoll" };
    const findings = await onPi4({ drivers });
    expect(findingOf(findings, "native-packages")).toMatchObject({
      status: "fail",
      remedy: expect.stringContaining("npm rebuild"),
    });
    expect(findingOf(findings, "sensor")?.status).toBe("skip");
    const onLaptop = await capture(laptop, { sys: "laptop", drivers }).examine();
    expect(findingOf(onLaptop, "native-packages")?.status).toBe("skip");
  });

  it("with packages built for another Node.js gets the remedy to rebuild them", async () => {
    const openBus = () => Promise.reject(new BusError("no-driver", "wrong NODE_MODULE_VERSION"));
    const findings = await onPi4({ drivers: { openBus, openGpio: noDriver } });
    expect(withStatus(findings, "fail")).toEqual(["i2c-driver", "gpio-driver"]);
    expect(findingOf(findings, "i2c-driver")?.remedy).toContain("npm rebuild");
  });

  it("in 2099 gets the remedy to set its clock", async () => {
    expect(findingOf(await onPi4({ at: "2099-01-01T00:02:00Z" }), "clock")).toMatchObject({
      status: "fail",
      remedy: expect.stringContaining("set-ntp"),
    });
  });

  it("in 1970 gets the remedy to set its clock", async () => {
    const files = { "/run/systemd/timesync/synchronized": undefined, "/run/systemd/timesync/x": "" };
    const findings = await onPi4({ at: "1970-01-01T00:02:00Z", files });
    expect(findingOf(findings, "clock")).toMatchObject({
      status: "fail",
      remedy: expect.stringContaining("set-ntp"),
    });
    expect(findingOf(findings, "clock-sync")?.status).toBe("warn");
  });

  it("with a low supply voltage gets a warning", async () => {
    const findings = await onPi4({ files: { "/sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n" } });
    expect(withStatus(findings, "warn", "fail")).toEqual(["power"]);
  });
});

describe("what people wrote", () => {
  it("a settings file with mistakes has a finding for each", async () => {
    const findings = await onPi4({ files: { [settingsFile]: '{"targetMax": 99, "colour": 1}' } });
    expect(withStatus(findings, "fail")).toEqual(["settings", "settings"]);
  });

  it("a settings file that is no JSON is a finding with its place", async () => {
    const finding = findingOf(await onPi4({ files: { [settingsFile]: '{\n"targetMax": }' } }), "settings");
    expect(finding).toMatchObject({ status: "fail", detail: expect.stringMatching(/settings\.json:2:/) });
  });

  it("the board of the settings is the one examined", async () => {
    const findings = await onPi4({ files: { [settingsFile]: '{"board": "virtual"}' } });
    expect(findingOf(findings, "board")?.detail).toBe("virtual: the virtual hat");
  });

  it("a missing board is a finding, and the rest is still checked", async () => {
    const findings = await onPi4({ board: "no-such-board" });
    expect(withStatus(findings, "fail")).toEqual(["board"]);
    expect(findingOf(findings, "data-folder")?.status).toBe("ok");
  });

  it("a manifest that grants too little names what is missing", async () => {
    const finding = findingOf(await onPi4({ manifestFile: manifestFile({ Gpio: ["$RELAY"] }) }), "manifest");
    expect(finding).toMatchObject({ status: "fail", detail: expect.stringContaining("$BUTTON_A (Gpio)") });
    expect(finding?.detail).toContain("I²C bus 1 (I2cMaster)");
  });

  it("a manifest that is missing is a finding, and nothing on the bus is asked", async () => {
    const findings = await onPi4({ manifestFile: "/nowhere/app_manifest.json" });
    expect(findingOf(findings, "manifest")?.status).toBe("fail");
    expect(findingOf(findings, "sensor")?.status).toBe("skip");
  });
});

describe("the data folder", () => {
  it("that does not exist yet will be created", async () => {
    expect(findingOf(await onPi4(), "data-folder")?.detail).toContain("will be created");
  });

  it.each([
    ["EROFS", "read-only file system", "Mount it"],
    ["EACCES", "may not write", "sudo chown pi"],
  ])("that refuses writing with %s", async (code, detail, remedy) => {
    const findings = await onPi4({ refused: { [dataPath]: code }, files: { [stateFile]: state() } });
    const finding = findingOf(findings, "data-folder");
    expect(finding).toMatchObject({ status: "fail", detail: expect.stringContaining(detail) });
    expect(finding?.remedy).toContain(remedy);
  });

  it("that is a file is refused", async () => {
    expect(findingOf(await onPi4({ files: { [dataPath]: "" } }), "data-folder")?.detail).toContain(
      "is a file",
    );
  });

  it("shows the state that it contains", async () => {
    const finding = findingOf(await onPi4({ files: { [stateFile]: state() } }), "state-file");
    expect(finding).toMatchObject({ status: "ok", detail: "set-point 21.5 °C, auto, 12 relay cycles" });
  });

  it("with a damaged state says what the next run will do, and moves nothing", async () => {
    const machine = capture(pi4, {
      sys: "pi-4-kernel-6.6",
      files: { [stateFile]: state().replace("21.5", "31.5") },
    });
    const before = machine.snapshot();
    expect(findingOf(await machine.examine(), "state-file")).toMatchObject({
      status: "warn",
      detail: expect.stringContaining("checksum"),
    });
    expect(machine.snapshot()).toEqual(before);
  });

  it("names the files that were kept aside", async () => {
    const findings = await onPi4({ files: { [`${stateFile}.unreadable-1767225600000`]: "x" } });
    expect(findingOf(findings, "kept-aside")?.detail).toContain("state.json.unreadable-1767225600000");
  });
});

function state(): string {
  const change = { source: "device", wallMs: 1_767_225_600_000 };
  return encode(
    JSON.stringify({
      schema: 1,
      target: 21.5,
      mode: "auto",
      heaterSwitch: false,
      changes: { target: change, mode: change, heaterSwitch: change },
      counters: { relayCycles: 12, heaterSeconds: 3600 },
      latched: [],
    }),
  );
}

describe("whatever the files of a machine hold", () => {
  it("the doctor comes to an end, and every finding that is not well has its remedy", async () => {
    const paths = [...Object.keys(pi4), stateFile, settingsFile, "/proc/7/cmdline", "/sys/kernel/debug/gpio"];
    const files = fc.dictionary(fc.constantFrom(...paths), fc.string({ unit: "binary", maxLength: 60 }));
    await fc.assert(
      fc.asyncProperty(files, async (content) => {
        const machine = new CapturedMachine(pi4, { sys: "pi-4-kernel-6.6", files: content });
        try {
          for (const { check, status, detail, remedy } of await machine.examine()) {
            expect(check).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
            expect(detail).not.toContain("failed unexpectedly");
            expect(Boolean(remedy)).toBe(status === "warn" || status === "fail");
          }
        } finally {
          machine.remove();
        }
      }),
      { numRuns: 60 },
    );
  });
});
