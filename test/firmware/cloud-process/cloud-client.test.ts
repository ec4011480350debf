/** The cloud client of a device that heats, and what a hub may say to it. */
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/json/value.ts";
import { millis, minutes, seconds } from "../../../src/base/units.ts";
import { type CloudRig, cloudRig } from "./rig.ts";

const target = "targetTemperature";
const said = ({ lines }: CloudRig, event: string) =>
  lines.filter((line) => line.event === event).map(({ fields }) => fields);
const told = ({ hub }: CloudRig, name: string) => hub.record.reported.properties[name];

/** The heater is on and the loop goes on as it did. */
async function expectHeat({ clock, hat, device }: CloudRig): Promise<void> {
  const before = device.counters.heaterSeconds;
  await clock.advance(seconds(20));
  hat.catchUp();
  expect(hat.contactClosed).toBe(true);
  expect(device.counters.heaterSeconds - before).toBeCloseTo(20, 0);
}

describe("the counters", () => {
  it("are reported once an hour, and with whatever else there is to say", async () => {
    const rig = await cloudRig();
    const { clock, hub, device } = rig;
    await clock.advance(seconds(10));
    const before = hub.reportedAt.length;
    await clock.advance(minutes(185));
    expect(device.counters.heaterSeconds).toBeGreaterThan(3600);
    expect(hub.reportedAt.length - before).toBeGreaterThanOrEqual(3);
    expect(hub.reportedAt.length - before).toBeLessThanOrEqual(4);
    hub.edit({ [target]: 21 });
    await clock.advance(seconds(1));
    expect(told(rig, "relayCycles")).toBe(device.counters.relayCycles);
    expect(told(rig, "heaterHours")).toBe(Math.floor(device.counters.heaterSeconds / 360) / 10);
  });
});

describe("an acknowledgement", () => {
  it("goes out when the disk has what it says, not at the next step and not before (RR-9)", async () => {
    const rig = await cloudRig();
    const { clock, hub } = rig;
    rig.slowDisk(millis(40));
    const [atMs, before] = [clock.now(), hub.reportedAt.length];
    hub.edit({ [target]: 21 });
    await clock.advance(millis(39));
    expect(rig.device.inForce.values.targetTemperature).toBe(21);
    expect(hub.reportedAt.length).toBe(before);
    await clock.advance(millis(1));
    expect(hub.reportedAt.slice(before)).toEqual([atMs + 40]);
    expect(told(rig, target)).toMatchObject({ value: 21, ac: 200, av: 2 });
  });

  it("waits no longer than ten seconds for a disk that hangs, and the panel says that it does", async () => {
    const rig = await cloudRig();
    rig.slowDisk(minutes(60));
    rig.hub.edit({ [target]: 21 });
    await rig.clock.advance(millis(9_900));
    expect(told(rig, target)).toMatchObject({ value: 19 });
    await rig.clock.advance(seconds(2));
    expect(told(rig, target)).toMatchObject({ value: 21, ac: 200 });
    expect(rig.device.activeFaults).toContain("storage-failed");
    await expectHeat(rig);
  });

  it("is sent again after one that the hub did not take, once the twin has been got", async () => {
    const rig = await cloudRig();
    const { clock, hub } = rig;
    hub.reportResult = "failed";
    const before = hub.reportedAt.length;
    hub.edit({ [target]: 21 });
    await clock.advance(seconds(60));
    expect(hub.reportedAt.length - before).toBeGreaterThan(2);
    expect(hub.reportedAt.length - before).toBeLessThan(80);
    hub.reportResult = "ok";
    await clock.advance(minutes(2));
    expect(told(rig, target)).toMatchObject({ value: 21, ac: 200 });
  });
});

describe("telemetry", () => {
  it("is one message an interval, kept while the hub takes none", async () => {
    const { clock, outboxDisk } = await cloudRig();
    await clock.advance(minutes(2));
    const before = outboxDisk.content.texts.size;
    await clock.advance(minutes(10));
    expect(outboxDisk.content.texts.size - before).toBe(10);
  });
});

describe("a reconnection", () => {
  it("names every superseded in log, acknowledgement and timeline (RR-4)", async () => {
    const rig = await cloudRig({ conflictControlMode: "device-wins" });
    const { clock, hub, hat } = rig;
    hub.cut();
    hat.press("b");
    await clock.advance(seconds(2));
    hat.press("mode");
    await clock.advance(seconds(2));
    hub.edit({ [target]: 17, controlMode: "auto" }, true);
    hub.connect();
    await clock.advance(seconds(1));
    expect(said(rig, "twin-decision").slice(-2)).toMatchObject([
      { rule: "RR-4", property: target, won: "cloud: 17", lost: "device: 19.5" },
      { rule: "RR-4", property: "controlMode", won: "device: manual", lost: "cloud: auto" },
    ]);
    const conflicts = hub.timeline.filter(({ kind }) => kind === "conflict");
    expect(
      conflicts.toSorted((a, b) => Number(a.winner === "device") - Number(b.winner === "device")),
    ).toMatchObject([
      { property: target, winner: "operator", lost: 19.5, text: expect.stringMatching(/19\.5 of 2026-/) },
      {
        property: "controlMode",
        winner: "device",
        lost: "auto",
        text: expect.stringMatching(/auto of 2026-/),
      },
    ]);
  });
});

describe("a desired document that is not as it should be", () => {
  const deep = JSON.parse(`${'{"a":'.repeat(9000)}1${"}".repeat(9000)}`) as JsonObject;
  it.each([
    ["a number beyond the limits", 99, "must be 5 to 30 °C, not 99"],
    ["a text", "warm", "must be a number"],
    ["a flag", true, "must be a number"],
    ["an array", [21], "must be a number"],
    ["an object", { value: 21 }, "must be a number"],
    ["one that is deep", deep, "must be a number"],
    ["one that is huge", "x".repeat(200_000), "must be a number"],
    ["the prototype's name within", JSON.parse('{"__proto__":{"value":21}}'), "must be a number"],
  ])("is refused in log, acknowledgement and page: %s", async (_name, value, why) => {
    const rig = await cloudRig();
    const { hub, clock } = rig;
    hub.say({ [target]: value, telemetryInterval: 30 }, 2);
    hub.answers.push({ desired: { [target]: value, telemetryInterval: 30, $version: 2 }, reported: {} });
    await clock.advance(seconds(2));
    expect(told(rig, target)).toMatchObject({ value: 19, ac: 400, av: 2, ad: `${why}; in force: default` });
    expect(told(rig, "telemetryInterval")).toMatchObject({ value: 30, ac: 200, av: 2 });
    expect(said(rig, "twin-decision")).toContainEqual(
      expect.objectContaining({ rule: "RR-6", property: target, reason: why }),
    );
    expect(hub.timeline.find(({ kind }) => kind === "refused")).toMatchObject({
      property: target,
      text: expect.stringContaining(why),
    });
    hub.edit({ [target]: 99 }, true);
    expect(hub.row(target)?.status).toBe("refused");
    await expectHeat(rig);
  });

  it.each([
    ["null", null],
    ["nothing", undefined],
    ["an empty text", ""],
    ["an array", []],
    ["an empty object", {}],
    ["null as desired", { desired: null, reported: {} }],
    ["desired without a version", { desired: { [target]: 25 }, reported: {} }],
    ["a version of zero", { desired: { [target]: 25, $version: 0 } }],
    ["a version that is a text", { desired: { [target]: 25, $version: "7" } }],
    ["a version past all counting", { desired: { [target]: 25, $version: 1e300 } }],
  ])("is asked for again, and named in the log, when it is %s", async (_name, document) => {
    const rig = await cloudRig();
    const { hub, clock } = rig;
    hub.edit({ [target]: 21 }, true);
    hub.cut();
    hub.answers.push(document, document, document);
    hub.connect();
    await clock.advance(seconds(20));
    expect(said(rig, "twin-oddity")).toEqual(
      Array.from({ length: 3 }, () => ({ what: "the twin has no desired properties with a version" })),
    );
    const [first = 0, second = 0, third = 0] = hub.askedAt;
    expect([second - first, third - second]).toEqual([2000, 4000]);
    expect(told(rig, target)).toMatchObject({ value: 21, ac: 200, av: 2 });
    await expectHeat(rig);
  });

  it("may count from one again: named in the log twice, believed the second time", async () => {
    const rig = await cloudRig();
    const { hub, clock } = rig;
    for (const value of [20, 21, 22]) hub.edit({ [target]: value });
    await clock.advance(seconds(2));
    hub.cut();
    const again = { desired: { [target]: 17, $version: 2 }, reported: {} };
    hub.answers.push(again, again);
    hub.connect();
    await clock.advance(seconds(5));
    expect(said(rig, "twin-oddity")).toEqual([
      { what: "the twin's desired version 2 is behind 4: requested again" },
      {
        what: "the twin's desired version 2 is behind 4 twice in a row: it was created again and is accepted",
      },
    ]);
    expect(rig.device.inForce.values.targetTemperature).toBe(17);
    await expectHeat(rig);
  });

  it("may have lost a patch: named in the log, and the whole is asked for", async () => {
    const rig = await cloudRig();
    rig.hub.edit({ [target]: 20 }, true);
    rig.hub.edit({ telemetryInterval: 30 });
    await rig.clock.advance(seconds(2));
    expect(said(rig, "twin-oddity")).toEqual([
      { what: "desired version 3 came after 1: the patches between are missing" },
    ]);
    expect(rig.device.inForce.values).toMatchObject({ targetTemperature: 20, telemetryInterval: 30 });
  });

  it("may name what this device does not have: refused on the page where a name can be answered", async () => {
    const rig = await cloudRig();
    const { hub, clock } = rig;
    hub.edit(JSON.parse('{"colour": "red", "__proto__": {"x": 1}, "constructor": 1}') as JsonObject);
    await clock.advance(seconds(3));
    expect(hub.row("colour")).toMatchObject({
      status: "refused",
      ack: { code: 400, text: "this device has no such writable property" },
    });
    expect(hub.row("constructor")?.status).toBe("refused");
    expect(said(rig, "twin-decision").at(-1)).toMatchObject({
      rule: "RR-6",
      property: "colour, constructor",
      reason: "this device has no such writable property (and 1 more that are not acknowledged)",
    });
    expect(({} as { x?: number }).x).toBeUndefined();
    await expectHeat(rig);
  });
});

describe("a command", () => {
  it("boosts in auto, and in manual is refused with the reason", async () => {
    const rig = await cloudRig();
    const { hub, device } = rig;
    expect(await hub.command("boost", 30)).toMatchObject({ status: 200 });
    expect(device.inForce.aim - device.inForce.values.targetTemperature).toBe(3);
    hub.edit({ controlMode: "manual" });
    expect(await hub.command("boost", 30)).toMatchObject({
      status: 409,
      payload: { reason: expect.stringContaining("follows the heater switch") },
    });
  });

  it("restarts the loop a second later, so that the answer goes out before", async () => {
    const rig = await cloudRig();
    expect(await rig.hub.command("restart")).toMatchObject({ status: 202 });
    expect(said(rig, "restart")).toEqual([]);
    await rig.clock.advance(seconds(1));
    expect(said(rig, "restart")).toHaveLength(1);
  });
});
