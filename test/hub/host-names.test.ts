/** The names of the hub: what it tells, what its certificate holds, what its page takes for its own. */
import { X509Certificate } from "node:crypto";
import { request } from "node:http";
import { Hono } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";
import { HostNames, withPort } from "../../src/hub/host-names.ts";
import { OnceLog } from "../../src/hub/once-log.ts";
import { PageGuard } from "../../src/hub/page-server/access/guard.ts";
import { Devices } from "../../src/hub/registry/devices.ts";
import { DpsSession } from "../../src/hub/registry/dps.ts";
import { sasAuthentication } from "../../src/hub/registry/record.ts";
import { openAuthority } from "../../src/hub/storage/certificates.ts";
import { memoryDocuments } from "../../src/hub/storage/documents.ts";
import { Timeline } from "../../src/hub/twin/timeline.ts";
import { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";
import { deviceClient, register } from "./azure.ts";
import { recordingLog, testHub } from "./running-hub.ts";

describe("the name that a hub tells", () => {
  it.each([
    ["127.0.0.1", "localhost", "localhost"],
    ["localhost", "localhost", "localhost"],
    ["::1", "localhost", "localhost"],
    ["127.0.0.2", "127.0.0.2", "127.0.0.2"],
    ["192.168.1.5", "192.168.1.5", "192.168.1.5"],
    ["0.0.0.0", "localhost", "heater.lan"],
    ["::", "localhost", "heater.lan"],
  ])("is, where it listens on %s, %s to devices here and %s to people", (host, told, shown) => {
    const names = new HostNames(host, ["Heater.lan"], () => ["192.168.1.5"]);
    expect([names.advertised, names.displayed]).toEqual([told, shown]);
    expect(names.includes(told)).toBe(true);
    expect(names.includes("heater.lan")).toBe(true);
    expect(names.includes("0.0.0.0")).toBe(false);
  });

  it("has its port beside it unless that is the usual one, and brackets around an IPv6 address", () => {
    expect(withPort("localhost", 8883, 8883)).toBe("localhost");
    expect(withPort("localhost", 40_123, 8883)).toBe("localhost:40123");
    expect(withPort("fd00::1", 8883, 8883)).toBe("[fd00::1]");
    expect(withPort("fd00::1", 8780)).toBe("[fd00::1]:8780");
  });

  it("is a bare host in what DPS assigns at 8883: clients of Azure take it for one", async () => {
    const clock = new VirtualClock();
    const devices = await Devices.open(memoryDocuments(), recordingLog([]));
    const timeline = await Timeline.open(memoryDocuments(), clock, () => {});
    const answers: { topic: string; body: { operationId: string; registrationState?: object } }[] = [];
    const client = {
      publish: ({ topic, payload }: { topic: string; payload: string }) =>
        answers.push({ topic, body: JSON.parse(payload) }),
    };
    const session = new DpsSession(
      { clock, devices, timeline, hubPort: () => 8883, onDevice: () => {} },
      client as never,
      "heater-1",
      { deviceId: "heater-1", authentication: sasAuthentication(), reachedAs: "localhost" },
    );
    session.request("$dps/registrations/PUT/iotdps-register/?$rid=1", '{"registrationId":"heater-1"}');
    await clock.settle();
    const { operationId } = answers[0]?.body ?? { operationId: "" };
    session.request(
      `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=${operationId}`,
      "",
    );
    expect(answers[1]?.body.registrationState).toMatchObject({ assignedHub: "localhost" });
  });

  // Only Linux has all of 127/8 without being asked.
  it.skipIf(process.platform !== "linux")(
    "is the address where it listens on one of loopback: for devices, certificate and page",
    async () => {
      const hub = await testHub({ host: "127.0.0.2" });
      const { mqttPort, pagePort } = hub.addresses;
      expect(hub.addresses).toMatchObject({
        hubHost: `127.0.0.2:${mqttPort}`,
        pageUrl: `http://127.0.0.2:${pagePort}/`,
      });
      expect(hub.serviceConnectionString()).toContain("HostName=127.0.0.2;");
      const { symmetricKey, connectionString } = await hub.enrolDevice("heater-1");
      expect(await register(hub, "heater-1", { key: symmetricKey })).toMatchObject({
        assignedHub: `127.0.0.2:${mqttPort}`,
      });
      const client = await deviceClient(hub, connectionString);
      onTestFinished(() => void client.close().catch(() => undefined));
      await client.open();
      expect((await fetch(`${hub.addresses.pageUrl}api/session`)).status).toBe(200);
    },
  );
});

describe("the server's certificate", () => {
  const namesOf = (pem: string) => new X509Certificate(pem).subjectAltName ?? "";

  it("names what the hub was named, and is renewed under the same authority when an address comes", async () => {
    const addresses: string[] = [];
    const names = new HostNames("0.0.0.0", ["heater.lan"], () => addresses);
    const authority = await openAuthority(memoryDocuments(), () => names.all(), Date.now());
    const first = await authority.server(Date.now());
    expect(namesOf(first.cert)).toContain("DNS:heater.lan");
    expect(await authority.server(Date.now())).toBe(first);
    addresses.push("192.168.1.77");
    const second = await authority.server(Date.now());
    expect(namesOf(second.cert)).toContain("192.168.1.77");
    expect(new X509Certificate(second.cert).checkIssued(new X509Certificate(authority.caPem))).toBe(true);
    // One that goes is no reason for another.
    addresses.pop();
    expect(await authority.server(Date.now())).toBe(second);
  });
});

describe("the page's door", () => {
  function openDoor(names: HostNames) {
    const clock = new VirtualClock();
    const once = new OnceLog(recordingLog([]), clock);
    const app = new Hono();
    app.use(
      new PageGuard({ clock, once, hostNames: names, password: undefined, isSealed: () => false }).guard,
    );
    app.all("/x", (c) => c.text("in"));
    return async (headers: Record<string, string>) =>
      (await app.request("/x", { method: "PUT", headers })).status;
  }

  it("knows an address that this machine has got since the start, and none that it has lost", async () => {
    const addresses = ["192.168.1.5"];
    const ask = openDoor(new HostNames("0.0.0.0", [], () => addresses));
    expect(await ask({ host: "192.168.1.5:8780" })).toBe(200);
    expect(await ask({ host: "192.168.1.6:8780" })).toBe(403);
    addresses.splice(0, 1, "192.168.1.6", "fd00::7");
    expect(await ask({ host: "192.168.1.5:8780" })).toBe(403);
    expect(await ask({ host: "192.168.1.6:8780" })).toBe(200);
    expect(await ask({ host: "[fd00::7]:8780" })).toBe(200);
  });

  it.each<[string, Record<string, string>, number]>([
    ["a name that it was given", { host: "heater.lan:8780", origin: "http://heater.lan:8780" }, 200],
    ["a name that it was not", { host: "heater.box:8780", origin: "http://heater.box:8780" }, 403],
    ["its HTTPS proxy, which leaves Host alone", { host: "heater.lan", origin: "https://heater.lan" }, 200],
    [
      "its HTTPS proxy, which says for whom it asks",
      { host: "localhost:8780", "x-forwarded-host": "heater.lan", origin: "https://heater.lan" },
      200,
    ],
    [
      "a proxy under a name that it was not given",
      { host: "localhost:8780", "x-forwarded-host": "evil.example", origin: "https://evil.example" },
      403,
    ],
    [
      "another site that borrows the name",
      { host: "localhost:8780", "x-forwarded-host": "heater.lan", origin: "https://evil.example" },
      403,
    ],
    ["another port of the name", { host: "heater.lan:8780", origin: "http://heater.lan:9000" }, 403],
    [
      "HTTPS of a name that nobody gave it",
      { host: "localhost:8780", origin: "https://localhost:8780" },
      403,
    ],
  ])("takes a change from %s or not", async (_what, headers, status) => {
    const ask = openDoor(new HostNames("127.0.0.1", ["heater.lan"]));
    expect(await ask(headers)).toBe(status);
  });
});

it("opens its page by a name that it was given", async () => {
  const hub = await testHub({ hostNames: ["Heater.lan"] });
  const status = await new Promise((resolve, reject) => {
    const headers = { host: "heater.lan" };
    const { pagePort: port } = hub.addresses;
    request({ host: "127.0.0.1", port, path: "/api/session", headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on("error", reject)
      .end();
  });
  expect(status).toBe(200);
});
