/** The stream of events to the page, in virtual time. */
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { seconds } from "../../../src/base/units.ts";
import { openHubCore } from "../../../src/hub/hub-core.ts";
import { hubPage } from "../../../src/hub/page-server/hub-page.ts";
import { addStream } from "../../../src/hub/page-server/stream.ts";
import { newDevice, sasAuthentication } from "../../../src/hub/registry/record.ts";
import { memoryDocuments } from "../../../src/hub/storage/documents.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { recordingLog } from "../running-hub.ts";

async function openHub() {
  const clock = new VirtualClock();
  const log = recordingLog([]);
  const core = await openHubCore(clock, log, memoryDocuments());
  const app = new Hono();
  const { firstEvents } = hubPage({
    ...core,
    clock,
    log,
    idScope: core.settings.idScope,
    startedMs: 0,
    hubHost: "localhost:8883",
    exposed: false,
    unit: () => "C",
    isSealed: () => false,
    hostNames: { includes: () => true, isNamed: () => false },
    password: undefined,
    monitoring: false,
    pagePath: undefined,
    firmwareFeedPath: undefined,
  });
  addStream(app, { clock, log, feed: core.feed, firstEvents });
  const come = async () => {
    const { status, body } = await app.request("/api/events");
    const reader = body?.getReader();
    const read = async () => Buffer.from((await reader?.read())?.value ?? []).toString();
    return { status, read, leave: () => reader?.cancel() };
  };
  return { clock, core, come };
}

/** An event of some size. */
const told = (bytes: number) => ({
  type: "telemetry" as const,
  deviceId: "heater-1",
  atMs: 0,
  values: { note: "x".repeat(bytes) },
});

describe("the stream of events", () => {
  it("says that it is still there every 15 s, so that no proxy takes it for dead", async () => {
    const { clock, come } = await openHub();
    const { read } = await come();
    expect(await read()).toMatch(/^event: hello\n/);
    let beats = 0;
    void (async () => {
      while ((await read()) === ": still here\n\n") beats++;
    })();
    await clock.advance(seconds(14.9));
    expect(beats).toBe(0);
    await clock.advance(seconds(0.1));
    expect(beats).toBe(1);
    await clock.advance(seconds(45));
    expect(beats).toBe(4);
  });

  it("opens for a hub with more devices than may wait in it, and goes on", async () => {
    const { core, come } = await openHub();
    const modelId = "m".repeat(256);
    for (let at = 0; at < 7500; at++) {
      const id = `${"x".repeat(120)}-${at}`;
      await core.devices.put({ ...newDevice(id, sasAuthentication(), 0), modelId });
    }
    const { read } = await come();
    const hello = await read();
    expect(hello.length).toBeGreaterThan(4 * 1024 * 1024);
    core.feed.publish(told(10));
    expect(await read()).toMatch(/^event: telemetry\n/);
  });

  it("drops a reader that stalls, whole, and troubles nobody with it afterwards", async () => {
    const { clock, core, come } = await openHub();
    const stalled = await come();
    const lively = await come();
    await lively.read();
    for (let megabyte = 0; megabyte < 6; megabyte++) {
      core.feed.publish(told(1024 * 1024));
      expect(await lively.read()).toMatch(/^event: telemetry\n/);
    }
    await lively.leave();
    expect(clock.pendingTimers).toBe(0);
    expect(() => core.feed.publish(told(1))).not.toThrow();
    const got: string[] = [];
    for (let text = await stalled.read(); text !== ""; text = await stalled.read()) got.push(text);
    expect(got.length).toBeLessThan(7);
    expect((await come()).status).toBe(200);
  });

  it("has room for fifty pages, and again when one has gone", async () => {
    const { come } = await openHub();
    const pages = await Promise.all(Array.from({ length: 50 }, come));
    expect(pages.map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect((await come()).status).toBe(429);
    await pages[7]?.leave();
    expect((await come()).status).toBe(200);
    expect((await come()).status).toBe(429);
  });
});
