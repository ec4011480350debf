/** The keys of updates, as `service install` lays them out. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { places } from "../../../src/firmware/service/system.ts";
import { slotsFolder } from "../../../src/firmware/update/places.ts";
import { readTrustedKeys } from "../../../src/firmware/update/trusted-keys.ts";
import { newKeyPair, readPublicKey, type TrustedKey } from "../../../src/update/image/keys.ts";
import { systemSlotFiles } from "../../../src/update/slots/slot-files.ts";
import { SlotStore } from "../../../src/update/slots/slot-store.ts";
import { installRig } from "./install-rig.ts";

const rig = installRig();

describe("the keys of updates", () => {
  const keys = (): string[] =>
    rig.there(`${places.current}/keys`) ? readdirSync(rig.system.at(`${places.current}/keys`)) : [];
  const newKey = (): TrustedKey => readPublicKey(newKeyPair().publicPem);

  it("lie beside the program, for everybody to read, and stay over an upgrade until others are given", async () => {
    await rig.install();
    expect(keys()).toEqual([]);
    const [one, two] = [newKey(), newKey()];
    await rig.install({ keys: [one, two] });
    expect(keys()).toEqual([`${one.id}.pub`, `${two.id}.pub`].toSorted());
    expect(rig.modeOf(`${places.current}/keys/${one.id}.pub`)).toBe("644");
    expect(rig.modeOf(`${places.current}/keys`)).toBe("755");
    await rig.install();
    expect(readTrustedKeys(rig.system.at(`${places.current}/keys`)).keys.map(({ id }) => id)).toEqual(
      [one.id, two.id].toSorted(),
    );
    const three = newKey();
    await rig.install({ keys: [three] });
    expect(keys()).toEqual([`${three.id}.pub`]);
  });
});

it("an update that starts in place of the installed program is named, unless the program is newer", async () => {
  const store = new SlotStore(systemSlotFiles(systemClock), slotsFolder(rig.system.at(places.data)));
  const printedWith = async (version: string): Promise<string> => {
    const image = { digest: "d".repeat(64), version, counter: 5 };
    await store.change((state) => ({ ...state, active: "a", slots: { ...state.slots, a: image } }));
    const before = rig.system.printed.length;
    await rig.install();
    return rig.system.printed.slice(before).join("\n");
  };
  expect(await printedWith("9.9.9")).toContain("the update in slot a, release 9.9.9");
  expect(await printedWith("0.0.1")).not.toContain("the update in slot");
});
