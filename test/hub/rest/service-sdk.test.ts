/** Azure's own service SDK against the hub's REST routes. */

import type { DeviceMethodRequest, DeviceMethodResponse } from "azure-iot-device";
import { describe, expect, it } from "vitest";
import type { RunningHub } from "../../../src/hub/hub.ts";
import { deviceClient, openTwin, registryOf, serviceOf } from "../azure.ts";
import { eventually, testHub } from "../running-hub.ts";
import { ask, tokenOf } from "./calls.ts";

const codeOf = (error: unknown): string => (error as Error).name;

/** IoT Hub says what went wrong with a method in JSON within its JSON. */
function methodFault(error: unknown): unknown {
  const { Message } = JSON.parse((error as { responseBody: string }).responseBody) as { Message: string };
  return JSON.parse(Message);
}

describe("azure-iothub", () => {
  it("creates, gets, lists, updates and deletes devices", async () => {
    const hub = await testHub();
    const registry = registryOf(hub);
    const { responseBody: made } = await registry.create({ deviceId: "heater-1" });
    expect(made.authentication?.symmetricKey?.primaryKey).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(await registry.create({ deviceId: "heater-1" }).catch(codeOf)).toBe("DeviceAlreadyExistsError");
    await registry.update({ ...made, deviceId: "heater-1", status: "disabled" });
    expect((await registry.get("heater-1")).responseBody.status).toBe("disabled");
    expect((await registry.list()).responseBody.map(({ deviceId }) => deviceId)).toEqual(["heater-1"]);
    await registry.delete("heater-1");
    expect(await registry.get("heater-1").catch(codeOf)).toBe("DeviceNotFoundError");
  });

  it("lets a device in with the key it made, and out when it is disabled", async () => {
    const hub = await testHub();
    const registry = registryOf(hub);
    const { responseBody: made } = await registry.create({ deviceId: "heater-1" });
    const key = made.authentication?.symmetricKey?.primaryKey;
    const client = await deviceClient(
      hub,
      `HostName=${hub.addresses.hubHost};DeviceId=heater-1;SharedAccessKey=${key}`,
    );
    await client.open();
    const gone = new Promise<void>((resolve) => client.on("disconnect", () => resolve()));
    await registry.update({
      deviceId: "heater-1",
      status: "disabled",
      authentication: made.authentication,
    } as never);
    await gone;
    expect(hub.core.links.size).toBe(0);
  });

  it("edits a twin with its etag, and is refused with an old one", async () => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    const registry = registryOf(hub);
    const { responseBody: twin } = await registry.getTwin("heater-1");
    const patch = { tags: { room: "attic" }, properties: { desired: { targetTemperature: 20 } } };
    const { responseBody: updated } = await registry.updateTwin("heater-1", patch, twin.etag);
    expect(updated.properties.desired).toMatchObject({ targetTemperature: 20, $version: 2 });
    expect(updated.properties.desired["$metadata"].targetTemperature.$lastUpdatedVersion).toBe(2);
    expect(updated.tags).toEqual({ room: "attic" });
    expect(await registry.updateTwin("heater-1", patch, twin.etag).catch(codeOf)).toBe("InvalidEtagError");
  });

  it("sees what a device reports, with times and versions in the metadata", async () => {
    const hub = await testHub();
    const { connectionString } = await hub.enrolDevice("heater-1");
    const client = await deviceClient(hub, connectionString);
    await client.open();
    const deviceTwin = await openTwin(client);
    await new Promise((resolve) => deviceTwin.properties.reported["update"]({ board: "pi" }, resolve));
    const { responseBody: twin } = await registryOf(hub).getTwin("heater-1");
    expect(twin.properties.reported).toMatchObject({ board: "pi", $version: 2 });
    expect(Date.parse(twin.properties.reported["$metadata"].board.$lastUpdated)).toBeGreaterThan(0);
    await client.close();
  });

  it("invokes a direct method, and learns when the device is away", async () => {
    const hub = await testHub();
    const { connectionString } = await hub.enrolDevice("heater-1");
    const service = serviceOf(hub);
    const call = { methodName: "identify", payload: { seconds: 5 }, responseTimeoutInSeconds: 5 };
    const refused = await service.invokeDeviceMethod("heater-1", call).catch((error: unknown) => error);
    expect(methodFault(refused)).toMatchObject({ errorCode: 404_103, info: { timeout: "00:00:00" } });
    const client = await deviceClient(hub, connectionString);
    await client.open();
    client.onDeviceMethod("identify", (asked: DeviceMethodRequest, response: DeviceMethodResponse) => {
      response.send(200, { blinked: asked.payload.seconds }, () => {});
    });
    await eventually(() => (hub.core.links.get("heater-1")?.subscriptions.size ?? 0) > 0, "the subscription");
    const { result } = await service.invokeDeviceMethod("heater-1", call);
    expect(result).toEqual({ status: 200, payload: { blinked: 5 } });
    await client.close();
  });

  it("queries devices by tags and properties, page by page", async () => {
    const hub = await testHub();
    for (const [at, id] of ["a", "b", "c", "d"].entries()) {
      await hub.enrolDevice(id);
      const tags = { floor: at, room: id === "d" ? "cellar" : "hall" };
      await hub.core.twins.edit(id, { tags, desired: { targetTemperature: 18 + at } });
    }
    const where = "tags.room = 'hall' AND properties.desired.targetTemperature >= 18.5";
    const query = registryOf(hub).createQuery(`SELECT * FROM devices WHERE ${where}`, 1);
    const pages: string[][] = [];
    do pages.push((await query.nextAsTwin()).result.map(({ deviceId }) => deviceId));
    while (query.hasMoreResults);
    expect(pages).toEqual([["b"], ["c"]]);
  });

  it.each([
    ["registryRead", "a service route", "/twins/heater-1", "GET"],
    ["service", "the registry", "/devices/heater-1", "GET"],
    ["registryRead", "a change of the registry", "/devices/heater-1", "DELETE"],
    ["device", "anything of the service side", "/twins/heater-1", "GET"],
  ])("is refused with the policy %s at %s", async (policy, _what, path, method) => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    expect((await ask(hub, method, path, tokenOf(hub, policy))).status).toBe(401);
    expect(hub.core.devices.get("heater-1")).toBeDefined();
  });

  it.each([
    ["no signature", () => ""],
    ["an expired one", (hub: RunningHub) => tokenOf(hub, "iothubowner", -1)],
    ["one for another hub", (hub: RunningHub) => tokenOf(hub, "iothubowner", 60, "other.azure-devices.net")],
    ["a forged one", (hub: RunningHub) => tokenOf(hub, "iothubowner").replace(/sig=.{6}/, "sig=AAAAAA")],
    [
      "an unknown policy",
      (hub: RunningHub) => tokenOf(hub, "iothubowner").replace(/skn=.*/, "skn=constructor"),
    ],
  ])("is refused with %s", async (_what, token) => {
    const hub = await testHub();
    expect((await ask(hub, "GET", "/devices", token(hub))).status).toBe(401);
    expect((await ask(hub, "GET", "/devices", tokenOf(hub, "iothubowner"))).status).toBe(200);
  });

  it.each([
    ["no JSON", "{"],
    ["nothing", ""],
    ["an array", "[1]"],
    ["null", "null"],
    ["a text for a twin", '{"properties":"__proto__"}'],
    ["a number for what is desired", '{"properties":{"desired":7}}'],
    ["nesting without end", `{"properties":{"desired":${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}}`],
    ["a twin beyond its size", JSON.stringify({ properties: { desired: { a: "x".repeat(200_000) } } })],
  ])("refuses a twin's edit of %s, and changes nothing", async (_what, body) => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    const before = hub.core.views.detail("heater-1");
    const answer = await ask(hub, "PATCH", "/twins/heater-1", tokenOf(hub, "service"), body);
    expect([400, 413]).toContain(answer.status);
    expect(answer.text).toMatch(/"Message"/i);
    expect(hub.core.views.detail("heater-1")?.desired).toEqual(before?.desired);
  });

  it("queues a message for a device through the hub's own route", async () => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    const token = tokenOf(hub, "service");
    const body = JSON.stringify({
      payload: { minutes: 5 },
      properties: { "method-name": "boost" },
      ttlSeconds: 60,
    });
    const path = "/devices/heater-1/messages/devicebound";
    expect((await ask(hub, "POST", path, token, body)).status).toBe(202);
    expect(hub.core.views.detail("heater-1")?.messages).toMatchObject([{ name: "boost", deliveries: 0 }]);
    const odd = JSON.stringify({ payload: "x", properties: { a: { toString: false } } });
    expect((await ask(hub, "POST", path, token, odd)).status).toBe(202);
    const huge = JSON.stringify({ payload: "x".repeat(70_000) });
    expect((await ask(hub, "POST", path, token, huge)).status).toBe(413);
  });
});
