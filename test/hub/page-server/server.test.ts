/** The page's API, as a browser and as an intruder would ask it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DeviceMethodRequest, DeviceMethodResponse } from "azure-iot-device";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { type HubOptions, type RunningHub, startHub } from "../../../src/hub/hub.ts";
import type { DeviceDetail, PanelView, StreamEvent } from "../../../src/hub/page-server/api.ts";
import { deviceClient, Message, openTwin, report } from "../azure.ts";
import { eventually, recordedSeries, recordingLog, temporaryFolder, testHub } from "../running-hub.ts";
import { ask } from "./ask.ts";

const front: PanelView = {
  screen: { kind: "text", lines: ["17.6°C 48%  HEAT", "Set 19.0°   Auto"] },
  fitted: true,
  dimmed: false,
  modeLed: true,
  statusLed: false,
  relay: true,
  room: {
    air: 17.6,
    outside: 2,
    windowOpen: false,
    faults: [{ name: "nack", doc: "the sensor does not acknowledge", active: false }],
  },
};

const detailOf = async (hub: RunningHub): Promise<DeviceDetail> =>
  JSON.parse((await ask(hub, "GET", "/api/devices/heater-1")).text) as DeviceDetail;

async function withDevice(options: Partial<HubOptions> = {}) {
  const hub = await testHub(options);
  const { connectionString } = await hub.enrolDevice("heater-1");
  const client = await deviceClient(hub, connectionString);
  onTestFinished(() => void client.close().catch(() => undefined));
  await client.open();
  return { hub, client, twin: await openTwin(client) };
}

/** Reads the event stream until `enough`. */
async function stream(hub: RunningHub, enough: (events: StreamEvent[]) => boolean, lastEventId?: number) {
  const events: StreamEvent[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const headers = lastEventId === undefined ? {} : { "last-event-id": String(lastEventId) };
  const response = await fetch(`http://localhost:${hub.addresses.pagePort}/api/events`, {
    headers,
    signal: stop.signal,
  });
  let text = "";
  const read = async () => {
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
        const frame = text.slice(0, end);
        text = text.slice(end + 2);
        const type = /^event: (.*)$/m.exec(frame)?.[1];
        if (type !== undefined)
          events.push({ type, ...JSON.parse(/^data: (.*)$/m.exec(frame)?.[1] ?? "{}") } as StreamEvent);
      }
      if (enough(events)) break;
    }
  };
  return { events, done: read().finally(() => stop.abort()) };
}

describe("the page's API", () => {
  it("shows what a device reports of its updates, in the list too", async () => {
    const { hub, twin } = await withDevice();
    expect((await detailOf(hub)).firmware).toBeNull();
    await report(twin, { firmware: { __t: "c", installed: "1.1.0", state: "downloading", progress: 40 } });
    const firmware = { installed: "1.1.0", state: "downloading", progress: 40, lastResult: null };
    expect(await detailOf(hub)).toMatchObject({ firmware });
    expect(JSON.parse((await ask(hub, "GET", "/api/devices")).text)).toMatchObject([{ firmware }]);
  });

  it("shows a device with each property pending, then acknowledged, refused or overruled", async () => {
    const { hub, twin } = await withDevice();
    const wanted = { targetTemperature: 21, controlMode: "party", sensorOffset: 1 };
    const edited = await ask(hub, "PATCH", "/api/devices/heater-1/desired", {
      properties: wanted,
      ifVersion: 1,
    });
    expect(JSON.parse(edited.text)).toMatchObject({ desiredVersion: 2 });
    const standing = async () =>
      Object.fromEntries((await detailOf(hub)).properties.map((row) => [row.name, row.status]));
    expect(await standing()).toEqual({
      targetTemperature: "pending",
      controlMode: "pending",
      sensorOffset: "pending",
    });
    await report(twin, {
      targetTemperature: { value: 21, ac: 200, av: 2, ad: "" },
      controlMode: { value: "auto", ac: 400, av: 2, ad: "must be one of auto, manual" },
      sensorOffset: { value: 0.5, ac: 203, av: 2, ad: "device-wins" },
      board: "pi",
    });
    expect(await standing()).toEqual({
      targetTemperature: "acknowledged",
      controlMode: "refused",
      sensorOffset: "overruled",
      board: "device-only",
    });
    const timeline = JSON.parse((await ask(hub, "GET", "/api/devices/heater-1/timeline")).text) as {
      kind: string;
    }[];
    expect(timeline.map(({ kind }) => kind)).toEqual([
      "registry",
      "connected",
      ...["desired", "desired", "desired"],
      ...["acknowledged", "refused", "conflict", "reported"],
    ]);
  });

  it("calls a command, and says when the device is away or does not answer", async () => {
    const { hub, client } = await withDevice();
    client.onDeviceMethod("boost", (asked: DeviceMethodRequest, response: DeviceMethodResponse) => {
      if (asked.payload !== "never") response.send(200, asked.payload, () => {});
    });
    await eventually(() => (hub.core.links.get("heater-1")?.subscriptions.size ?? 0) > 1, "the subscription");
    const path = "/api/devices/heater-1/command";
    const answered = await ask(hub, "POST", path, { name: "boost", payload: { minutes: 5 } });
    expect(JSON.parse(answered.text)).toMatchObject({ status: 200, payload: { minutes: 5 } });
    expect(
      (await ask(hub, "POST", path, { name: "boost", payload: "never", timeoutSeconds: 1 })).status,
    ).toBe(504);
    for (const timeoutSeconds of [0, 301]) {
      const { status } = await ask(hub, "POST", path, { name: "boost", payload: null, timeoutSeconds });
      expect(status).toBe(400);
    }
    await client.close();
    await eventually(() => hub.core.links.size === 0, "the disconnection");
    expect((await ask(hub, "POST", path, { name: "boost", payload: null })).status).toBe(409);
    expect(
      (await ask(hub, "POST", "/api/devices/heater-1/message", { name: "boost", payload: null })).status,
    ).toBe(202);
  });

  it("pulls the cable and gives history", async () => {
    const { hub, client } = await withDevice();
    await client.sendEvent(new Message(JSON.stringify({ temperature: 20 })));
    const history = JSON.parse((await ask(hub, "GET", "/api/devices/heater-1/history?sinceMs=0")).text);
    expect(history.series.temperature.values).toEqual([20]);
    const pulled = await ask(hub, "PUT", "/api/devices/heater-1/cable", { state: "reset" });
    expect(JSON.parse(pulled.text)).toMatchObject({ cable: "reset" });
    await eventually(() => hub.core.links.size === 0, "the break");
  });

  it.each([
    ["heater-1", [18, null, 20]],
    ["another", [20]],
  ])(
    "puts what the unit beside it, %s, has recorded before what it has in memory",
    async (deviceId, values) => {
      const series = { temperature: { atMs: [1000, 2000], values: [18, null] } };
      const { hub, client } = await withDevice({ recorded: recordedSeries(deviceId, series) });
      await client.sendEvent(new Message(JSON.stringify({ temperature: 20 })));
      const history = JSON.parse((await ask(hub, "GET", "/api/devices/heater-1/history?sinceMs=0")).text);
      expect(history.series.temperature.values).toEqual(values);
    },
  );

  it("streams hello first, then changes, and to a page that comes back what it missed", async () => {
    const { hub, twin } = await withDevice();
    const isDone = (events: StreamEvent[]) => events.some((event) => event.type === "twin");
    const first = await stream(hub, isDone);
    await report(twin, { board: "pi" });
    await first.done;
    expect(first.events[0]).toMatchObject({ type: "hello", devices: [{ id: "heater-1" }] });
    const [missed] = first.events.flatMap((event) => (event.type === "timeline" ? [event.event] : []));
    expect(missed).toMatchObject({ kind: "reported", property: "board" });
    const again = await stream(hub, (events) => events.length > 1, (missed?.sequence ?? 0) - 1);
    await again.done;
    expect(again.events[1]).toMatchObject({ type: "timeline", event: { sequence: missed?.sequence } });
  });

  it("shows the front of a device that runs beside it, passes on its keys, and says when it is gone", async () => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    const pressed: unknown[] = [];
    hub.core.panels.onPress = (id, press) => pressed.push([id, press]);
    const press = async (body: unknown) =>
      (await ask(hub, "POST", "/api/devices/heater-1/panel", body)).status;
    expect(await press({ key: "a", down: true })).toBe(409);
    const { events, done } = await stream(hub, (all) =>
      all.some((event) => "panel" in event && !event.panel),
    );
    await eventually(() => events.length > 0, "the stream");
    hub.core.panels.show("heater-1", front);
    hub.core.panels.show("heater-1", { ...front });
    expect((await detailOf(hub)).panel).toEqual(front);
    expect(await press({ key: "a", down: true })).toBe(204);
    expect(await press({ key: "window", down: false })).toBe(204);
    for (const body of [{ key: "q", down: true }, { key: "a" }, { key: "a", down: 1 }, [], "a"])
      expect([body, await press(body)]).toEqual([body, 400]);
    expect(pressed).toEqual([
      ["heater-1", { key: "a", down: true }],
      ["heater-1", { key: "window", down: false }],
    ]);
    hub.core.panels.show("heater-1", undefined);
    await done;
    expect(events.filter(({ type }) => type === "panel")).toEqual([
      { type: "panel", deviceId: "heater-1", panel: front },
      { type: "panel", deviceId: "heater-1", panel: null },
    ]);
    expect(await detailOf(hub)).not.toHaveProperty("panel");
  });

  it("presses no key of a real hat, nor faster than fingers are", async () => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    let pressed = 0;
    hub.core.panels.onPress = () => {
      pressed++;
    };
    const press = async () =>
      (await ask(hub, "POST", "/api/devices/heater-1/panel", { key: "b", down: true })).status;
    const { room: _room, ...real } = front;
    hub.core.panels.show("heater-1", real);
    expect([await press(), pressed]).toEqual([409, 0]);
    hub.core.panels.show("heater-1", front);
    const statuses = new Set<number>();
    // Many at once: on a slow machine those that wait for each other are no faster than fingers.
    for (let at = 0; at < 20 && !statuses.has(429); at += 1)
      for (const status of await Promise.all(Array.from({ length: 100 }, press))) statuses.add(status);
    expect([...statuses].toSorted()).toEqual([204, 429]);
  });

  it("serves the page's own files and nothing around them", async () => {
    const folder = await temporaryFolder();
    const pagePath = join(folder, "page");
    await mkdir(pagePath);
    await writeFile(join(pagePath, "index.html"), "<!doctype html><title>hub</title>");
    await writeFile(join(folder, "secret.txt"), "secret");
    const hub = await testHub({ pagePath });
    const page = await ask(hub, "GET", "/");
    expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    const policy = String(page.headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types page");
    expect(policy).not.toMatch(/unsafe|data:|\*/);
    for (const path of ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/secret.txt"]) {
      expect([path, (await ask(hub, "GET", path)).status]).toEqual([path, 404]);
    }
  });

  it("has no key, thumbprint or signature in any answer", async () => {
    const hub = await testHub();
    const { symmetricKey } = await hub.enrolDevice("heater-1");
    const secrets = [
      symmetricKey,
      hub.groupKey(),
      hub.core.settings.policy("iothubowner")?.primaryKey ?? "?",
    ];
    for (const path of [
      "/api/hub",
      "/api/devices",
      "/api/devices/heater-1",
      "/api/devices/heater-1/timeline",
    ]) {
      const { status, text } = await ask(hub, "GET", path);
      expect(status).toBe(200);
      for (const secret of secrets) expect(text).not.toContain(secret);
    }
  });
});

describe("the page's door", () => {
  it.each([
    ["another host name (DNS rebinding)", { host: "evil.example" }],
    ["another origin", { origin: "http://evil.example" }],
    ["another site's frame or image", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }],
  ])("is shut to %s, and says so once", async (_what, headers) => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    const body = { state: "close" };
    for (const _ of [1, 2]) {
      expect((await ask(hub, "PUT", "/api/devices/heater-1/cable", body, headers)).status).toBe(403);
    }
    expect(hub.core.cables.state("heater-1")).toBe("connected");
    expect(hub.lines.filter(({ event }) => event === "hub-page-refused")).toHaveLength(1);
  });

  it.each([
    ["a form's body", { "content-type": "text/plain" }, { state: "close" }, 400],
    ["an unknown state", {}, { state: "explode" }, 400],
    ["a huge body", {}, { state: "x".repeat(70_000) }, 413],
  ])("takes no change from %s", async (_what, headers, body, status) => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    expect((await ask(hub, "PUT", "/api/devices/heater-1/cable", body, headers)).status).toBe(status);
    expect(hub.core.cables.state("heater-1")).toBe("connected");
  });

  it("knows no device that is not there, whatever its name", async () => {
    const hub = await testHub();
    for (const id of ["nobody", "__proto__", "constructor", "..%2f..%2fhub"]) {
      expect((await ask(hub, "GET", `/api/devices/${id}`)).status).toBe(404);
      expect((await ask(hub, "PUT", `/api/devices/${id}/cable`, { state: "close" })).status).toBe(404);
    }
  });

  it("refuses a desired edit that was made over an older one", async () => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    const path = "/api/devices/heater-1/desired";
    const edit = { properties: { targetTemperature: 20 }, ifVersion: 1 };
    expect((await ask(hub, "PATCH", path, edit)).status).toBe(200);
    expect((await ask(hub, "PATCH", path, edit)).status).toBe(412);
  });

  it("refuses a desired edit that breaks the rules for twins, and says which", async () => {
    const hub = await testHub();
    await hub.enrolDevice("heater-1");
    const edit = (properties: unknown) =>
      ask(hub, "PATCH", "/api/devices/heater-1/desired", { properties }).then(({ status }) => status);
    expect(await edit({ "a b": 1 })).toBe(400);
    expect(await edit([1])).toBe(400);
    expect(await edit({ text: "x".repeat(4097) })).toBe(413);
    expect(hub.core.devices.get("heater-1")?.desired.version).toBe(1);
  });

  it("asks for the password, slows guessing, and lets in with cookie or basic authorization", async () => {
    const hub = await testHub({ pagePassword: "correct horse" });
    expect((await ask(hub, "GET", "/api/devices")).status).toBe(401);
    expect((await ask(hub, "GET", "/api/events")).status).toBe(401);
    const signedIn = await ask(hub, "POST", "/api/session", { password: "correct horse" });
    const cookie = String(signedIn.headers["set-cookie"]);
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    const name = cookie.split(";")[0] ?? "";
    expect((await ask(hub, "GET", "/api/devices", undefined, { cookie: name })).status).toBe(200);
    expect((await ask(hub, "DELETE", "/api/session", undefined, { cookie: name })).status).toBe(204);
    expect((await ask(hub, "GET", "/api/devices", undefined, { cookie: name })).status).toBe(401);
    const basic = { authorization: `Basic ${Buffer.from("me:correct horse").toString("base64")}` };
    expect((await ask(hub, "GET", "/api/devices", undefined, basic)).status).toBe(200);
    const guesses = [];
    for (let at = 0; at < 11; at++)
      guesses.push((await ask(hub, "POST", "/api/session", { password: `${at}` })).status);
    expect(guesses).toEqual([...Array(10).fill(403), 429]);
    const refused = hub.lines.filter(({ event }) => event === "hub-page-refused");
    expect(refused.map(({ fields }) => fields["reason"])).toEqual([
      "the password is wrong",
      "too many wrong passwords: wait a minute",
    ]);
  });

  it("does not open beyond loopback without a password", async () => {
    const start = (pagePassword: string) =>
      startHub({
        clock: systemClock,
        log: recordingLog([]),
        host: "0.0.0.0",
        mqttPort: 0,
        restPort: 0,
        pagePort: 0,
        pagePassword,
      });
    await expect(start("short")).rejects.toMatchObject({ code: "password-needed" });
  });
});
