/** A cable to pull, and trouble on request. */
import mqtt from "mqtt";
import { describe, expect, it, onTestFinished } from "vitest";
import type { RunningHub } from "../../../src/hub/hub.ts";
import { makeSas } from "../../../src/hub/rest/sas.ts";
import { deviceClient, openTwin, register } from "../azure.ts";
import { eventually, testHub } from "../running-hub.ts";

/** A bare MQTT client, whose socket tells how it ended. */
async function bareDevice(hub: RunningHub, id = "heater-1") {
  const { symmetricKey } = await hub.enrolDevice(id);
  const dial = () => {
    const resource = encodeURIComponent(`${hub.addresses.hubHost}/devices/${id}`);
    const client = mqtt.connect(`mqtts://localhost:${hub.addresses.mqttPort}`, {
      ca: hub.caPem,
      reconnectPeriod: 0,
      clientId: id,
      clean: false,
      username: `${hub.addresses.hubHost}/${id}/?api-version=2021-04-12`,
      password: makeSas(resource, symmetricKey, Date.now() + 3_600_000),
    });
    onTestFinished(() => void client.end(true));
    const errors: string[] = [];
    // MQTT.js has it, its types do not.
    const { stream } = client as unknown as { readonly stream: NodeJS.EventEmitter };
    stream.on("error", (error: NodeJS.ErrnoException) => errors.push(error.code ?? error.message));
    client.on("error", () => {});
    return { client, errors };
  };
  return { dial };
}

const connected = (client: mqtt.MqttClient) =>
  new Promise<void>((resolve) => client.once("connect", () => resolve()));
const closed = (client: mqtt.MqttClient) =>
  new Promise<void>((resolve) => client.once("close", () => resolve()));
const published = (client: mqtt.MqttClient, body: string) =>
  new Promise<void>((resolve) => {
    client.publish("devices/heater-1/messages/events/", body, { qos: 1 }, () => resolve());
  });

describe("a pulled cable", () => {
  it.each([
    ["close", [] as string[]],
    ["reset", ["ECONNRESET"]],
  ] as const)(
    "by %s ends the connection so, and turns away new ones until it is back",
    async (state, errors) => {
      const hub = await testHub();
      const { dial } = await bareDevice(hub);
      const first = dial();
      await connected(first.client);
      const end = closed(first.client);
      hub.core.operations.setCable("heater-1", state);
      await end;
      expect(first.errors).toEqual(errors);
      await eventually(() => hub.core.views.summary("heater-1")?.connected === false, "the disconnection");
      const second = dial();
      await closed(second.client);
      hub.core.operations.setCable("heater-1", "connected");
      await connected(dial().client);
    },
  );

  it("by silence answers nothing, loses nothing, and goes on when it is back", async () => {
    const hub = await testHub();
    const { dial } = await bareDevice(hub);
    const { client } = dial();
    await connected(client);
    hub.core.operations.setCable("heater-1", "silence");
    let acknowledged = false;
    const sent = published(client, '{"temperature":20}').then(() => {
      acknowledged = true;
    });
    // A round trip of another device: whatever was to come has come by then.
    const other = await bareDevice(hub, "heater-2");
    await connected(other.dial().client);
    expect(acknowledged).toBe(false);
    expect(hub.core.telemetry.messages("heater-1")).toEqual([]);
    hub.core.operations.setCable("heater-1", "connected");
    await sent;
    expect(hub.core.telemetry.messages("heater-1")).toHaveLength(1);
  });

  it("by silence leaves a new connection without an answer, and resets it when it is back", async () => {
    const hub = await testHub();
    const { dial } = await bareDevice(hub);
    hub.core.operations.setCable("heater-1", "silence");
    const waiting = dial();
    let answered = false;
    waiting.client.once("connect", () => {
      answered = true;
    });
    const other = await bareDevice(hub, "heater-2");
    await connected(other.dial().client);
    expect([answered, waiting.errors]).toEqual([false, []]);
    const end = closed(waiting.client);
    hub.core.operations.setCable("heater-1", "connected");
    await end;
    expect(answered).toBe(false);
  });

  it("is out for DPS too, and leaves other devices alone", async () => {
    const hub = await testHub();
    const { symmetricKey } = await hub.enrolDevice("heater-1");
    const other = await hub.enrolDevice("heater-2");
    hub.core.operations.setCable("heater-1", "close");
    await expect(register(hub, "heater-1", { key: symmetricKey })).rejects.toThrow();
    await register(hub, "heater-2", { key: other.symmetricKey });
  });
});

describe("trouble on request", () => {
  async function withTwin() {
    const hub = await testHub();
    const { connectionString } = await hub.enrolDevice("heater-1");
    const client = await deviceClient(hub, connectionString);
    onTestFinished(() => void client.close().catch(() => undefined));
    await client.open();
    return { hub, client, twin: await openTwin(client) };
  }

  it("throttles twin requests of one device, until it is taken back", async () => {
    const { hub, twin } = await withTwin();
    const update = () =>
      new Promise<Error | null>((resolve) => twin.properties.reported["update"]({ a: 1 }, resolve));
    hub.core.operations.setThrottle("heater-1", true);
    expect((await update())?.message).toContain("Throttled");
    hub.core.operations.setThrottle("heater-1", false);
    expect(await update()).toBeFalsy();
  });

  it.each([400, 500, 503])("answers twin requests with %i and an empty body", async (status) => {
    const { hub, twin } = await withTwin();
    hub.core.faults.setTwinFault("heater-1", { status, body: "" });
    const before = hub.core.devices.get("heater-1")?.reported;
    // The SDK takes some of these for success: what counts is that nothing was changed.
    await new Promise((resolve) => {
      twin.properties.reported["update"]({ a: 1 }, resolve);
    });
    expect(hub.core.devices.get("heater-1")?.reported).toEqual(before);
  });
});
