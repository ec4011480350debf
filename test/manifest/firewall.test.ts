import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { nftables } from "../../src/manifest/firewall.ts";

const azure = ["global.azure-devices-provisioning.net", "*.azure-devices.net", "localhost", "127.0.0.1"];
/** "nobody" stands for the service's user; the test itself, root, for everybody else. */
const rules = (...connections: string[]): string => nftables({ name: "nobody", connections });

describe("the rules of nftables", () => {
  it("name the user, the ports of Azure and no machine of the house", () => {
    const text = rules(...azure);
    expect(text).toContain('meta skuid != "nobody" return');
    expect(text).toContain("tcp dport { 443, 8883 } accept");
    expect(text).toMatch(/ip daddr { 10\.0\.0\.0\/8, .* } reject/);
    expect(text).toMatch(/ip6 daddr { fc00::\/7, .* } reject/);
  });

  it("open no port and no DNS where addresses alone are granted", () => {
    const text = rules("192.0.2.7", "2001:db8::7");
    expect(text).toContain("ip daddr { 192.0.2.7 } accept");
    expect(text).toContain("ip6 daddr { 2001:db8::7 } accept");
    expect(text).not.toMatch(/dport/);
  });

  it("open the house where a name of the house is granted", () => {
    for (const name of ["broker", "hub.local", "hub.lan", "hub.home.arpa"])
      expect(rules(name), name).toMatch(/ip daddr { 10\.0\.0\.0\/8, .* } accept/);
  });
});

/** A network of its own with a device that leads nowhere: what no rule refuses is sent, and waits for an answer. */
const network = `
  set -e
  ip link set lo up; ip tuntap add mode tun name out; ip link set out up
  ip address add 203.0.113.2/24 dev out; ip address add 10.0.0.2/24 dev out; ip route add default dev out`;
const canUseNft =
  spawnSync("unshare", ["-n", "sh", "-c", `${network}; nft list ruleset; setpriv --version`]).status === 0;
/** Errno of each attempt after a second, or "sent". */
const attempts = `
  const targets = JSON.parse(process.argv[1]);
  const { createConnection } = require("node:net");
  const { createSocket } = require("node:dgram");
  const tcp = (host, port) => new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: 500 });
    const end = (what) => { socket.destroy(); resolve(what); };
    socket.on("timeout", () => end("sent")).on("error", ({ code }) => end(code)).on("connect", () => end("open"));
  });
  const udp = (host, port) => new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.send("x", port, host, (error) => { socket.close(); resolve(error ? error.code : "sent"); });
  });
  Promise.all(targets.map(([kind, host, port]) => (kind === "tcp" ? tcp : udp)(host, port)))
    .then((found) => console.log(JSON.stringify(found)));`;

function outcome(connections: string[], user: string[], targets: [string, string, number][]): string[] {
  const words = [...user, process.execPath, "-e", attempts, JSON.stringify(targets)];
  const { stdout, stderr } = spawnSync(
    "unshare",
    ["-n", "sh", "-c", `${network}; nft -f -; exec "$@"`, "sh", ...words],
    { input: rules(...connections), encoding: "utf8" },
  );
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}
const nobody = ["setpriv", "--reuid=nobody", "--clear-groups"];

describe.skipIf(!canUseNft)("the rules of nftables in this kernel", () => {
  const targets: [string, string, number][] = [
    ["tcp", "198.51.100.1", 443],
    ["tcp", "198.51.100.1", 8883],
    ["tcp", "198.51.100.1", 80],
    ["tcp", "10.0.0.9", 443],
    ["udp", "198.51.100.1", 123],
    ["udp", "198.51.100.1", 53],
  ];

  it("hold the service's user to Azure's ports and to DNS, outside the house", () => {
    const [https, mqtt, http, house, ntp, dns] = outcome(azure, nobody, targets);
    expect([https, mqtt, dns]).toEqual(["sent", "sent", "sent"]);
    expect(http).toMatch(/^E/);
    expect(house).toMatch(/^E/);
    expect(ntp).toMatch(/^E/);
  });

  it("hold it to a granted address and nothing else", () => {
    const [granted, other, dns] = outcome(["198.51.100.1"], nobody, [
      ["tcp", "198.51.100.1", 80],
      ["tcp", "198.51.100.2", 443],
      ["udp", "198.51.100.2", 53],
    ]);
    expect(granted).toBe("sent");
    expect(other).toMatch(/^E/);
    expect(dns).toMatch(/^E/);
  });

  it("leave every other user alone", () => {
    expect(outcome(azure, [], targets)).toEqual(targets.map(() => "sent"));
  });
});
