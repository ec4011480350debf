/** Thousands who connect and say nothing: held to a bound, which is said, and devices get in beside them. */
import { connect, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { millis } from "../../../src/base/units.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { deviceClient } from "../azure.ts";
import { testHub } from "../running-hub.ts";

it("lets a device in while 2,000 strangers sit at the door, and says once that they are many", {
  timeout: 60_000,
}, async () => {
  const hub = await testHub();
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  // In waves that the system's queue of unaccepted connections holds; it would let the others wait for seconds.
  for (let wave = 0; wave < 23; wave++) {
    const some = Array.from({ length: 100 }, () => connect(hub.addresses.mqttPort, "127.0.0.1"));
    sockets.push(...some);
    for (const socket of some) socket.on("error", () => {});
    await Promise.all(some.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
  }
  const full = () => hub.lines.filter(({ fields }) => fields["reason"] === "too many connections");
  while (full().length === 0) await systemClock.sleep(millis(10));
  const { connectionString } = await hub.enrolDevice("heater-1");
  const client = await deviceClient(hub, connectionString);
  onTestFinished(() => void client.close().catch(() => undefined));
  await client.open();
  await hub.core.twins.edit("heater-1", { desired: { targetTemperature: 20 } });
  const twin = await client.getTwin();
  expect(twin.properties.desired).toMatchObject({ targetTemperature: 20 });
  expect(sockets.filter(({ destroyed }) => !destroyed).length).toBeLessThanOrEqual(500);
  expect(full()).toHaveLength(1);
});
