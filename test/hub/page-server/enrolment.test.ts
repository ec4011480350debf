/** A device is added on the page. */
import { describe, expect, it, onTestFinished } from "vitest";
import type { RunningHub } from "../../../src/hub/hub.ts";
import type { DeviceDetail } from "../../../src/hub/page-server/api.ts";
import type { Enrolled } from "../../../src/hub/page-server/enrolment/api.ts";
import { deviceClient } from "../azure.ts";
import { testHub } from "../running-hub.ts";
import { ask } from "./ask.ts";

describe("a device that is added on the page", () => {
  const add = (hub: RunningHub, body: unknown) => ask(hub, "POST", "/api/devices", body);

  it("connects by the connection string that is answered, and is on the page at once", async () => {
    const hub = await testHub();
    const answer = await add(hub, { id: "attic-2" });
    expect(answer.status).toBe(201);
    const { id, connectionString } = JSON.parse(answer.text) as Enrolled;
    expect(id).toBe("attic-2");
    const client = await deviceClient(hub, connectionString);
    onTestFinished(() => void client.close().catch(() => undefined));
    await client.open();
    const devices = JSON.parse((await ask(hub, "GET", "/api/devices")).text) as DeviceDetail[];
    expect(devices.map((device) => [device.id, device.connected])).toEqual([["attic-2", true]]);
  });

  it("is refused where there is one, so that nobody reads the key of a device in use", async () => {
    const hub = await testHub();
    const { symmetricKey } = await hub.enrolDevice("heater-1");
    const answer = await add(hub, { id: "heater-1" });
    expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([409, "exists"]);
    expect(answer.text).not.toContain(symmetricKey);
  });

  it.each([[{}], [{ id: "" }], [{ id: "no spaces" }], [{ id: "x".repeat(129) }], [{ id: 7 }], [[]]])(
    "needs an id that DPS accepts: %j",
    async (body) => {
      const hub = await testHub();
      expect((await add(hub, body)).status).toBe(400);
      expect(hub.core.devices.size).toBe(0);
    },
  );

  it("needs more than a stranger's page, and more than a form", async () => {
    const hub = await testHub();
    const body = { id: "attic-2" };
    for (const headers of [{ origin: "http://evil.example" }, { "content-type": "text/plain" }])
      expect((await ask(hub, "POST", "/api/devices", body, headers)).status).toBeGreaterThanOrEqual(400);
    expect(hub.core.devices.size).toBe(0);
  });
});
