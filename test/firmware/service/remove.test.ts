/** Removing the service again. */
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { removeService } from "../../../src/firmware/service/remove.ts";
import { places } from "../../../src/firmware/service/system.ts";
import { installRig } from "./install-rig.ts";

const rig = installRig();

const text = (path: string): string => readFileSync(rig.system.at(path), "utf8");

/** Everything below the root with its content, but what a version's folder is called. */
function snapshot(): string[] {
  return readdirSync(rig.system.root, { recursive: true, encoding: "utf8" }).toSorted();
}

describe("removing the service", () => {
  it("leaves the machine as it was, but for the data", async () => {
    mkdirSync(rig.system.at("/usr/local/bin"), { recursive: true });
    const before = snapshot();
    await rig.install();
    rig.system.file(`${places.data}/settings.json`, "{}");
    rig.system.file(places.environment, "A=b\n");
    const order: string[] = [];
    rig.system.printed.length = 0;
    const isOff = removeService(rig.system, {
      data: false,
      relayOff() {
        order.push(...rig.system.ran.slice(-1), "relay off");
        return true;
      },
    });
    expect(order).toEqual(["systemctl disable --now grove-heater.service", "relay off"]);
    expect(isOff).toBe(true);
    expect(rig.system.printed).toEqual([
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
      (path) => !before.includes(path) && statSync(join(rig.system.root, path)).isFile(),
    );
    expect(left).toEqual(["etc/grove-heater.env", "var/lib/private/grove-heater/settings.json"]);
  });

  it("takes the data when it is asked to", async () => {
    await rig.install();
    rig.system.file(`${places.data}/state.json`, "{}");
    rig.system.file(places.environment, "A=b\n");
    const secret = `${places.secrets}/grove-heater.credentials.json`;
    const others = `${places.secrets}/mail.key`;
    for (const file of [secret, others]) rig.system.file(file, "x");
    removeService(rig.system, { data: true, relayOff: () => true });
    expect(rig.system.printed.filter((line) => line.startsWith("kept"))).toEqual([]);
    expect([places.data, places.environment, secret, others].filter(rig.there)).toEqual([others]);
  });

  it("can be done where nothing is", () => {
    expect(removeService(rig.system, { data: true, relayOff: () => false })).toBe(false);
    expect(rig.system.printed).toEqual([
      "stopping grove-heater.service",
      "the relay did not read back as off: see above",
    ]);
  });

  it("keeps a command of another program", async () => {
    mkdirSync(rig.system.at("/usr/local/bin"), { recursive: true });
    rig.system.file(places.command, "mine");
    await rig.install();
    removeService(rig.system, { data: false, relayOff: () => true });
    expect(text(places.command)).toBe("mine");
  });
});
