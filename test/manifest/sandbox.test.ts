import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadBoard } from "../../src/board/definition/definition.ts";
import { relayOffScripts } from "../../src/firmware/service/relay-off-script.ts";
import { type Manifest, parseManifest } from "../../src/manifest/manifest.ts";
import { systemdUnit } from "../../src/manifest/sandbox.ts";

const root = new URL("../..", import.meta.url).pathname;
const readFile = (path: string) => readFileSync(path, "utf8");
const board = (name: string) => loadBoard(name, { folder: `${root}boards`, readFile });
const pi = board("grove-heater-pi");
const shipped = parseManifest(readFile(`${root}manifest/app_manifest.json`), pi.resolveName);
const relayOff = relayOffScripts(pi.wiring);
const installed = { node: "/usr/bin/node", folder: "/opt/grove-heater", relayOff };

/** The settings of the unit, by key, in order. */
function settings(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [, key, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) found.set(key, [...(found.get(key) ?? []), value]);
  }
  return found;
}
const unitOf = (grants: Partial<Manifest>, options = installed) =>
  settings(systemdUnit({ ...shipped, ...grants }, pi.wiring, options));

describe("the systemd unit", () => {
  it("of the shipped manifest on the Base Hat is the one on file", async () => {
    const text = systemdUnit(shipped, pi.wiring, { ...installed, board: "grove-heater-pi" });
    await expect(text).toMatchFileSnapshot("golden/grove-heater-pi.service");
  });

  it("of a networked manifest is the one on file", async () => {
    const connections = ["global.azure-devices-provisioning.net", "*.azure-devices.net"];
    const text = systemdUnit({ ...shipped, connections, tcpServerPorts: [8080] }, pi.wiring, installed);
    await expect(text).toMatchFileSnapshot("golden/networked.service");
  });

  it("forces the relay off before each start and after every end", () => {
    const unit = unitOf({});
    expect(unit.get("ExecStartPre")).toEqual([
      expect.stringMatching(/^-\+\/bin\/sh -c ".* \\$/),
      '+-/bin/sh -c "test ! -e /etc/grove-heater.nft || exec nft -f /etc/grove-heater.nft"',
    ]);
    expect(unit.get("ExecStopPost")).toEqual([
      expect.stringMatching(/^-\+\/bin\/sh -c ".* \\$/),
      "/usr/bin/node /opt/grove-heater/dist/main.js relay off",
    ]);
    expect(unit.get("KillMode")).toEqual(["control-group"]);
    expect(unit.get("Restart")).toEqual(["always"]);
    expect(unit.get("StartLimitIntervalSec")).toEqual(["0"]);
  });

  it("turns nothing off in plain sh where no real line is driven", () => {
    const unit = unitOf({}, { ...installed, relayOff: undefined });
    expect(unit.get("ExecStartPre")).toEqual([expect.stringContaining("nft")]);
    expect(unit.get("ExecStopPost")).toHaveLength(1);
  });

  it("opens the granted bus, the GPIO chips and no other device, and leaves /sys/class/gpio writable", () => {
    const unit = unitOf({});
    expect(unit.get("DevicePolicy")).toEqual(["closed"]);
    expect(unit.get("DeviceAllow")).toEqual(["/dev/i2c-1 rw", "char-gpiochip rw"]);
    expect(unit.get("SupplementaryGroups")).toEqual(["i2c gpio"]);
    expect(unit.get("ProtectKernelTunables")).toEqual(["no"]);
    expect(unit.get("ReadOnlyPaths")?.join(" ")).not.toMatch(
      /(?<!\/proc)\/sys(?: |$)|\/sys\/class|\/sys\/devices/,
    );
  });

  it("gives no device and no group where none is granted", () => {
    const unit = unitOf({ i2c: new Map(), gpio: new Map() });
    expect(unit.has("DeviceAllow")).toBe(false);
    expect(unit.has("SupplementaryGroups")).toBe(false);
    expect(unit.get("ProtectKernelTunables")).toEqual(["yes"]);
  });

  it("needs no device on the virtual hat", () => {
    const unit = settings(systemdUnit(shipped, board("virtual").wiring, installed));
    expect(unit.get("PrivateDevices")).toEqual(["yes"]);
    expect(unit.has("DeviceAllow")).toBe(false);
  });

  it("gives no network unless a host or a port is granted", () => {
    const alone = unitOf({ connections: [], tcpServerPorts: [] });
    expect(alone.get("PrivateNetwork")).toEqual(["yes"]);
    expect(alone.get("RestrictAddressFamilies")).toEqual(["AF_UNIX"]);
    for (const grants of [{ tcpServerPorts: [8080] }, { tcpServerPorts: [], udpServerPorts: [5353] }]) {
      const unit = unitOf({ connections: [], ...grants });
      expect(unit.has("PrivateNetwork"), JSON.stringify(grants)).toBe(false);
    }
    const networked = unitOf({ connections: ["example.net"] });
    expect(networked.has("PrivateNetwork")).toBe(false);
    expect(networked.has("IPAddressDeny")).toBe(false);
    expect(networked.get("SocketBindDeny")).toEqual(["any"]);
  });

  it("lets the kernel filter hosts where they are granted by address", () => {
    const unit = unitOf({ connections: ["10.0.0.1", "::1"], tcpServerPorts: [] });
    expect(unit.get("IPAddressDeny")).toEqual(["any"]);
    expect(unit.get("IPAddressAllow")).toEqual(["10.0.0.1", "::1"]);
  });

  it("binds granted ports only, and may bind low ones", () => {
    const unit = unitOf({ tcpServerPorts: [80], udpServerPorts: [5353] });
    expect(unit.get("SocketBindAllow")).toEqual(["tcp:80", "udp:5353"]);
    expect(unit.get("CapabilityBoundingSet")).toEqual(["CAP_NET_BIND_SERVICE"]);
    expect(unitOf({ tcpServerPorts: [8080] }).get("CapabilityBoundingSet")).toEqual([""]);
  });

  it("bounds a file by the granted storage, and gives no folder without any", () => {
    expect(unitOf({ storageKb: 64 }).get("LimitFSIZE")).toEqual(["65536"]);
    expect(unitOf({ storageKb: 0 }).has("StateDirectory")).toBe(false);
  });

  it("quotes what systemd would expand or split", () => {
    const unit = unitOf(
      { cmdArgs: ["run", "--data", "/srv/my data/100% $HOME"] },
      { ...installed, folder: "/opt/a b" },
    );
    expect(unit.get("ExecStart")).toEqual([
      '/usr/bin/node "/opt/a b/dist/main.js" run --data "/srv/my data/100%% $$HOME"',
    ]);
  });

  it("shows a board's name as it is", () => {
    const unit = settings(systemdUnit(shipped, { ...pi.wiring, board: "100% mine" }, installed));
    expect(unit.get("Description")).toEqual(["grove-heater: 100%% mine"]);
  });

  it("lets a program in a home folder be read", () => {
    expect(unitOf({}, { ...installed, folder: "/home/pi/grove-heater" }).get("ProtectHome")).toEqual([
      "read-only",
    ]);
    expect(unitOf({}).get("ProtectHome")).toEqual(["yes"]);
  });

  const analyze = (...args: string[]) => spawnSync("systemd-analyze", args, { encoding: "utf8" });

  it.skipIf(analyze("--version").status !== 0)("is understood by systemd, every key and value of it", () => {
    const folder = mkdtempSync(join(tmpdir(), "unit-"));
    try {
      for (const [name, grants] of Object.entries({
        plain: {},
        networked: { connections: ["example.net", "::1"], tcpServerPorts: [80] },
        addressed: { connections: ["10.0.0.1"] },
      })) {
        const file = join(folder, `${name}.service`);
        // The program itself is always there: this test's own node.
        writeFileSync(
          file,
          systemdUnit({ ...shipped, ...grants }, pi.wiring, { ...installed, node: process.execPath }),
        );
        const { status, stderr } = analyze("verify", file);
        expect({ name, status, stderr }).toEqual({ name, status: 0, stderr: "" });
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
