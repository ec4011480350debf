/** The keys of updates, as `service install` lays them out. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chooseBoard } from "../../../src/firmware/choose-board.ts";
import { loadManifest } from "../../../src/firmware/load-manifest.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { installService } from "../../../src/firmware/service/install.ts";
import { places } from "../../../src/firmware/service/system.ts";
import { slotsFolder } from "../../../src/firmware/update/places.ts";
import { readTrustedKeys } from "../../../src/firmware/update/trusted-keys.ts";
import { newKeyPair, readPublicKey, type TrustedKey } from "../../../src/update/image/keys.ts";
import { systemSlotFiles } from "../../../src/update/slots/slot-files.ts";
import { SlotStore } from "../../../src/update/slots/slot-store.ts";
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
const modeOf = (path: string): string => (statSync(system.at(path)).mode & 0o777).toString(8);
const there = (path: string): boolean => existsSync(system.at(path));

describe("the keys of updates", () => {
  const keys = (): string[] =>
    there(`${places.current}/keys`) ? readdirSync(system.at(`${places.current}/keys`)) : [];
  const withKeys = (given?: readonly TrustedKey[]) => {
    const program = { ...makeCheckout(checkout), keys: given };
    return installService(system, {
      program,
      choice: pi,
      manifest: loadManifest(pi),
      unbuilt: () => undefined,
    });
  };
  const newKey = (): TrustedKey => readPublicKey(newKeyPair().publicPem);

  it("lie beside the program, for everybody to read, and stay over an upgrade until others are given", async () => {
    await withKeys();
    expect(keys()).toEqual([]);
    const [one, two] = [newKey(), newKey()];
    await withKeys([one, two]);
    expect(keys()).toEqual([`${one.id}.pub`, `${two.id}.pub`].toSorted());
    expect(modeOf(`${places.current}/keys/${one.id}.pub`)).toBe("644");
    expect(modeOf(`${places.current}/keys`)).toBe("755");
    await withKeys();
    expect(readTrustedKeys(system.at(`${places.current}/keys`)).keys.map(({ id }) => id)).toEqual(
      [one.id, two.id].toSorted(),
    );
    const three = newKey();
    await withKeys([three]);
    expect(keys()).toEqual([`${three.id}.pub`]);
  });
});

it("an update that starts in place of the installed program is named, unless the program is newer", async () => {
  const store = new SlotStore(systemSlotFiles(systemClock), slotsFolder(system.at(places.data)));
  const said = async (version: string): Promise<string> => {
    const image = { digest: "d".repeat(64), version, counter: 5 };
    await store.change((state) => ({ ...state, active: "a", slots: { ...state.slots, a: image } }));
    const program = makeCheckout(checkout);
    const before = system.printed.length;
    await installService(system, {
      program,
      choice: pi,
      manifest: loadManifest(pi),
      unbuilt: () => undefined,
    });
    return system.printed.slice(before).join("\n");
  };
  expect(await said("9.9.9")).toContain("the update in slot a, release 9.9.9");
  expect(await said("0.0.1")).not.toContain("the update in slot");
});
