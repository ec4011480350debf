/** Removing the service again. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BoardChoice, chooseBoard } from "../../../src/firmware/choose-board.ts";
import { loadManifest } from "../../../src/firmware/load-manifest.ts";
import { installService } from "../../../src/firmware/service/install.ts";
import { removeService } from "../../../src/firmware/service/remove.ts";
import { places } from "../../../src/firmware/service/system.ts";
import { FakeSystem, makeCheckout } from "./fake-system.ts";

let system: FakeSystem;
let checkout: string;

beforeEach(() => {
  system = new FakeSystem();
  checkout = mkdtempSync(join(tmpdir(), "grove-checkout-"));
});

afterEach(() => {
  system.remove();
  rmSync(checkout, { recursive: true });
});

const pi = chooseBoard("grove-heater-pi", "/nowhere");

function install({ choice = pi as BoardChoice, unbuilt = () => undefined as string | undefined } = {}) {
  const program = makeCheckout(checkout);
  const manifest = loadManifest(choice);
  return installService(system, { program, choice, manifest, unbuilt });
}

const text = (path: string): string => readFileSync(system.at(path), "utf8");
const there = (path: string): boolean => existsSync(system.at(path));

/** Everything below the root with its content, but what a version's folder is called. */
function snapshot(): string[] {
  return readdirSync(system.root, { recursive: true, encoding: "utf8" }).toSorted();
}

describe("removing the service", () => {
  it("leaves the machine as it was, but for the data", async () => {
    mkdirSync(system.at("/usr/local/bin"), { recursive: true });
    const before = snapshot();
    await install();
    system.file(`${places.data}/settings.json`, "{}");
    system.file(places.environment, "A=b\n");
    const order: string[] = [];
    system.said.length = 0;
    const isOff = removeService(system, {
      data: false,
      relayOff() {
        order.push(...system.ran.slice(-1), "relay off");
        return true;
      },
    });
    expect(order).toEqual(["systemctl disable --now grove-heater.service", "relay off"]);
    expect(isOff).toBe(true);
    expect(system.said).toEqual([
      "stopping grove-heater.service",
      ...[
        places.unit,
        places.udevRules,
        places.modules,
        places.journal,
        "/etc/grove-heater.nft",
        places.command,
        places.program,
      ].map((path) => `removed ${path}`),
      `kept ${places.data}`,
      `kept ${places.environment}`,
      "the relay is off",
    ]);
    const left = snapshot().filter(
      (path) => !before.includes(path) && statSync(join(system.root, path)).isFile(),
    );
    expect(left).toEqual(["etc/grove-heater.env", "var/lib/private/grove-heater/settings.json"]);
  });

  it("takes the data when it is asked to", async () => {
    await install();
    system.file(`${places.data}/state.json`, "{}");
    system.file(places.environment, "A=b\n");
    const secret = `${places.secrets}/grove-heater.credentials.json`;
    const others = `${places.secrets}/mail.key`;
    for (const file of [secret, others]) system.file(file, "x");
    removeService(system, { data: true, relayOff: () => true });
    expect(system.said.filter((line) => line.startsWith("kept"))).toEqual([]);
    expect([places.data, places.environment, secret, others].filter(there)).toEqual([others]);
  });

  it("can be done where nothing is", () => {
    expect(removeService(system, { data: true, relayOff: () => false })).toBe(false);
    expect(system.said).toEqual([
      "stopping grove-heater.service",
      "the relay did not read back as off: see above",
    ]);
  });

  it("keeps a command of another program", async () => {
    mkdirSync(system.at("/usr/local/bin"), { recursive: true });
    system.file(places.command, "mine");
    await install();
    removeService(system, { data: false, relayOff: () => true });
    expect(text(places.command)).toBe("mine");
  });
});
