/** What the doctor says of a unit's updates. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Finding } from "../../../../src/firmware/doctor/finding.ts";
import { systemMachine } from "../../../../src/firmware/doctor/machine.ts";
import { checkUpdates } from "../../../../src/firmware/doctor/remote/updates.ts";
import { systemClock } from "../../../../src/firmware/process/system-clock.ts";
import { describeDataFolder } from "../../../../src/firmware/storage/data-folder.ts";
import { newKeyPair } from "../../../../src/update/image/keys.ts";
import { systemSlotFiles } from "../../../../src/update/slots/slot-files.ts";
import { SlotStore } from "../../../../src/update/slots/slot-store.ts";
import { confirmed, onTrial, reverted } from "../../../../src/update/slots/slots.ts";
import { imageOf, imageOfFiles, publicPem, stream, thisDevice, trusted } from "../../../update/fixtures.ts";
import {
  type CapturedMachine,
  capture,
  dataPath,
  keysPath,
  pi4,
  removeMachines,
} from "../captured-machine.ts";

afterEach(removeMachines);

const file = `${dataPath}/updates.json`;
const feed = { feed: { url: "https://updates.example/heater/" } };
const token = "very-secret-token";
const hawkbit = {
  hawkbit: { server: "https://hawkbit.example", controllerId: "unit-1", targetToken: token },
};

interface Planted {
  readonly owner?: object | string | undefined;
  readonly keys?: Readonly<Record<string, string>>;
  readonly connections?: readonly string[];
}

function unit({ owner, keys = { "owner.pub": publicPem } }: Planted = {}): CapturedMachine {
  const machine = capture(pi4, { sys: "pi-4-kernel-6.6" });
  if (owner !== undefined) {
    machine.write(file, typeof owner === "string" ? owner : JSON.stringify(owner));
    chmodSync(join(machine.root, file), 0o600);
  }
  for (const [name, pem] of Object.entries(keys)) machine.write(`${keysPath}/${name}`, pem);
  return machine;
}

/** Files take real time, of which the whole examination's clock knows nothing. */
const found = (
  { root }: CapturedMachine,
  connections: readonly string[] = ["updates.example", "hawkbit.example"],
): Promise<readonly Finding[]> =>
  checkUpdates({
    machine: systemMachine(root),
    clock: systemClock,
    data: describeDataFolder(dataPath),
    keysFolder: keysPath,
    manifest: { connections },
  });

const storeOf = ({ root }: CapturedMachine): SlotStore =>
  new SlotStore(systemSlotFiles(systemClock), join(root, dataPath, "slots"));

async function running5(machine: CapturedMachine): Promise<SlotStore> {
  const store = storeOf(machine);
  const { slot } = await store.install(stream(imageOf(5)), trusted, thisDevice);
  await store.change((state) => confirmed(onTrial(state, slot)));
  return store;
}

describe("a unit's updates", () => {
  it("are none where nothing is set up, with or without keys", async () => {
    for (const keys of [{}, { "owner.pub": publicPem }])
      expect(await found(unit({ keys }))).toEqual([
        { check: "updates", status: "ok", detail: `none: there is no ${file}` },
      ]);
  });

  it("are part of the whole examination", async () => {
    expect((await unit().examine()).find(({ check }) => check === "updates")).toMatchObject({ status: "ok" });
  });

  it("are in order with a source, a key and a release, and the check changes nothing", async () => {
    const machine = unit({ owner: { ...feed, ...hawkbit } });
    await running5(machine);
    const before = machine.snapshot();
    expect(await found(machine)).toEqual([
      {
        check: "updates",
        status: "ok",
        detail: "hawkBit server hawkbit.example, feed updates.example; release 0.5.0 in slot a",
      },
    ]);
    expect(machine.snapshot()).toEqual(before);
  });

  it("must be granted by the update that runs, not by the firmware of the installation", async () => {
    const machine = unit({ owner: feed });
    const store = storeOf(machine);
    const manifest = JSON.stringify({ Capabilities: { AllowedConnections: ["other.example"] } });
    const image = imageOfFiles(5, { "manifest/app_manifest.json": Buffer.from(manifest) });
    const { slot } = await store.install(stream(image), trusted, thisDevice);
    expect(await found(machine)).toMatchObject([{ status: "ok" }]);
    await store.change((state) => confirmed(onTrial(state, slot)));
    expect(await found(machine)).toMatchObject([
      {
        status: "fail",
        detail: "connections to updates.example, the feed, are not allowed",
        remedy: expect.stringContaining("update that runs"),
      },
    ]);
    expect(await found(machine, ["other.example"])).toMatchObject([{ status: "fail" }]);
  });

  it("may come from a folder, which needs no permission to connect", async () => {
    const machine = unit({ owner: { feed: { url: "file:///media/stick/heater/" } } });
    expect(await found(machine, [])).toMatchObject([
      { status: "ok", detail: "feed in a folder; the installed firmware" },
    ]);
  });

  it("are shown while one is on trial", async () => {
    const machine = unit({ owner: feed });
    const { slot } = await storeOf(machine).install(stream(imageOf(5)), trusted, thisDevice);
    await storeOf(machine).change((state) => onTrial(state, slot));
    expect(await found(machine)).toMatchObject([{ status: "ok", detail: /slot a is on trial/ }].map(asMatch));
  });

  it.each<[string, Planted, RegExp, RegExp]>([
    ["is no JSON", { owner: "{" }, /updates\.json:1:/, /Correct it/],
    ["is empty", { owner: "" }, /updates\.json:1:/, /Correct it/],
    ["names no source", { owner: {} }, /neither a "feed" nor a "hawkbit"/, /Correct it/],
    ["has an unknown member", { owner: { ...feed, feeds: 1 } }, /feeds/, /Correct it/],
    [
      "has two tokens",
      { owner: { hawkbit: { ...hawkbit.hawkbit, gatewayToken: token } } },
      /are given/,
      /Correct/,
    ],
    [
      "names an invalid address",
      { owner: { feed: { url: "https://:0:0/" } } },
      /feed is not a valid URL/,
      /Correct/,
    ],
    ["is huge", { owner: " ".repeat(70_000) }, /too large/, /Make it a file/],
    [
      "names a feed that may not be reached",
      { owner: feed, connections: [] },
      /updates\.example, the feed/,
      /Allowed/,
    ],
    [
      "names a hawkBit that may not",
      { owner: hawkbit, connections: [] },
      /hawkbit\.example, the hawk/,
      /Allowed/,
    ],
    ["names a source, and no key is there", { owner: feed, keys: {} }, /no public key/, /image keys/],
    [
      "names a source, and the key is none",
      { owner: feed, keys: { "a.pub": "x" } },
      /no public key/,
      /NAME\.pub/,
    ],
  ])("are a problem where the owner's file %s", async (_, planted, detail, remedy) => {
    const findings = await found(unit(planted), planted.connections);
    expect(findings.filter(({ status }) => status === "fail")).toMatchObject(
      [{ detail, remedy }].map(asMatch),
    );
    expect(JSON.stringify(findings)).not.toContain(token);
  });

  it("are a problem where others can read the owner's file", async () => {
    const machine = unit({ owner: hawkbit });
    chmodSync(join(machine.root, file), 0o644);
    expect(await found(machine)).toMatchObject(
      [{ status: "fail", detail: /can be read by others/, remedy: /chmod 600/ }].map(asMatch),
    );
  });

  it.each([
    ["a FIFO", (path: string) => void execFileSync("mkfifo", [path])],
    ["a folder", (path: string) => void mkdirSync(path)],
    ["without an end", (path: string) => symlinkSync("/dev/zero", path)],
  ])("are a problem where the owner's file is %s, and it holds nothing up", async (_, make) => {
    const machine = unit();
    mkdirSync(dirname(join(machine.root, file)), { recursive: true });
    make(join(machine.root, file));
    expect(await found(machine)).toMatchObject([{ status: "fail" }]);
  });

  it("name a key that cannot be used beside one that can", async () => {
    const keys = { "a.pub": publicPem, "b.pub": "x" };
    expect(await found(unit({ owner: feed, keys }))).toMatchObject(
      [{ status: "warn", detail: /b\.pub/ }].map(asMatch),
    );
  });

  it("tell that the last one was reverted, and why", async () => {
    const machine = unit({ owner: feed });
    const store = await running5(machine);
    const { slot } = await store.install(stream(imageOf(6)), trusted, thisDevice);
    await store.change((state) => reverted(onTrial(state, slot), "it was silent for 10 s"));
    expect(await found(machine)).toMatchObject(
      [{ status: "warn", detail: /release 0\.6\.0, was reverted: it was silent for 10 s/ }].map(asMatch),
    );
  });

  it("tell which slot cannot be used", async () => {
    const machine = unit({ owner: feed });
    const store = await running5(machine);
    await store.install(stream(imageOf(6)), trusted, thisDevice);
    writeFileSync(join(store.programIn("b"), "dist/loop.js"), "burn();\n");
    expect(await found(machine)).toMatchObject(
      [{ status: "warn", detail: /slot b with release 0\.6/ }].map(asMatch),
    );
    rmSync(join(store.folder, "a.image"));
    execFileSync("mkfifo", [join(store.folder, "a.image")]);
    expect((await found(machine)).map(({ detail }) => detail.slice(0, 6))).toEqual(["slot a", "slot b"]);
  });

  it("tell that a slot is of another owner, also without a source", async () => {
    const machine = unit({ keys: { "other.pub": newKeyPair().publicPem } });
    await running5(machine);
    expect(await found(machine)).toMatchObject([{ status: "warn", detail: /slot a .*trusts/ }].map(asMatch));
  });

  it("tell that no key is there for the slots, once", async () => {
    const machine = unit({ keys: {} });
    await running5(machine);
    expect(await found(machine)).toMatchObject([{ status: "fail", detail: /no public key/ }].map(asMatch));
  });

  it("tell that the record of the slots is damaged, or no folder is where it should be", async () => {
    const machine = unit({ owner: feed });
    const store = await running5(machine);
    writeFileSync(join(store.folder, "slots.json"), "{}");
    expect(await found(machine), "its copy counts").toMatchObject([{ status: "ok" }]);
    writeFileSync(join(store.folder, "slots.copy.json"), "");
    expect(await found(machine)).toMatchObject([{ status: "warn", detail: /is damaged/ }].map(asMatch));
    rmSync(store.folder, { recursive: true });
    writeFileSync(store.folder, "");
    expect(await found(machine)).toMatchObject([{ status: "warn", detail: /slots is a file/ }].map(asMatch));
  });
});

/** With a pattern in a text's place. */
const asMatch = (expected: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(
    Object.entries(expected).map(([name, value]) => [
      name,
      value instanceof RegExp ? expect.stringMatching(value) : value,
    ]),
  );
