/** The wireless networks, over a program that answers as nmcli does. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { exitCodes } from "../../../src/firmware/process/exit-codes.ts";
import { terseCells } from "../../../src/firmware/wifi/nmcli.ts";
import type { Network } from "../../../src/firmware/wifi/profile.ts";
import { checkSsid, shownSsid, ssidFromHex } from "../../../src/firmware/wifi/ssid.ts";
import { addNetwork, removeNetwork, scanWifi, wifiStatus } from "../../../src/firmware/wifi/wifi.ts";

interface World {
  problem?: string;
  general?: Record<string, string>;
  devices: Record<string, string>[];
  seen: Record<string, string>[];
  saved: Record<string, string>[];
}

let folder: string;
let profiles: string;
const world = (): World => JSON.parse(readFileSync(join(folder, "world"), "utf8")) as World;
const set = (change: Partial<World>): void => {
  const before: World = existsSync(join(folder, "world")) ? world() : { devices: [], seen: [], saved: [] };
  writeFileSync(join(folder, "world"), JSON.stringify({ ...before, ...change }));
};
const calls = (): string => readFileSync(join(folder, "world.calls"), "utf8");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wifi-"));
  profiles = join(folder, "system-connections");
  mkdirSync(profiles);
  mkdirSync(join(folder, "bin"));
  cpSync(new URL("fake-nmcli.mjs", import.meta.url), join(folder, "bin", "nmcli"));
  // A program without a suffix is what the folder's package.json says.
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  chmodSync(join(folder, "bin", "nmcli"), 0o755);
  vi.stubEnv("PATH", `${join(folder, "bin")}${delimiter}${process.env["PATH"]}`);
  vi.stubEnv("FAKE_NMCLI", join(folder, "world"));
  set({ devices: [{ DEVICE: "wlan0", TYPE: "wifi", STATE: "connected", CONNECTION: "Home" }] });
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const network = (name: string, more: Partial<Network> = {}): Network => ({
  ssid: Buffer.from(name),
  security: "wpa",
  passphrase: "a good passphrase",
  priority: 0,
  hidden: false,
  ...more,
});
const saved = (NAME: string, more: Record<string, string> = {}) => ({
  UUID: `uuid-of-${NAME}`,
  NAME,
  TYPE: "802-11-wireless",
  "AUTOCONNECT-PRIORITY": "0",
  ACTIVE: "no",
  ...more,
});

describe("a network that is added", () => {
  it.each([
    ["of plain letters", "Home", "a good passphrase"],
    ["of colons, backslashes and blanks", " a:b\\c;d=e ", "  with \\ and ; in it  "],
    ["of letters that are none of ASCII", "Caffè ☕", "passw0rd"],
    ["that looks like a section", "[connection]", "id=evil=yes"],
    ["with a key of 64 digits", "Key", "0123456789abcdef".repeat(4)],
  ])(
    "%s is known with the same name and passphrase, which no command line had",
    async (_what, name, passphrase) => {
      const uuid = await addNetwork(network(name, { passphrase, priority: 7 }), profiles);
      expect(world().saved).toMatchObject([
        { UUID: uuid, ssid: Buffer.from(name).toString("hex"), psk: passphrase, "AUTOCONNECT-PRIORITY": "7" },
      ]);
      const [file = ""] = readdirSync(profiles);
      expect(statSync(join(profiles, file)).mode & 0o777).toBe(0o600);
      expect(calls()).not.toContain(JSON.stringify(passphrase).slice(1, -1));
      expect((await wifiStatus()).saved).toMatchObject([{ name: shownSsid(Buffer.from(name)), priority: 7 }]);
    },
  );

  it("may be hidden, open, of WPA3, and of bytes that are no text", async () => {
    const ssid = ssidFromHex("ff00c0");
    await addNetwork(network("", { ssid, hidden: true, security: "wpa3" }), profiles);
    await addNetwork(network("Guests", { security: "open", passphrase: undefined }), profiles);
    expect(world().saved).toMatchObject([
      { ssid: "ff00c0", hidden: "true", keyManagement: "sae", NAME: "hex:ff00c0" },
      { NAME: "Guests" },
    ]);
    expect(world().saved[1]).not.toHaveProperty("psk");
  });

  it("again has a new passphrase, beside the others", async () => {
    await addNetwork(network("Home"), profiles);
    await addNetwork(network("Work"), profiles);
    await addNetwork(network("Home", { passphrase: "another one" }), profiles);
    expect(world().saved.map(({ NAME, psk }) => [NAME, psk])).toEqual([
      ["Work", "a good passphrase"],
      ["Home", "another one"],
    ]);
    expect(readdirSync(profiles)).toHaveLength(2);
  });

  it("leaves no file when NetworkManager does not take it, and none before it runs", async () => {
    set({ problem: "loads-nothing" });
    await expect(addNetwork(network("Home"), profiles)).rejects.toMatchObject({ exitCode: exitCodes.usage });
    set({ problem: "not-running" });
    await expect(addNetwork(network("Home"), profiles)).rejects.toMatchObject({
      exitCode: exitCodes.unavailable,
    });
    expect(readdirSync(profiles)).toEqual([]);
  });

  it.each(["short", "x".repeat(64), "päss wort", "line\nbreak", ""])(
    "cannot have the passphrase %j",
    async (passphrase) => {
      const refused = addNetwork(network("Home", { passphrase }), profiles);
      await expect(refused).rejects.toMatchObject({ exitCode: exitCodes.usage });
      await expect(refused).rejects.not.toThrow(passphrase || "(nothing)");
      expect(readdirSync(profiles)).toEqual([]);
    },
  );

  it("needs a name of 1 to 32 bytes", () => {
    expect(() => checkSsid(Buffer.from(""))).toThrow("1 to 32 bytes");
    expect(() => checkSsid(Buffer.from("ü".repeat(17)))).toThrow("34");
    expect(checkSsid(Buffer.from("ü".repeat(16)))).toHaveLength(32);
    expect(() => ssidFromHex("abc")).toThrow("--hex");
  });
});

describe("a scan", () => {
  it("shows each network once, the strongest first, and nothing that moves the cursor", async () => {
    const at = (name: string, SIGNAL: string, more: Record<string, string> = {}) => ({
      "IN-USE": " ",
      "SSID-HEX": Buffer.from(name).toString("hex").toUpperCase(),
      SIGNAL,
      SECURITY: "WPA2",
      ...more,
    });
    set({
      seen: [
        at("Home", "40", { "IN-USE": "*" }),
        at("Home", "80"),
        at("a:b\\c", "60", { SECURITY: "WPA1 WPA2" }),
        at("\u001b[2Jevil", "50", { SECURITY: "" }),
        at("", "90"),
      ],
    });
    expect(await scanWifi()).toEqual([
      { name: "(hidden)", signal: 90, security: "WPA2", inUse: false },
      { name: "Home", signal: 80, security: "WPA2", inUse: true },
      { name: "a:b\\c", signal: 60, security: "WPA1 WPA2", inUse: false },
      { name: "hex:1b5b324a6576696c", signal: 50, security: "open", inUse: false },
    ]);
  });

  it("without a Wi-Fi device says so", async () => {
    set({ devices: [{ DEVICE: "eth0", TYPE: "ethernet", STATE: "connected", CONNECTION: "Wired" }] });
    await expect(scanWifi()).rejects.toMatchObject({ exitCode: exitCodes.unavailable });
  });
});

describe("the status", () => {
  it("shows devices, and the kept networks by priority", async () => {
    set({
      general: { WIFI: "disabled" },
      saved: [
        saved("b: low"),
        saved("Home", { ACTIVE: "yes", "AUTOCONNECT-PRIORITY": "5" }),
        { UUID: "u", NAME: "Wired", TYPE: "802-3-ethernet" },
      ],
    });
    expect(await wifiStatus()).toEqual({
      state: "connected",
      connectivity: "full",
      radio: "off",
      devices: [{ name: "wlan0", state: "connected", network: "Home" }],
      saved: [
        { name: "Home", uuid: "uuid-of-Home", priority: 5, active: true },
        { name: "b: low", uuid: "uuid-of-b: low", priority: 0, active: false },
      ],
    });
    set({ general: { "WIFI-HW": "disabled" } });
    expect(await wifiStatus()).toMatchObject({ radio: "blocked" });
  });
});

describe("the removal", () => {
  it("forgets one network, by its name or UUID", async () => {
    set({ saved: [saved("Caffè: ☕"), saved("Home"), saved("Work")] });
    expect(await removeNetwork("Caffè: ☕", false)).toMatchObject({ name: "Caffè: ☕" });
    await removeNetwork("uuid-of-Work", false);
    expect(world().saved.map(({ NAME }) => NAME)).toEqual(["Home"]);
  });

  it("does not make the unit unreachable without --force", async () => {
    set({ saved: [saved("Home", { ACTIVE: "yes" })] });
    await expect(removeNetwork("Home", false)).rejects.toMatchObject({
      remedy: expect.stringContaining("--force"),
    });
    expect(world().saved).toHaveLength(1);
    await removeNetwork("Home", true);
    expect(world().saved).toEqual([]);
  });

  it("of an unknown name, or of one that two have, changes nothing", async () => {
    set({ saved: [saved("Home"), saved("Home", { UUID: "second" })] });
    await expect(removeNetwork("Hom", false)).rejects.toMatchObject({ exitCode: exitCodes.usage });
    await expect(removeNetwork("Home", false)).rejects.toMatchObject({
      remedy: expect.stringContaining("second"),
    });
    expect(world().saved).toHaveLength(2);
  });
});

describe("what keeps it from working", () => {
  it.each([
    ["no-bus", exitCodes.unavailable, "systemctl enable --now NetworkManager"],
    ["not-running", exitCodes.unavailable, "systemctl enable --now NetworkManager"],
    ["flood", exitCodes.unavailable, "journalctl"],
  ])("%s is named with its remedy", async (problem, exitCode, remedy) => {
    set({ problem });
    await expect(wifiStatus()).rejects.toMatchObject({ exitCode, remedy: expect.stringContaining(remedy) });
  });

  it("a missing right asks for sudo: exit code 77", async () => {
    set({ problem: "denied", saved: [saved("Home"), saved("Work")] });
    await expect(removeNetwork("Home", false)).rejects.toMatchObject({
      exitCode: exitCodes.permission,
      remedy: expect.stringContaining("sudo"),
    });
  });

  it("a missing NetworkManager is to be installed", async () => {
    vi.stubEnv("PATH", join(folder, "nothing"));
    await expect(wifiStatus()).rejects.toMatchObject({
      exitCode: exitCodes.unavailable,
      remedy: expect.stringContaining("apt-get install network-manager"),
    });
  });
});

it("terse output is split at its bare colons alone", () => {
  expect(terseCells("a\\:b:c\\\\:\\\\\\::")).toEqual(["a:b", "c\\", "\\:", ""]);
  expect(terseCells("")).toEqual([""]);
});
