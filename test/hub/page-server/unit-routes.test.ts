/** The page's routes about a device on the hub's machine: its settings, its simulated faults, its story. */
import { describe, expect, it } from "vitest";
import type { RunningHub } from "../../../src/hub/hub.ts";
import type { DeviceDetail, PanelView } from "../../../src/hub/page-server/api.ts";
import { ask as askPort } from "../../firmware/page-process/rig.ts";
import { testHub } from "../running-hub.ts";

const ask = (
  hub: RunningHub,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) => askPort(hub.addresses.pagePort, method, path, { body, headers });

const detailOf = async (hub: RunningHub): Promise<DeviceDetail> =>
  (await ask(hub, "GET", "/api/devices/heater-1")).json as DeviceDetail;

const room = {
  air: 17.6,
  outside: 2,
  windowOpen: false,
  faults: [{ name: "nack", doc: "the sensor does not acknowledge", active: false }],
};
const front: PanelView = {
  screen: { kind: "text", lines: ["17.6°C 48%  HEAT", "Set 19.0°   Auto"] },
  ...{ fitted: true, dimmed: false, modeLed: true, statusLed: false, relay: true, room },
};

describe("the page of a hub, about the device on its machine", () => {
  it("starts the story of a demonstration again: cable, throttle, faults, and nothing desired", async () => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    const passed: unknown[] = [];
    hub.core.panels.onSimulate = (_id, simulation) => passed.push(simulation);
    const faults = [{ name: "nack", doc: "", active: true }];
    hub.core.panels.show("heater-1", { ...front, room: { ...room, faults } });
    await ask(hub, "PATCH", "/api/devices/heater-1/desired", { properties: { targetTemperature: 25 } });
    hub.core.operations.setThrottle("heater-1", true);
    hub.core.operations.setCable("heater-1", "close");
    expect((await ask(hub, "POST", "/api/devices/heater-1/story")).status).toBe(204);
    const { cable, throttled, desired } = await detailOf(hub);
    expect([cable, throttled, Object.keys(desired), passed]).toEqual([
      "connected",
      false,
      ["$version"],
      [{ fault: "nack", active: false }],
    ]);
    const events = hub.core.timeline.of("heater-1", 100);
    expect(events.map(({ kind }) => kind)).toContain("story");
    expect(events.filter(({ kind }) => kind === "cable").map((event) => event.cable)).toEqual([
      "close",
      "connected",
    ]);
    expect((await ask(hub, "POST", "/api/devices/nobody/story")).status).toBe(404);
  });

  it("passes simulated faults to a virtual hat alone, and none in a sealed unit", async () => {
    let sealed = false;
    const hub = await testHub({ isSealed: () => sealed, pagePassword: "open sesame" });
    await hub.enrolDevice("heater-1");
    const passed: unknown[] = [];
    hub.core.panels.onSimulate = (id, simulation) => passed.push([id, simulation]);
    const authorization = `Basic ${Buffer.from("me:open sesame").toString("base64")}`;
    const simulate = async (body: object) =>
      (await ask(hub, "POST", "/api/devices/heater-1/fault", body, { authorization })).status;
    const nack = { fault: "nack", active: true };
    expect(await simulate(nack)).toBe(409);
    hub.core.panels.show("heater-1", front);
    expect([await simulate(nack), await simulate({ ...nack, fault: "other" })]).toEqual([204, 400]);
    expect([await simulate({}), await simulate({ ...nack, active: 1 })]).toEqual([400, 400]);
    sealed = true;
    expect(await simulate(nack)).toBe(403);
    expect(passed).toEqual([["heater-1", nack]]);
    expect((await ask(hub, "POST", "/api/devices/heater-1/fault", nack)).status).toBe(401);
  });

  it("changes the settings of the device on its machine alone, and says what the device says", async () => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    const change = (body: object) => ask(hub, "PATCH", "/api/devices/heater-1/settings", body);
    const changes = { targetMax: 25 };
    expect((await change({ changes })).status).toBe(409);
    const asked: unknown[] = [];
    hub.core.unitSettings.add("heater-1", async (wanted) => {
      asked.push(wanted);
      return "law" in wanted ? { kind: "refused", why: "not now" } : undefined;
    });
    hub.core.unitSettings.show("heater-1", { changed: {} });
    expect((await detailOf(hub)).settings).toEqual({ changed: {} });
    expect([(await change({ changes })).status, asked]).toEqual([200, [changes]]);
    const refused = await change({ changes: { law: "hysteresis" } });
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining("not now")]);
    expect((await change({ changes: 1 })).status).toBe(400);
    hub.core.unitSettings.show("heater-1", undefined);
    expect((await detailOf(hub)).settings).toBeUndefined();
  });
});
