/** A fake system for each test, and a checkout to install from. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { chooseBoard } from "../../../src/firmware/choose-board.ts";
import { loadManifest } from "../../../src/firmware/load-manifest.ts";
import { installService } from "../../../src/firmware/service/install.ts";
import { FakeSystem, makeCheckout } from "./fake-system.ts";

const pi = chooseBoard("grove-heater-pi", "/nowhere");

/** Call it once in a test file: both are made anew before each test, and removed after it. */
export function installRig() {
  const rig = {
    system: undefined as unknown as FakeSystem,
    checkout: "",
    install: () =>
      installService(rig.system, {
        program: makeCheckout(rig.checkout),
        choice: pi,
        manifest: loadManifest(pi),
        unbuilt: () => undefined,
      }),
    there: (path: string): boolean => existsSync(rig.system.at(path)),
  };
  beforeEach(() => {
    rig.system = new FakeSystem();
    rig.checkout = mkdtempSync(join(tmpdir(), "grove-checkout-"));
  });
  afterEach(() => {
    rig.system.remove();
    rmSync(rig.checkout, { recursive: true });
  });
  return rig;
}
