/** Many devices of the genuine SDK on one hub. */
import { expect, it } from "vitest";
import { deviceClient, Message, openTwin, report } from "../azure.ts";
import { eventually, testHub } from "../running-hub.ts";

const count = 60;

it(`serves ${count} SDK devices at once, each its own twin and no other's`, async () => {
  const hub = await testHub();
  const ids = [...Array(count).keys()].map((at) => `heater-${at}`);
  const devices = await Promise.all(
    ids.map(async (id) => {
      const { connectionString } = await hub.enrolDevice(id);
      const client = await deviceClient(hub, connectionString);
      await client.open();
      const twin = await openTwin(client);
      const told: unknown[] = [];
      twin.on("properties.desired.name", (name: unknown) => told.push(name));
      return { id, client, twin, told };
    }),
  );
  expect(hub.core.links.size).toBe(count);
  await Promise.all(
    devices.map(async ({ id, client, twin }) => {
      await report(twin, { iAm: id });
      await client.sendEvent(new Message(JSON.stringify({ temperature: Number(id.slice(7)) })));
    }),
  );
  await eventually(
    () => ids.every((id) => (hub.core.links.get(id)?.subscriptions.size ?? 0) === 2),
    "the subscriptions",
  );
  await Promise.all(ids.map((id) => hub.core.twins.edit(id, { desired: { name: id } })));
  await eventually(() => devices.every(({ told }) => told.length > 0), "the desired patches");
  for (const { id, told } of devices) {
    expect(told).toEqual([id]);
    expect(hub.core.devices.get(id)?.reported.properties).toEqual({ iAm: id });
    expect(hub.core.telemetry.history(id, 0)["temperature"]?.values).toEqual([Number(id.slice(7))]);
  }
  await Promise.all(devices.map(({ client }) => client.close()));
}, 60_000);
