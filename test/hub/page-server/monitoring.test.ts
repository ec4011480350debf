/** What other programs read of the hub's devices. */
import { describe, expect, it } from "vitest";
import { metricsText } from "../../../src/hub/page-server/monitoring.ts";
import { device } from "../../browser/fake-device.ts";
import { deviceClient, Message, openTwin, report } from "../azure.ts";
import { eventually, testHub } from "../running-hub.ts";

const id = "heater-1";
const heater = device(id, {
  latest: {
    temperature: { value: 20.25, atMs: 1 },
    humidity: { value: 41, atMs: 1 },
    heaterOn: { value: true, atMs: 1 },
    automatic: { value: "maybe", atMs: 1 },
  },
  reported: {
    faults: "sensor-stale, clock-wrong",
    heaterHours: 1.5,
    freeMemory: 3,
    relayCycles: 7,
    $version: 3,
  },
});

/** The sample lines of one metric. */
const samples = (text: string, name: string): string[] =>
  text.split("\n").filter((line) => line.startsWith(`grove_heater_${name}{`));

describe("the metrics", () => {
  const text = metricsText([heater]);

  it.each([
    ["temperature_celsius", "20.25"],
    ["humidity_ratio", "0.41"],
    ["heater_on", "1"],
    ["heater_seconds", "5400"],
    ["free_memory_bytes", "3072"],
    ["relay_cycles", "7"],
    ["connected", "1"],
  ])("are in base units: %s is %s", (name, value) => {
    expect(samples(text, name)).toEqual([`grove_heater_${name}{device="${id}"} ${value}`]);
  });

  it("name each active fault", () => {
    expect(samples(text, "fault_active")).toEqual([
      `grove_heater_fault_active{device="${id}",code="sensor-stale"} 1`,
      `grove_heater_fault_active{device="${id}",code="clock-wrong"} 1`,
    ]);
    expect(
      samples(metricsText([device(id, { reported: { faults: "", $version: 1 } })]), "fault_active"),
    ).toEqual([]);
  });

  it("have one help and one type line for each name, before its samples, and each line is one of the format's", () => {
    const names = new Set<string>();
    let current = "";
    for (const line of text.trimEnd().split("\n")) {
      const [, kind, name] = /^# (HELP|TYPE) ([a-z_]+) /.exec(line) ?? [];
      if (kind === "HELP" && name !== undefined) {
        expect(names.has(name)).toBe(false);
        names.add(name);
        current = name;
      } else if (kind === undefined) {
        expect(line).toMatch(/^[a-z_]+\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\} -?\d+(\.\d+)?$/);
        expect(line.startsWith(`${current}{`)).toBe(true);
      } else expect(name).toBe(current);
    }
    expect(names.size).toBe(9);
  });

  it("leave out what has no number", () => {
    expect(samples(text, "automatic")).toEqual([]);
    expect(text).not.toMatch(/NaN|undefined|null/);
  });

  it("show no reading of a device that is away, but that it is away and since when", () => {
    const away = metricsText([device(id, { connected: false, lastActivityMs: 5000 })]);
    expect(samples(away, "temperature_celsius")).toEqual([]);
    expect(samples(away, "fault_active")).toEqual([]);
    expect(samples(away, "connected")).toEqual([`grove_heater_connected{device="${id}"} 0`]);
    expect(samples(away, "last_activity_timestamp_seconds")).toHaveLength(1);
  });

  it("escape the names of strangers", () => {
    const [line] = samples(metricsText([device('a"b\\c\nd')]), "connected");
    expect(line).toBe('grove_heater_connected{device="a\\"b\\\\c\\nd"} 1');
  });

  it("are empty for a hub without devices", () => {
    expect(metricsText([])).toBe("");
  });
});

describe("the routes for monitoring", () => {
  it("serve a real device's values on loopback", async () => {
    const hub = await testHub();
    const { connectionString } = await hub.enrolDevice(id);
    const client = await deviceClient(hub, connectionString);
    await client.open();
    await report(await openTwin(client), { relayCycles: 12 });
    await client.sendEvent(new Message(JSON.stringify({ temperature: 19.5 })));
    await eventually(() => hub.core.views.summary(id)?.latest["temperature"] !== undefined, "the reading");
    const answer = await fetch(new URL("metrics", hub.addresses.pageUrl));
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = await answer.text();
    expect(samples(text, "temperature_celsius")).toEqual([
      `grove_heater_temperature_celsius{device="${id}"} 19.5`,
    ]);
    expect(samples(text, "relay_cycles")).toEqual([`grove_heater_relay_cycles{device="${id}"} 12`]);
    const state: unknown = await (await fetch(new URL("api/state", hub.addresses.pageUrl))).json();
    expect(state).toMatchObject({ hub: { connected: 1 }, devices: [{ id, connected: true }] });
    await client.close();
  });

  it("need the password where the page has one", async () => {
    const hub = await testHub({ pagePassword: "correct horse" });
    const url = new URL("metrics", hub.addresses.pageUrl);
    expect((await fetch(url)).status).toBe(401);
    const authorization = `Basic ${Buffer.from("prometheus:correct horse").toString("base64")}`;
    expect((await fetch(url, { headers: { authorization } })).status).toBe(200);
  });

  it.each([
    [undefined, 404],
    [true, 200],
  ])("beyond loopback, with monitoring %s, answer %i", async (monitoring, status) => {
    const hub = await testHub({
      host: "0.0.0.0",
      pagePassword: "correct horse",
      ...(monitoring !== undefined && { monitoring }),
    });
    const headers = { authorization: `Basic ${Buffer.from("p:correct horse").toString("base64")}` };
    for (const path of ["metrics", "api/state"]) {
      const url = `http://127.0.0.1:${hub.addresses.pagePort}/${path}`;
      expect((await fetch(url, { headers })).status).toBe(status);
    }
  });
});
