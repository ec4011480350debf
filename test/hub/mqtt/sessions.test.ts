/** What is stored of a device's subscriptions. */
import { expect, it } from "vitest";
import { Link } from "../../../src/hub/mqtt/links.ts";
import { DeviceSessions, type SessionParts } from "../../../src/hub/mqtt/sessions.ts";
import { type DeviceRecord, newDevice, sasAuthentication } from "../../../src/hub/registry/record.ts";

/** A session on a registry in memory, which counts its writes. */
function session({ clean }: { clean: boolean }) {
  let record: DeviceRecord = newDevice("heater-1", sasAuthentication(), 0);
  let writes = 0;
  const devices = {
    get: () => record,
    async change(_id: string, to: (record: DeviceRecord) => DeviceRecord) {
      record = to(record);
      writes += 1;
    },
  };
  const parts = { devices, methods: { subscribed() {} }, queue: { pump() {} } };
  const sessions = new DeviceSessions(parts as unknown as SessionParts);
  const link = new Link("heater-1", { clean } as never, {} as never, []);
  return {
    subscribe: (topic: string, qos: 0 | 1) => sessions.subscribed(link, [{ topic, qos }]),
    unsubscribe: (topic: string) => sessions.unsubscribed(link, [topic]),
    stored: () => sessions.subscriptions("heater-1").map(({ topic, qos }) => `${topic} ${qos}`),
    writes: () => writes,
  };
}

it("each is stored once, however often it is repeated, and again with another quality of service", () => {
  const { subscribe, unsubscribe, stored, writes } = session({ clean: false });
  for (const topic of ["twin", "methods", "twin", "methods"]) subscribe(topic, 0);
  expect(stored()).toEqual(["twin 0", "methods 0"]);
  expect(writes()).toBe(2);
  subscribe("twin", 1);
  expect(stored()).toEqual(["methods 0", "twin 1"]);
  expect(writes()).toBe(3);
  unsubscribe("methods");
  expect(stored()).toEqual(["twin 1"]);
});

it("none is stored of a session that does not outlive its connection", () => {
  const { subscribe, writes } = session({ clean: true });
  subscribe("twin", 0);
  expect(writes()).toBe(0);
});
