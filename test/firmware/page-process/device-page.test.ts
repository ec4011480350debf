/** The device's own page: what it shows, and how it changes the device. */
import { describe, expect, it } from "vitest";
import { seconds, wallMillis } from "../../../src/base/units.ts";
import { readPageNote } from "../../../src/firmware/page-process/page-note.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { eventually } from "../../hub/running-hub.ts";
import { devicePage } from "./rig.ts";

const at = "/api/devices/heater";

describe("the page of a device without a hub", () => {
  it("shows its readings, its values with who set them, and that it is connected", async () => {
    const { to } = await devicePage();
    const { json } = await to("GET", at);
    expect(json).toMatchObject({ id: "heater", connected: true, cloudLink: "none" });
    expect(json.latest.setPoint.value).toBe(19);
    expect(json.latest.temperature.value).toBeCloseTo(17.6, 0);
    const row = json.properties.find(({ name }: { name: string }) => name === "targetTemperature");
    expect(row).toMatchObject({ reported: { value: 19 }, ack: { origin: { source: "default" } } });
    expect((await to("GET", "/api/hub")).json).toMatchObject({ kind: "device", unit: "C", exposed: false });
  });

  it("sets a value through the local socket, and tells who changed it", async () => {
    const { to, device, clock, page } = await devicePage();
    const body = { properties: { targetTemperature: 21.5 } };
    const edited = to("PATCH", `${at}/desired`, { body });
    await eventually(() => device.inForce.values.targetTemperature === 21.5, "the new set-point");
    expect(device.inForce.changes.targetTemperature.source).toBe("local");
    await clock.advance(seconds(2));
    expect((await edited).status).toBe(200);
    await eventually(() => page.view.changes.latest(9).length > 0, "the change");
    const { json } = await to("GET", `${at}/timeline`);
    expect(json.at(-1)).toMatchObject({ actor: "local", property: "targetTemperature", after: 21.5 });
  });

  it("refuses what the device refuses, with its reason", async () => {
    const { to, device } = await devicePage();
    const edit = async (properties: object) => await to("PATCH", `${at}/desired`, { body: { properties } });
    const refused = await edit({ targetTemperature: 99 });
    expect([refused.status, refused.json.error.code]).toEqual([422, "refused"]);
    expect(refused.json.error.message).toMatch(/5 to 30/);
    expect((await edit({ nonsense: 1 })).status).toBe(400);
    expect((await edit({ __proto__: null, constructor: 1 })).status).toBe(400);
    expect(device.inForce.values.targetTemperature).toBe(19);
  });

  it("merges the days of a schedule, as a twin does", async () => {
    const { to, device, page } = await devicePage();
    const edit = async (schedule: object) =>
      await to("PATCH", `${at}/desired`, { body: { properties: { schedule } } });
    await edit({ monday: "06:30 20", tuesday: "07:00 21" });
    await eventually(() => page.view.status?.values["schedule"]?.source === "local", "the schedule");
    await edit({ monday: null, friday: "08:00 18" });
    expect(device.inForce.values.schedule).toEqual({ tuesday: "07:00 21", friday: "08:00 18" });
  });

  it("shows the settings that differ from their defaults, and changes those that need no start", async () => {
    const { to, device, page } = await devicePage();
    expect((await to("GET", at)).json.settings).toEqual({ changed: {} });
    const change = async (changes: object) => await to("PATCH", `${at}/settings`, { body: { changes } });
    expect((await change({ targetMax: 25, conflictControlMode: "device-wins" })).status).toBe(200);
    expect(device.inForce.limits.targetMax).toBe(25);
    expect(device.inForce.policy.controlMode).toBe("device-wins");
    await eventually(() => page.view.detail().settings?.changed["targetMax"] === 25, "the new limit");
    const refused = await change({ cutOff: 20 });
    expect([refused.status, refused.json.error.code]).toEqual([422, "refused"]);
    expect(refused.json.error.message).toContain("cutOff");
    expect((await change({ board: "other" })).status).toBe(422);
    expect((await to("PATCH", `${at}/settings`, { body: { changes: 1 } })).status).toBe(400);
  });

  it("carries out the commands that it has, and no others", async () => {
    const { to, device } = await devicePage();
    const command = async (name: string, payload: unknown = null) =>
      (await to("POST", `${at}/command`, { body: { name, payload } })).status;
    expect(await command("boost", 30)).toBe(200);
    expect(device.inForce.boostUntil).toBeDefined();
    expect(await command("boost", "long")).toBe(400);
    expect(await command("identify", 5)).toBe(200);
    expect(await command("restart")).toBe(400);
    expect(await command("toString")).toBe(400);
  });

  it("presses keys of a virtual hat only", async () => {
    const { to, presses } = await devicePage();
    const press = await to("POST", `${at}/panel`, { body: { key: "b", down: true } });
    expect([press.status, presses]).toEqual([409, []]);
  });

  it("simulates faults of a virtual hat only", async () => {
    const { to, simulations } = await devicePage();
    const asked = await to("POST", `${at}/fault`, { body: { fault: "nack", active: true } });
    expect([asked.status, asked.json.error.message, simulations]).toEqual([
      409,
      "only a virtual hat simulates faults",
      [],
    ]);
  });

  it("follows the log", async () => {
    const { to, log, page } = await devicePage();
    log.warn("something-happened", { why: "a test" });
    await eventually(() => page.view.lines.some(({ event }) => event === "something-happened"), "the line");
    const { json } = await to("GET", `${at}/log`);
    expect(json.at(-1)).toMatchObject({ level: "warn", text: "why=a test" });
  });

  it("says when the device is gone, answers edits with that, and finds it again", async () => {
    const { to, face, page, listen, clock } = await devicePage();
    await face.close();
    await eventually(() => !page.view.summary().connected, "the loss");
    const edit = await to("PATCH", `${at}/desired`, { body: { properties: { targetTemperature: 20 } } });
    expect([edit.status, edit.json.error.code]).toEqual([503, "offline"]);
    expect((await to("GET", at)).json).toMatchObject({
      connected: false,
      latest: { setPoint: { value: 19 } },
    });
    const again = await listen();
    await clock.advance(seconds(60));
    await eventually(() => page.view.summary().connected, "the return");
    await again.close();
  });

  it("gives the history as CSV, and the days with their energy", async () => {
    const settings = () => ({ ...defaultSettings, heaterPower: 1000 });
    const clock = { ...systemClock, wallNow: () => wallMillis(Date.UTC(2040, 0)) };
    const { to } = await devicePage({ settings, clock });
    const csv = await to("GET", `${at}/history.csv?every=minute`);
    expect(csv.headers["content-disposition"]).toContain("history.csv");
    expect(csv.text.split("\n")[0]).toMatch(/^time,.*,kWh,/);
    expect(csv.text.split("\n").length).toBeGreaterThan(200);
    const { json: days } = await to("GET", `${at}/days`);
    expect(days.length).toBeGreaterThan(0);
    for (const { heaterSeconds, kWh } of days) expect(kWh).toBeCloseTo(heaterSeconds / 3600, 2);
  });

  it("can be read by Prometheus on this machine", async () => {
    const { to } = await devicePage();
    const { text } = await to("GET", "/metrics");
    expect(text).toContain('grove_heater_set_point_celsius{device="heater"} 19');
  });

  it("notes where it is, for the command `page`", async () => {
    const { data, page } = await devicePage();
    expect(readPageNote(data)).toEqual({
      process: process.pid,
      port: page.port,
      urls: [`http://localhost:${page.port}/`],
    });
  });
});
