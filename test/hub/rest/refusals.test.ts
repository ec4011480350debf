/** Who is not let in, and what may not be said. */
import { connect as connectTls } from "node:tls";
import mqtt from "mqtt";
import { describe, expect, it, onTestFinished } from "vitest";
import type { RunningHub } from "../../../src/hub/hub.ts";
import { makeSas } from "../../../src/hub/rest/sas.ts";
import { openAuthority } from "../../../src/hub/storage/certificates.ts";
import { memoryDocuments } from "../../../src/hub/storage/documents.ts";
import { deriveDeviceKey } from "../../../src/protocol/device-key.ts";
import { certificateClient, deviceClient, register } from "../azure.ts";
import { eventually, testHub } from "../running-hub.ts";

const anHour = 3_600_000;
const key = Buffer.alloc(32, 7).toString("base64");

/** A CONNECT as given; resolves to the return code, or to how the connection ended. */
function knock(hub: RunningHub, options: mqtt.IClientOptions): Promise<number | string> {
  return new Promise((resolve) => {
    const client = mqtt.connect(`mqtts://localhost:${hub.addresses.mqttPort}`, {
      ca: hub.caPem,
      reconnectPeriod: 0,
      protocolVersion: 4,
      ...options,
    });
    onTestFinished(() => void client.end(true));
    client.on("connect", () => resolve(0));
    client.on("error", (error) => resolve((error as { code?: number }).code ?? error.message));
    client.on("close", () => resolve("closed"));
  });
}

const deviceLogin = (hub: RunningHub, password: string, id = "heater-1", host = hub.addresses.hubHost) => ({
  clientId: id,
  username: `${host}/${id}/?api-version=2021-04-12`,
  password,
});

const tokenFor = (hub: RunningHub, id: string, secret: string, ms = anHour, host = hub.addresses.hubHost) =>
  makeSas(encodeURIComponent(`${host}/devices/${id}`), secret, Date.now() + ms);

describe("the hub refuses", () => {
  it("a wrong key, and names the reason in its log but not on the wire", async () => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    expect(await knock(hub, deviceLogin(hub, tokenFor(hub, "heater-1", key)))).toBe(5);
    expect(await knock(hub, deviceLogin(hub, tokenFor(hub, "heater-1", key)))).toBe(5);
    const said = hub.lines.filter(({ event }) => event === "hub-rejected");
    expect(said).toMatchObject([{ fields: { subject: "heater-1", reason: "signature is wrong" } }]);
    expect(hub.core.timeline.of("heater-1", 10).at(-1)).toMatchObject({ kind: "rejected" });
  });

  it("an expired signature", async () => {
    const hub = await testHub();
    const { symmetricKey } = await hub.enrolDevice("heater-1");
    expect(await knock(hub, deviceLogin(hub, tokenFor(hub, "heater-1", symmetricKey, -1000)))).toBe(5);
    expect(await knock(hub, deviceLogin(hub, tokenFor(hub, "heater-1", symmetricKey)))).toBe(0);
  });

  it("a signature of another device, of another host, and none", async () => {
    const hub = await testHub();
    const { symmetricKey } = await hub.enrolDevice("heater-1");
    await hub.enrolDevice("heater-2");
    const stolen = tokenFor(hub, "heater-1", symmetricKey);
    expect(await knock(hub, deviceLogin(hub, stolen, "heater-2"))).toBe(5);
    expect(await knock(hub, deviceLogin(hub, tokenFor(hub, "heater-2", symmetricKey), "heater-1"))).toBe(5);
    expect(await knock(hub, deviceLogin(hub, stolen, "heater-1", "other.azure-devices.net"))).toBe(5);
    expect(await knock(hub, deviceLogin(hub, ""))).toBe(5);
  });

  it("a signature of a policy that there is not, whatever its name", async () => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    for (const policy of ["constructor", "__proto__", "nobody"]) {
      const token = makeSas(
        encodeURIComponent("localhost/devices/heater-1"),
        key,
        Date.now() + anHour,
        policy,
      );
      expect(await knock(hub, deviceLogin(hub, token))).toBe(5);
    }
    expect(hub.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("a policy without DeviceConnect, while one that has it speaks for any device", async () => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    const tokenOf = (policy: string) => {
      const secret = hub.core.settings.policy(policy)?.primaryKey ?? "";
      return makeSas("localhost", secret, Date.now() + anHour, policy);
    };
    expect(await knock(hub, deviceLogin(hub, tokenOf("device")))).toBe(0);
    expect(await knock(hub, deviceLogin(hub, tokenOf("service")))).toBe(5);
  });

  it("a signature made with the empty key of a certificate device", async () => {
    const hub = await testHub();
    const { cert, key: privateKey } = await hub.enrolCertificate("heater-1");
    await register(hub, "heater-1", { cert, privateKey });
    expect(await knock(hub, deviceLogin(hub, tokenFor(hub, "heater-1", "")))).toBe(5);
  });

  it("a client id that is not the device's, and a user name of nobody", async () => {
    const hub = await testHub();
    const { symmetricKey } = await hub.enrolDevice("heater-1");
    const login = deviceLogin(hub, tokenFor(hub, "heater-1", symmetricKey));
    expect(await knock(hub, { ...login, clientId: "heater-2" })).toBe("closed");
    expect(await knock(hub, { username: "admin", password: "admin" })).toBe("closed");
    const told = hub.lines.filter(({ event }) => event === "hub-rejected");
    expect(told.map(({ fields }) => fields["reason"])).toEqual([
      "client id is not the device id",
      "user name matches neither DPS nor hub",
    ]);
  });

  it("another id scope and a key that derives from no group, at DPS", async () => {
    const hub = await testHub();
    const right = deriveDeviceKey(hub.groupKey(), "heater-1");
    await expect(register(hub, "heater-1", { key: right }, "0ne00000000")).rejects.toThrow();
    await expect(register(hub, "heater-1", { key })).rejects.toThrow();
    expect(hub.core.devices.size).toBe(0);
  });

  it("a certificate of another authority, for another device, or past its end", async () => {
    const hub = await testHub();
    const other = await openAuthority(memoryDocuments(), () => ["localhost"], Date.now());
    const forged = await other.issueDevice("heater-1", Date.now());
    await expect(register(hub, "heater-1", { cert: forged.cert, privateKey: forged.key })).rejects.toThrow();
    const mine = await hub.enrolCertificate("heater-2");
    await expect(register(hub, "heater-1", { cert: mine.cert, privateKey: mine.key })).rejects.toThrow();
    const old = await hub.enrolCertificate("heater-1", -2);
    await expect(register(hub, "heater-1", { cert: old.cert, privateKey: old.key })).rejects.toThrow();
    const { cert, key: privateKey } = await hub.enrolCertificate("heater-1");
    await register(hub, "heater-1", { cert, privateKey });
    await expect((await certificateClient(hub, "heater-1", forged)).open()).rejects.toThrow();
  });

  it("a self-signed certificate that is not the one enrolled by its thumbprint", async () => {
    const hub = await testHub();
    const other = await openAuthority(memoryDocuments(), () => ["localhost"], Date.now());
    const enrolled = await other.issueDevice("heater-1", Date.now());
    const stranger = await other.issueDevice("heater-1", Date.now());
    await hub.enrolThumbprint("heater-1", enrolled.cert);
    await register(hub, "heater-1", { cert: enrolled.cert, privateKey: enrolled.key });
    await expect(
      register(hub, "heater-1", { cert: stranger.cert, privateKey: stranger.key }),
    ).rejects.toThrow();
  });

  it("to be trusted by a device that does not have its authority", async () => {
    const hub = await testHub();
    const { connectionString } = await hub.enrolDevice("heater-1");
    const client = await deviceClient({ ...hub, caPem: "" }, connectionString);
    await expect(client.open()).rejects.toThrow(/certificate/i);
  });
});

describe("a connected device", () => {
  async function connected(hub: RunningHub, id = "heater-1"): Promise<mqtt.MqttClient> {
    const { symmetricKey } = await hub.enrolDevice(id);
    const client = mqtt.connect(`mqtts://localhost:${hub.addresses.mqttPort}`, {
      ca: hub.caPem,
      reconnectPeriod: 0,
      ...deviceLogin(hub, tokenFor(hub, id, symmetricKey), id),
    });
    onTestFinished(() => void client.end(true));
    await new Promise((resolve) => client.once("connect", resolve));
    return client;
  }
  const closed = (client: mqtt.MqttClient) =>
    new Promise<void>((resolve) => client.once("close", () => resolve()));

  it.each([
    ["publishes with QoS 2", "devices/heater-1/messages/events/", 2 as const],
    ["publishes as another device", "devices/heater-2/messages/events/", 0 as const],
    ["publishes a twin answer to others", "$iothub/twin/res/200/?$rid=1", 0 as const],
    ["publishes what aedes keeps for itself", "$SYS/x", 0 as const],
  ])("is cut off when it %s", async (_what, topic, qos) => {
    const hub = await testHub();
    const client = await connected(hub);
    const end = closed(client);
    client.publish(topic, "{}", { qos });
    await end;
  });

  it("does not get to listen to another's messages, nor to everything", async () => {
    const hub = await testHub();
    const client = await connected(hub);
    const granted = await new Promise<mqtt.ISubscriptionGrant[]>((resolve) => {
      client.subscribe(
        ["devices/heater-2/messages/devicebound/#", "#", "$SYS/#", "devices/heater-1/messages/devicebound/#"],
        { qos: 1 },
        (_error, list) => resolve(list),
      );
    });
    expect(granted.map(({ qos }) => qos)).toEqual([128, 128, 128, 1]);
  });

  it("is cut off at a frame that says it is huge, before it is read, and the hub lives on", async () => {
    const hub = await testHub();
    const socket = connectTls({ host: "localhost", port: hub.addresses.mqttPort, ca: hub.caPem });
    const end = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => {});
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    await end;
    await connected(hub);
  });

  it("is cut off when its signature runs out, and not before", async () => {
    const hub = await testHub();
    const { symmetricKey } = await hub.enrolDevice("heater-1");
    const login = deviceLogin(hub, tokenFor(hub, "heater-1", symmetricKey, 1500));
    const client = mqtt.connect(`mqtts://localhost:${hub.addresses.mqttPort}`, {
      ca: hub.caPem,
      reconnectPeriod: 0,
      ...login,
    });
    await new Promise((resolve) => client.once("connect", resolve));
    expect(hub.core.links.size).toBe(1);
    await closed(client);
    await eventually(() => hub.core.links.size === 0, "the end");
  });
});

describe("limits", () => {
  it.each([
    ["a text beyond 4 KB", { a: "x".repeat(4097) }, "4096"],
    [
      "a document beyond 32 KB",
      Object.fromEntries([...Array(9).keys()].map((at) => [`p${at}`, "x".repeat(4000)])),
      "32768",
    ],
    [
      "nesting beyond 10",
      { a: { b: { c: { d: { e: { f: { g: { h: { i: { j: { k: 1 } } } } } } } } } } },
      "nested",
    ],
    ["a name with a dot", { "a.b": 1 }, "the name"],
    ["a list for a document", [1], "JSON object"],
  ])("answer a report of %s with a refusal and keep the twin as it was", async (_what, patch, why) => {
    const hub = await testHub();
    const { connectionString } = await hub.enrolDevice("heater-1");
    const client = await deviceClient(hub, connectionString);
    onTestFinished(() => void client.close().catch(() => undefined));
    await client.open();
    const twin = await client.getTwin();
    const error = await new Promise<Error | null>((resolve) => {
      twin.properties.reported["update"](patch, resolve);
    });
    expect(error?.message).toContain(why);
    expect(hub.core.devices.get("heater-1")?.reported).toMatchObject({ version: 1, properties: {} });
  });

  it("hold 50 messages for a device and refuse the next", async () => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    for (let at = 0; at < 50; at++)
      await hub.core.operations.sendMessage("heater-1", { body: "1", properties: {} });
    expect(await hub.core.operations.sendMessage("heater-1", { body: "1", properties: {} })).toMatchObject({
      refused: "full",
    });
  });
});
