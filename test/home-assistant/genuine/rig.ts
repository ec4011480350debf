/**
 * The built firmware on its virtual hat beside a genuine Home Assistant, fetched once from PyPI: discovery, commands, and a
 * broker that is cut again and again. In a network namespace of its own, so that nothing of it leaves this machine.
 *
 * Always ends. Exit code 0 also when it cannot run here, which it then says.
 */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { messageOf } from "../../../src/base/errors.ts";
import { obtainPackages, pythonIn } from "../../fixtures/python-packages.ts";
import { play } from "./scenario.ts";

const folder = join(process.cwd(), ".cache", "home-assistant-mqtt");
/** The last version that needs no newer Python than 3.13.0, with what its MQTT integration needs beyond. */
const versions = {
  homeassistant: "2025.4.4",
  aiohasupervisor: "0.3.0",
  "home-assistant-frontend": "20250411.0",
  "paho-mqtt": "2.1.0",
  SQLAlchemy: "2.0.39",
  "fnv-hash-fast": "1.4.0",
  isal: "1.7.1",
  Pillow: "11.1.0",
  cronsim: "2.6",
  securetar: "2025.2.1",
  ifaddr: "0.2.0",
};
const inside = "--inside";
/** Zeroconf, which Home Assistant always starts, ends without a way for its packets. */
const setUp = "ip link set lo up multicast on && ip route add 224.0.0.0/4 dev lo";

const skip = (why: string): void => console.log(`skipped: ${why}\n0 passed, 0 failed, 1 skipped`);

function hasNamespaces(): boolean {
  return spawnSync("unshare", ["--map-root-user", "--net", "sh", "-c", setUp]).status === 0;
}

/** This program once more, in a network of its own. */
async function runInside(): Promise<number> {
  const script = `${setUp} && exec "$@"`;
  const self = [
    process.execPath,
    ...process.execArgv,
    process.argv[1] ?? "",
    inside,
    ...process.argv.slice(2),
  ];
  const child = spawn("unshare", ["--map-root-user", "--net", "sh", "-c", script, "sh", ...self], {
    stdio: "inherit",
  });
  return await new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
}

async function main(): Promise<number> {
  if (process.argv.includes(inside)) {
    try {
      return await play(pythonIn(folder), join(folder, "log.txt"));
    } catch (error) {
      console.log(`✗ ${messageOf(error)}\n0 passed, 1 failed`);
      return 1;
    }
  }
  if (!hasNamespaces()) {
    skip("no network namespace can be made here (unshare, iproute2)");
    return 0;
  }
  const missing = await obtainPackages({ folder, versions });
  if (missing === undefined) return await runInside();
  skip(`Home Assistant cannot be had from PyPI: ${missing}`);
  return 0;
}

process.exit(await main());
