/** The server certificate of a hub that runs for longer than the certificate is valid. */
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { expect, it } from "vitest";
import { hours, minutes, wallMillis } from "../../src/base/units.ts";
import type { RunningHub } from "../../src/hub/hub.ts";
import { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";
import { deviceClient, openTwin, register } from "./azure.ts";
import { eventually, testHub } from "./running-hub.ts";

const day = 86_400_000;

/** The serial numbers that MQTT and REST show to clients that trust the hub's authority. */
async function served({ addresses, caPem }: RunningHub): Promise<string[]> {
  const ask = async (port: number) => {
    const socket = connectTls({ host: "localhost", port, ca: caPem });
    await once(socket, "secureConnect");
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  return [await ask(addresses.mqttPort), await ask(addresses.restPort)];
}

it("is renewed in its last month without a restart, once, and left alone before", async () => {
  // In the past: clients check certificates by the real time, at which the first one has 27 days left.
  const startMs = Date.now() - 370 * day;
  const clock = new VirtualClock({ wallStart: wallMillis(startMs) });
  const hub = await testHub({ clock });
  const renewals = () => hub.lines.filter(({ event }) => event === "hub-certificate-renewed").length;
  const client = await deviceClient(hub, (await hub.enrolDevice("heater-1")).connectionString);
  await client.open();
  const first = await served(hub);
  expect(first[0]).toBe(first[1]);

  await clock.advance(hours(1));
  clock.jumpWallTo(wallMillis(startMs + 366 * day));
  await clock.advance(hours(1));
  expect(renewals()).toBe(0);
  expect(await served(hub)).toEqual(first);

  clock.jumpWallTo(wallMillis(startMs + 368 * day));
  await clock.advance(minutes(10));
  await eventually(() => renewals() > 0, "the renewal");
  const second = await served(hub);
  expect(second[0]).not.toBe(first[0]);
  expect(second[0]).toBe(second[1]);
  await clock.advance(hours(1));
  expect(renewals()).toBe(1);
  expect(await served(hub)).toEqual(second);
  // Devices with certificates are let in as before, and who was connected still is.
  const { cert, key } = await hub.enrolCertificate("heater-2");
  expect(await register(hub, "heater-2", { cert, privateKey: key })).toMatchObject({ deviceId: "heater-2" });
  expect((await openTwin(client)).properties.desired["$version"]).toBe(1);

  await client.close();
  await hub.close();
  expect(clock.pendingTimers).toBe(0);
});
