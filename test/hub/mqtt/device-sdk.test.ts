/** The genuine device SDK against the hub, over TLS. */
import { X509Certificate } from "node:crypto";
import type { DeviceMethodRequest, DeviceMethodResponse, Message as SdkMessage } from "azure-iot-device";
import { describe, expect, it, onTestFinished } from "vitest";
import type { RunningHub } from "../../../src/hub/hub.ts";
import { deriveDeviceKey } from "../../../src/protocol/device-key.ts";
import { certificateClient, deviceClient, Message, openTwin, register, report } from "../azure.ts";
import { eventually, testHub } from "../running-hub.ts";

async function connectedDevice(id: string) {
  const hub = await testHub();
  const credentials = await hub.enrolDevice(id);
  const client = await deviceClient(hub, credentials.connectionString);
  onTestFinished(async () => {
    await client.close().catch(() => undefined);
  });
  await client.open();
  return { hub, client, credentials };
}

const listens = (hub: RunningHub, to: string): boolean =>
  [...(hub.core.links.get("heater-1")?.subscriptions ?? [])].some((filter) => filter.includes(to));

describe("the genuine device SDK", () => {
  it("registers through DPS with an individual key and connects to the hub it is assigned", async () => {
    const hub = await testHub();
    const { symmetricKey } = await hub.enrolDevice("heater-1");
    const assigned = await register(hub, "heater-1", { key: symmetricKey });
    expect(assigned).toMatchObject({ assignedHub: hub.addresses.hubHost, deviceId: "heater-1" });
    const text = `HostName=${assigned.assignedHub};DeviceId=${assigned.deviceId};SharedAccessKey=${symmetricKey}`;
    const client = await deviceClient(hub, text);
    await client.open();
    await client.close();
  });

  it("registers a device nobody enrolled with a key derived from the group's", async () => {
    const hub = await testHub();
    const key = deriveDeviceKey(hub.groupKey(), "heater-2");
    await register(hub, "heater-2", { key });
    const text = `HostName=${hub.addresses.hubHost};DeviceId=heater-2;SharedAccessKey=${key}`;
    const client = await deviceClient(hub, text);
    await client.open();
    await client.close();
    expect(hub.core.devices.get("heater-2")?.authentication.type).toBe("sas");
    const told = () => hub.core.timeline.of("heater-2", 99).filter(({ kind }) => kind === "provisioned");
    expect(told()).toMatchObject([{ actor: "device", text: "registered through DPS with a symmetric key" }]);
    // Once more with the same key is no news.
    await register(hub, "heater-2", { key });
    expect(told()).toHaveLength(1);
  });

  it("registers and connects with a certificate of the hub's authority", async () => {
    const hub = await testHub();
    const { cert, key } = await hub.enrolCertificate("heater-3");
    // RFC 5280, section 4.1.2.2: serial numbers are positive. 16 bytes, the first from 0x40 to 0x7f.
    for (const pem of [hub.caPem, cert])
      expect(new X509Certificate(pem).serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    const assigned = await register(hub, "heater-3", { cert, privateKey: key });
    expect(assigned.deviceId).toBe("heater-3");
    const client = await certificateClient(hub, "heater-3", { cert, key });
    await client.open();
    await openTwin(client);
    await client.close();
  });

  it("gets its twin, reports, and is told of desired changes while connected", async () => {
    const { hub, client } = await connectedDevice("heater-1");
    const twin = await openTwin(client);
    await report(twin, { firmwareVersion: "1.0.0", nested: { a: 1, b: 2 } });
    await report(twin, { nested: { a: null, c: 3 } });
    const told: Record<string, unknown>[] = [];
    twin.on("properties.desired", (patch: Record<string, unknown>) => told.push(structuredClone(patch)));
    await eventually(() => listens(hub, "desired"), "the subscription");
    const edited = await hub.core.editTwin("heater-1", { desired: { targetTemperature: 21.5 } });
    expect(edited).toMatchObject({ pushed: true });
    await eventually(() => told.some((patch) => patch["$version"] === 2), "the desired patch");
    expect(told.at(-1)).toEqual({ targetTemperature: 21.5, $version: 2 });
    expect(hub.core.detail("heater-1")?.reported).toEqual({
      firmwareVersion: "1.0.0",
      nested: { b: 2, c: 3 },
      $version: 3,
    });
  });

  it("is not told of a desired change that was made while it was away, and finds it in its twin", async () => {
    const { hub, client, credentials } = await connectedDevice("heater-1");
    await openTwin(client);
    await client.close();
    const edited = await hub.core.editTwin("heater-1", { desired: { controlMode: "manual" } });
    expect(edited).toMatchObject({ pushed: false });
    const again = await deviceClient(hub, credentials.connectionString);
    await again.open();
    const twin = await openTwin(again);
    expect(twin.properties.desired).toMatchObject({ controlMode: "manual", $version: 2 });
    await again.close();
  });

  it("answers a direct method, with its status and its payload", async () => {
    const { hub, client } = await connectedDevice("heater-1");
    client.onDeviceMethod("boost", (request: DeviceMethodRequest, response: DeviceMethodResponse) => {
      response.send(202, { asked: request.payload }, () => {});
    });
    await eventually(() => listens(hub, "methods"), "the subscription");
    const outcome = await hub.core.invoke("heater-1", "boost", { minutes: 30 });
    expect(outcome).toMatchObject({ status: 202, payload: { asked: { minutes: 30 } } });
  });

  it("takes offline commands in order once it listens, each once", async () => {
    const { hub, client } = await connectedDevice("heater-1");
    for (const minutes of [1, 2, 3]) {
      await hub.core.sendMessage("heater-1", {
        body: String(minutes),
        properties: { "method-name": "boost it" },
      });
    }
    const taken: string[] = [];
    client.on("message", (message: SdkMessage) => {
      taken.push(`${message.properties.propertyList[0]?.value} ${message.getData().toString()}`);
      client.complete(message, () => {});
    });
    await eventually(() => hub.core.detail("heater-1")?.messages.length === 0, "the empty queue");
    expect(taken).toEqual(["boost it 1", "boost it 2", "boost it 3"]);
  });

  it("sends telemetry with its creation time and properties", async () => {
    const { hub, client } = await connectedDevice("heater-1");
    const message = new Message(JSON.stringify({ temperature: 20.5, heaterOn: true }));
    message.messageId = "m-1";
    message.properties.add("iothub-creation-time-utc", "2026-01-31T12:00:00.000Z");
    await client.sendEvent(message);
    const [got] = hub.core.telemetry.messages("heater-1");
    expect(got).toMatchObject({
      messageId: "m-1",
      body: { temperature: 20.5, heaterOn: true },
      atMs: Date.UTC(2026, 0, 31, 12),
    });
    expect(hub.core.telemetry.history("heater-1", 0)["heaterOn"]?.values).toEqual([1]);
  });

  it("has its newest reading by when it came, whatever its clock says", async () => {
    const { hub, client } = await connectedDevice("heater-1");
    const send = async (temperature: number, time: number) => {
      const message = new Message(JSON.stringify({ temperature }));
      message.properties.add("iothub-creation-time-utc", new Date(time).toISOString());
      await client.sendEvent(message);
    };
    const nowMs = Date.now();
    const year = 365 * 86_400_000;
    await send(20, nowMs - 60_000);
    await send(99, nowMs + year);
    expect(hub.core.detail("heater-1")?.latest["temperature"]?.value).toBe(99);
    await send(21, nowMs);
    expect(hub.core.detail("heater-1")?.latest["temperature"]?.value).toBe(21);
    // A clock that went back: what comes now is still the newest.
    await send(22, nowMs - year);
    expect(hub.core.detail("heater-1")?.latest["temperature"]?.value).toBe(22);
    const { atMs = [] } = hub.core.telemetry.history("heater-1", 0)["temperature"] ?? {};
    expect(atMs.length).toBe(4);
    expect(Math.max(...atMs)).toBeLessThanOrEqual(Date.now());
    expect(atMs).toEqual([...atMs].sort((a, b) => a - b));
  });

  it("is pushed out by a second connection of its id", async () => {
    const { hub, client, credentials } = await connectedDevice("heater-1");
    const gone = new Promise<void>((resolve) => client.on("disconnect", () => resolve()));
    const second = await deviceClient(hub, credentials.connectionString);
    await second.open();
    await gone;
    await openTwin(second);
    expect(hub.core.links.size).toBe(1);
    await second.close();
  });

  it("stays connected to the hub while it registers again through DPS", async () => {
    const { hub, client, credentials } = await connectedDevice("heater-1");
    await register(hub, "heater-1", { key: credentials.symmetricKey });
    expect(hub.core.summary("heater-1")?.connected).toBe(true);
    await openTwin(client);
  });
});
