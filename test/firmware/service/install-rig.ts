/** A fake system for each test, and a checkout to install from. */
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { type BoardChoice, chooseBoard } from "../../../src/firmware/choose-board.ts";
import { loadManifest } from "../../../src/firmware/load-manifest.ts";
import { installService } from "../../../src/firmware/service/install.ts";
import type { TrustedKey } from "../../../src/update/image/keys.ts";
import { FakeSystem, makeCheckout } from "./fake-system.ts";

const pi = chooseBoard("grove-heater-pi", "/nowhere");

interface InstallOptions {
  readonly choice?: BoardChoice;
  readonly keys?: readonly TrustedKey[];
  readonly unbuilt?: () => string | undefined;
}

/** Call it once in a test file: both are made anew before each test, and removed after it. */
export function installRig() {
  const rig = {
    system: undefined as unknown as FakeSystem,
    checkout: "",
    install: ({ choice = pi, keys, unbuilt = () => undefined }: InstallOptions = {}) =>
      installService(rig.system, {
        program: { ...makeCheckout(rig.checkout), keys },
        choice,
        manifest: loadManifest(choice),
        unbuilt,
      }),
    modeOf: (path: string): string => (statSync(rig.system.at(path)).mode & 0o777).toString(8),
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
