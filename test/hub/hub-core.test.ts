import { describe, expect, it } from "vitest";
import { millis, minutes, seconds } from "../../src/base/units.ts";
import { type HubCore, openHubCore } from "../../src/hub/hub-core.ts";
import { Link } from "../../src/hub/mqtt/links.ts";
import { cloudMessages, methodCalls } from "../../src/hub/mqtt/topics.ts";
import type { StreamEvent } from "../../src/hub/page-server/api.ts";
import { newDevice, sasAuthentication } from "../../src/hub/registry/record.ts";
import { memoryDocuments } from "../../src/hub/storage/documents.ts";
import { TelemetryLog } from "../../src/hub/twin/telemetry-log.ts";
import { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";
import { type LogLine, recordingLog } from "./running-hub.ts";

const id = "heater-1";

async function openHub(content = new Map<string, string>()) {
  const clock = new VirtualClock();
  const lines: LogLine[] = [];
  const core = await openHubCore(clock, recordingLog(lines), memoryDocuments(content));
  await core.operations.ensureDevice(id, sasAuthentication());
  const texts = () => core.timeline.of(id, 500).map(({ text }) => text);
  return { clock, core, lines, texts };
}

/** A device that takes what it is sent and says nothing by itself. */
function connect(core: HubCore, deviceId = id) {
  const topics: string[] = [];
  const cuts: string[] = [];
  const client = { clean: true, publish: ({ topic }: { topic: string }) => topics.push(topic) };
  const cable = { cut: (how: string) => cuts.push(how) };
  const filters = [cloudMessages(deviceId), methodCalls];
  const link = new Link(deviceId, client as never, cable as never, filters);
  core.sessions.registered(link);
  core.sessions.ready(link);
  return { link, topics, cuts };
}

describe("a message that waits for a device", () => {
  it("is there until its time is over, and goes by itself then", async () => {
    const { clock, core, texts } = await openHub();
    await core.operations.sendMessage(id, { body: "1", properties: {}, ttlSeconds: 60 });
    await core.operations.sendMessage(id, {
      body: "2",
      properties: { "method-name": "boost" },
      ttlSeconds: 90,
    });
    await clock.advance(seconds(59));
    expect(core.views.summary(id)?.queuedMessages).toBe(2);
    await clock.advance(seconds(1));
    expect(core.views.summary(id)?.queuedMessages).toBe(1);
    await clock.advance(seconds(30));
    expect(core.views.summary(id)?.queuedMessages).toBe(0);
    expect(texts().slice(-2)).toEqual(["a message expired", "offline command boost expired"]);
  });

  it("is dropped after ten deliveries that nobody acknowledged, and the next one goes", async () => {
    const { clock, core, texts } = await openHub();
    await core.operations.sendMessage(id, { body: "1", properties: {}, messageId: "first" });
    await core.operations.sendMessage(id, { body: "2", properties: {}, messageId: "second" });
    for (let time = 1; time <= 10; time++) {
      expect(core.devices.get(id)?.queue[0]?.messageId).toBe("first");
      const { link, topics } = connect(core);
      expect(topics).toHaveLength(1);
      core.sessions.closed(link);
      await clock.settle();
    }
    expect(core.devices.get(id)?.queue.map(({ messageId }) => messageId)).toEqual(["second"]);
    expect(texts().filter((text) => text.includes("dropped after 10"))).toHaveLength(1);
    await core.operations.sendMessage(id, { body: "3", properties: {} });
    const { link, topics } = connect(core);
    for (const left of [1, 0]) {
      link.acknowledged();
      await clock.settle();
      expect(core.views.summary(id)?.queuedMessages).toBe(left);
    }
    expect(topics).toHaveLength(2);
  });
});

describe("a direct method", () => {
  it("ends at once when its device goes", async () => {
    const { clock, core } = await openHub();
    const { link } = connect(core);
    const outcome = core.operations.invoke(id, "identify", null, 300);
    core.sessions.closed(link);
    expect(await outcome).toMatchObject({ failed: "timeout", why: expect.stringContaining("disconnected") });
    expect(clock.now()).toBe(0);
  });

  it("takes no answer but its own device's, and ends when its time is over", async () => {
    const { clock, core } = await openHub();
    const { link } = connect(core);
    await core.operations.ensureDevice("other", sasAuthentication());
    const other = connect(core, "other");
    const outcome = core.operations.invoke(id, "identify", null, 30);
    core.methods.answered(other.link, "1", 200, "{}");
    await clock.advance(seconds(29));
    await clock.advance(seconds(1));
    expect(await outcome).toMatchObject({ failed: "timeout", why: expect.stringContaining("30 s") });
    core.methods.answered(link, "1", 200, "{}");
  });
});

describe("an id that two devices use", () => {
  const replace = (core: HubCore) => {
    core.links.replacing(id);
    connect(core);
  };

  it("is told of once they have pushed each other out three times, each within a minute", async () => {
    const { clock, core, lines } = await openHub();
    const told = () => lines.filter(({ event }) => event === "hub-id-contested").length;
    connect(core);
    for (const expected of [0, 0, 1, 1, 1]) {
      await clock.advance(seconds(59));
      replace(core);
      expect(told()).toBe(expected);
    }
  });

  it("is none for a device that comes back now and then", async () => {
    const { clock, core, lines } = await openHub();
    connect(core);
    for (let time = 0; time < 6; time++) {
      await clock.advance(minutes(1));
      replace(core);
    }
    expect(lines.filter(({ event }) => event === "hub-id-contested")).toEqual([]);
  });
});

describe("a device that is registered", () => {
  it("is told of in the timeline, and again only when its credentials are others", async () => {
    const { core, texts } = await openHub(new Map());
    expect(texts()).toEqual(["registered"]);
    const { authentication } = core.devices.get(id) ?? newDevice(id, sasAuthentication(), 0);
    await core.operations.ensureDevice(id, authentication);
    expect(texts()).toEqual(["registered"]);
    await core.operations.ensureDevice(id, sasAuthentication());
    expect(texts()).toEqual(["registered", "enrolled again"]);
  });

  it("has every edit of a desired value in its timeline, with what it was, and where it was deleted", async () => {
    const { core } = await openHub();
    for (const value of [19, 20, null]) await core.twins.edit(id, { desired: { targetTemperature: value } });
    expect(core.timeline.of(id, 3)).toMatchObject([
      { text: "desired targetTemperature was set to 19", version: 2, whileOffline: true },
      { text: "desired targetTemperature was set to 20", version: 3, before: 19 },
      { text: "desired targetTemperature was deleted", version: 4, before: 20 },
    ]);
  });

  it("has no model until it names one, and keeps that when it comes without", async () => {
    const { clock, core } = await openHub();
    const modelIs = () => core.views.summary(id)?.modelId;
    expect(modelIs()).toBeNull();
    const client = { clean: true } as never;
    for (const named of ["dtmi:example:heater;1", ""]) {
      core.sessions.open(client, {} as never, id, named);
      await clock.settle();
      expect(modelIs()).toBe("dtmi:example:heater;1");
    }
  });

  it("shows since when it is connected, or away", async () => {
    const { clock, core } = await openHub();
    expect(core.views.summary(id)).toMatchObject({ connected: false, connectionChangedMs: null });
    await clock.advance(seconds(5));
    const cameMs = clock.wallNow();
    const { link } = connect(core);
    expect(core.views.summary(id)).toMatchObject({ connected: true, connectionChangedMs: cameMs });
    await clock.advance(seconds(5));
    core.sessions.closed(link);
    expect(core.views.summary(id)).toMatchObject({ connected: false, connectionChangedMs: cameMs + 5000 });
  });
});

describe("a device that nobody registered", () => {
  it("is told to whoever edits its twin or sends it a message, and none is made of it", async () => {
    const { core } = await openHub();
    const refused = { refused: "not-found", why: "there is no device nobody" };
    expect(await core.twins.edit("nobody", { desired: { a: 1 } })).toMatchObject(refused);
    expect(await core.operations.sendMessage("nobody", { body: "1", properties: {} })).toMatchObject({
      refused: "not-found",
    });
    expect(core.views.summary("nobody")).toBeUndefined();
    expect(core.views.detail("nobody")).toBeUndefined();
  });
});

describe("a device that is removed", () => {
  it("leaves nothing behind that the next one of its name would have", async () => {
    const { core } = await openHub();
    const { cuts } = connect(core);
    core.telemetry.add(id, {
      messageId: undefined,
      properties: {},
      body: { a: 1 },
      atMs: 1,
      receivedMs: 1,
    });
    core.operations.setThrottle(id, true);
    core.faults.setTwinFault(id, "nothing");
    core.operations.setCable(id, "close");
    await core.operations.removeDevice(id);
    expect(cuts).toContain("close");
    expect(core.timeline.of(id, 10)).toEqual([]);
    await core.operations.ensureDevice(id, sasAuthentication());
    expect(core.views.summary(id)).toMatchObject({ throttled: false, cable: "connected", latest: {} });
    expect(core.telemetry.messages(id)).toEqual([]);
    expect(core.faults.twinAnswer(id)).toBeUndefined();
  });

  it("is cut off when it is disabled, and only then", async () => {
    const { core } = await openHub();
    const { cuts } = connect(core);
    const record = core.devices.get(id) ?? newDevice(id, sasAuthentication(), 0);
    await core.operations.putDevice({ ...record, statusReason: "x" }, "changed");
    expect(cuts).toEqual([]);
    await core.operations.putDevice({ ...record, enabled: false }, "changed");
    expect(cuts).toEqual(["close"]);
  });
});

describe("the timeline", () => {
  it("keeps the newest 500 of a device at least, and no noise of one pushes out another's", async () => {
    const { core } = await openHub();
    await core.operations.ensureDevice("quiet", sasAuthentication());
    for (let at = 0; at < 5000; at++) {
      core.timeline.add({ deviceId: id, kind: "event", actor: "device", text: `${at}` });
    }
    const kept = core.timeline.of(id, 10_000);
    expect(kept.length).toBeGreaterThanOrEqual(500);
    expect(kept.length).toBeLessThanOrEqual(550);
    expect(kept.at(-1)?.text).toBe("4999");
    expect(core.timeline.of("quiet", 10)).toHaveLength(1);
  });

  it("is bounded over all devices too", async () => {
    const { core } = await openHub();
    for (let at = 0; at < 10_000; at++) {
      core.timeline.add({ deviceId: `d${at % 100}`, kind: "event", actor: "device", text: "" });
    }
    expect(core.timeline.after(0).length).toBeLessThanOrEqual(2200);
    expect(core.timeline.after(0).length).toBeGreaterThanOrEqual(2000);
  });

  it("is saved within a minute while it is short, and numbers on beyond what a crash may have lost", async () => {
    const content = new Map<string, string>();
    const { clock, core } = await openHub(content);
    expect(content.get("timeline")).toBeUndefined();
    await clock.advance(seconds(60));
    expect(content.get("timeline")).toBeDefined();
    const last = core.timeline.of(id, 1)[0]?.sequence ?? 0;
    core.timeline.add({ deviceId: id, kind: "event", actor: "device", text: "lost with the crash" });
    const next = await openHub(content);
    next.core.timeline.add({ deviceId: id, kind: "event", actor: "device", text: "after it" });
    // A page that saw the number that was lost would take another event for it.
    expect(Math.min(...next.core.timeline.after(last).map(({ sequence }) => sequence))).toBeGreaterThan(
      last + 1,
    );
    expect(next.core.timeline.of(id, 10)).not.toContainEqual(
      expect.objectContaining({ text: "lost with the crash" }),
    );
  });

  it("keeps what was noted of a device over a good end", async () => {
    const content = new Map<string, string>();
    const { clock, core } = await openHub(content);
    await clock.advance(minutes(5));
    connect(core);
    await core.close();
    const next = await openHub(content);
    expect(next.core.views.summary(id)?.lastActivityMs).toBe(core.views.summary(id)?.lastActivityMs);
    expect(next.core.views.summary(id)?.lastActivityMs).not.toBeNull();
  });
});

describe("the feed", () => {
  it("gathers changes of a device for a moment, and the whole twin is told if any was of it", async () => {
    const { clock, core } = await openHub();
    const told: StreamEvent[] = [];
    const stop = core.feed.listen((event) => told.push(event));
    core.feed.changed(id, false);
    core.feed.changed(id, true);
    core.feed.changed(id, false);
    await clock.advance(millis(49));
    expect(told).toEqual([]);
    await clock.advance(millis(1));
    expect(told.map(({ type }) => type)).toEqual(["twin"]);
    core.feed.changed(id, false);
    await clock.advance(millis(50));
    expect(told.map(({ type }) => type)).toEqual(["twin", "device"]);
    stop();
    core.feed.changed(id, true);
    await clock.advance(millis(50));
    expect(told).toHaveLength(2);
  });
});

describe("telemetry", () => {
  const message = (body: Record<string, number>, atMs: number) => ({
    messageId: undefined,
    properties: {},
    body,
    atMs,
    receivedMs: atMs,
  });

  it("is held to 32 names, 2,000 points and about 1,000 messages, the newest", () => {
    const log = new TelemetryLog();
    const wide = Object.fromEntries(Array.from({ length: 40 }, (_each, at) => [`n${at}`, at]));
    log.add(id, message(wide, 1));
    expect(Object.keys(log.latest(id))).toHaveLength(32);
    for (let at = 2; at < 3000; at++) log.add(id, message({ n0: at }, at));
    const { atMs = [], values = [] } = log.history(id, 0)["n0"] ?? {};
    expect([atMs.length, atMs.at(-1), values.at(-1)]).toEqual([2000, 2999, 2999]);
    const kept = log.messages(id).length;
    expect(kept).toBeGreaterThanOrEqual(1000);
    expect(kept).toBeLessThanOrEqual(1100);
    expect(log.messages(id).at(-1)?.atMs).toBe(2999);
  });

  it("is held to names of 64 characters and texts of 256, and gives texts no history", () => {
    const log = new TelemetryLog();
    const [long, longest] = ["n".repeat(65), "n".repeat(64)];
    const text = "x".repeat(256);
    const body = { [long]: 1, [longest]: 2, text, tooLong: `${text}x`, list: [1], on: true };
    log.add(id, { ...message({}, 5), body });
    expect(log.latest(id)).toEqual({
      [longest]: { value: 2, atMs: 5 },
      text: { value: text, atMs: 5 },
      on: { value: true, atMs: 5 },
    });
    expect(log.history(id, 0)).toEqual({
      [longest]: { atMs: [5], values: [2] },
      on: { atMs: [5], values: [1] },
    });
  });

  it("is told to pages as readings where it is an object, and of no other body", async () => {
    const { clock, core } = await openHub();
    const told: StreamEvent[] = [];
    core.feed.listen((event) => told.push(event));
    const { link } = connect(core);
    const say = (body: string) =>
      core.sessions.received(link, {
        topic: `devices/${id}/messages/events/`,
        payload: Buffer.from(body),
      } as never);
    for (const body of ['{"temperature":20}', '"a text"', "[1,2]", "null", "7", "no JSON"]) {
      expect(await say(body)).toBe(true);
    }
    await clock.advance(seconds(1));
    const readings = told.filter((event) => event.type === "telemetry");
    expect(readings).toMatchObject([{ deviceId: id, values: { temperature: 20 } }]);
    expect(core.telemetry.messages(id)).toHaveLength(6);
  });

  it("of more than 256 KB ends the connection, and nothing of it is kept", async () => {
    const { core } = await openHub();
    const { link } = connect(core);
    const topic = `devices/${id}/messages/events/`;
    const say = (bytes: number) =>
      core.sessions.received(link, { topic, payload: Buffer.alloc(bytes, "1") } as never);
    expect(await say(256 * 1024)).toBe(true);
    expect(await say(256 * 1024 + 1)).toBe(false);
    expect(core.telemetry.messages(id)).toHaveLength(1);
  });

  it("has one point for a time, and gives what came after the time that is asked for", () => {
    const log = new TelemetryLog();
    log.add(id, message({ a: 1 }, 10));
    log.add(id, message({ a: 2 }, 10));
    log.add(id, message({ a: 3 }, 20));
    expect(log.history(id, 0)).toEqual({ a: { atMs: [10, 20], values: [2, 3] } });
    expect(log.history(id, 10)).toEqual({ a: { atMs: [20], values: [3] } });
    expect(log.history(id, 20)).toEqual({});
  });
});
