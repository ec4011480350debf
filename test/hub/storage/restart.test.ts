/** What outlasts the hub's process. */
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readChecked } from "../../../src/base/files/checked-text.ts";
import { minutes } from "../../../src/base/units.ts";
import { openHubCore } from "../../../src/hub/hub-core.ts";
import { memoryDocuments } from "../../../src/hub/storage/documents.ts";
import { Timeline } from "../../../src/hub/twin/timeline.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { deviceClient, openTwin, register, registryOf, report } from "../azure.ts";
import { eventually, recordingLog, shiftedClock, temporaryFolder, testHub } from "../running-hub.ts";

const day = 86_400_000;

describe("a hub that is started again", () => {
  it("has its devices, twins, versions, queues, keys and certificates as they were", async () => {
    const dataPath = await temporaryFolder();
    const first = await testHub({ dataPath });
    const { symmetricKey, connectionString } = await first.enrolDevice("heater-1");
    const client = await deviceClient(first, connectionString);
    await client.open();
    await report(await openTwin(client), { firmwareVersion: "1.2.3" });
    await client.close();
    await first.core.twins.edit("heater-1", { desired: { targetTemperature: 20 }, tags: { room: "hall" } });
    await first.core.operations.sendMessage("heater-1", {
      body: "5",
      properties: { "method-name": "boost" },
    });
    const before = first.core.devices.get("heater-1");
    const events = first.core.timeline.of("heater-1", 100);
    await first.close();

    const second = await testHub({ dataPath, mqttPort: first.addresses.mqttPort });
    expect(second.caPem).toBe(first.caPem);
    expect(second.addresses.idScope).toBe(first.addresses.idScope);
    expect(second.serviceConnectionString()).toBe(first.serviceConnectionString());
    expect(second.core.devices.get("heater-1")).toEqual(before);
    expect(second.core.timeline.of("heater-1", 100)).toEqual(events);
    await register(second, "heater-1", { key: symmetricKey });
    const again = await deviceClient(second, connectionString);
    await again.open();
    const twin = await openTwin(again);
    expect(twin.properties.desired).toMatchObject({ targetTemperature: 20, $version: 2 });
    await again.close();
    expect((await registryOf(second).getTwin("heater-1")).responseBody.tags).toEqual({ room: "hall" });
  });

  it("has its id scope and keys from its first start on, also when that was killed before anything was enrolled", async () => {
    const content = new Map<string, string>();
    const open = () => openHubCore(new VirtualClock(), recordingLog([]), memoryDocuments(content));
    const { settings: first } = await open();
    const { settings: second } = await open();
    expect(second.idScope).toBe(first.idScope);
    expect(second.groups).toEqual(first.groups);
    expect(second.policy("iothubowner")).toEqual(first.policy("iothubowner"));
  });

  it("is not written over by the one before, whose last connections ended after it had saved", async () => {
    const content = new Map<string, string>();
    const clock = new VirtualClock();
    const timeline = await Timeline.open(memoryDocuments(content), clock, () => {});
    const event = { deviceId: "heater-1", kind: "disconnected", actor: "device", text: "" } as const;
    timeline.add(event);
    await timeline.close();
    content.set("timeline", "the next hub's");
    timeline.add(event);
    await clock.advance(minutes(1));
    expect(content.get("timeline")).toBe("the next hub's");
    expect(clock.pendingTimers).toBe(0);
  });

  it("keeps a device's MQTT session: one that does not subscribe again is still told", async () => {
    const dataPath = await temporaryFolder();
    const first = await testHub({ dataPath });
    const { connectionString } = await first.enrolDevice("heater-1");
    const client = await deviceClient(first, connectionString);
    await client.open();
    const twin = await openTwin(client);
    twin.on("properties.desired", () => {});
    await eventually(
      () => first.core.devices.get("heater-1")?.subscriptions.length === 2,
      "the subscriptions",
    );
    await first.close();
    await client.close().catch(() => undefined);

    const second = await testHub({ dataPath, mqttPort: first.addresses.mqttPort });
    const again = await deviceClient(second, connectionString);
    await again.open();
    expect(await second.core.twins.edit("heater-1", { desired: { a: 1 } })).toMatchObject({ pushed: true });
    await again.close();
  });

  it("keeps every file to its owner", async () => {
    const dataPath = await temporaryFolder();
    const hub = await testHub({ dataPath });
    await hub.enrolDevice("heater-1");
    await hub.close();
    expect((await stat(dataPath)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(dataPath)) {
      expect([name, (await stat(join(dataPath, name))).mode & 0o777]).toEqual([name, 0o600]);
    }
  });

  it("lays a device's files aside when both generations are damaged, says so, and goes on with the others", async () => {
    const dataPath = await temporaryFolder();
    const first = await testHub({ dataPath });
    await first.enrolDevice("heater-1");
    await first.enrolDevice("heater-2");
    await first.close();
    await writeFile(join(dataPath, "device-heater-1.json"), "{ torn");
    await writeFile(join(dataPath, "device-heater-1.json.previous"), "");
    const second = await testHub({ dataPath });
    expect(second.core.devices.all().map(({ id }) => id)).toEqual(["heater-2"]);
    expect(second.lines.some(({ event }) => event === "hub-document-unreadable")).toBe(true);
    expect(await readFile(join(dataPath, "device-heater-1.json.unreadable-1"), "utf8")).toBe("{ torn");
  });

  it("renews its server certificate in its last month, under the same authority", async () => {
    const dataPath = await temporaryFolder();
    const first = await testHub({ dataPath });
    await first.close();
    const pem = async () => {
      const stored = readChecked(await readFile(join(dataPath, "server.json"), "utf8"));
      return JSON.parse(stored?.text ?? "").cert as string;
    };
    const made = await pem();
    const soon = await testHub({ dataPath, clock: shiftedClock(() => 300 * day) });
    await soon.close();
    expect(await pem()).toBe(made);
    const late = await testHub({ dataPath, clock: shiftedClock(() => 380 * day) });
    expect(await pem()).not.toBe(made);
    expect(late.caPem).toBe(first.caPem);
  });
});
