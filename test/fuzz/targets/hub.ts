/** What services, people, devices and disks hand to the local hub. */

import { METHODS } from "node:http";
import { readJson } from "../../../src/base/json/value.ts";
import { silentLog } from "../../../src/base/log.ts";
import { HostNames } from "../../../src/hub/host-names.ts";
import { type HubCore, openHubCore } from "../../../src/hub/hub-core.ts";
import { FrameGuard } from "../../../src/hub/mqtt/frame-guard.ts";
import { parseUserName } from "../../../src/hub/mqtt/login.ts";
import { parseDeviceTopic, parseDpsTopic } from "../../../src/hub/mqtt/topics.ts";
import { hubPage } from "../../../src/hub/page-server/hub-page.ts";
import { pageApp } from "../../../src/hub/page-server/server.ts";
import { parseQuery } from "../../../src/hub/registry/query.ts";
import { newDevice, sasAuthentication } from "../../../src/hub/registry/record.ts";
import { makeSas } from "../../../src/hub/rest/sas.ts";
import { restApp } from "../../../src/hub/rest/server.ts";
import { memoryDocuments } from "../../../src/hub/storage/documents.ts";
import { emptySection, isRefused, patchSection } from "../../../src/hub/twin/document.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import type { Target } from "../harness.ts";

type Fetch = (request: Request) => Response | Promise<Response>;

/** A hub without network; a new one now and then, since what is asked of it stays. */
class HubUnderTest {
  #asked = 0;
  #fetch: Fetch | undefined;
  readonly #make: (core: HubCore, clock: VirtualClock) => Promise<Fetch> | Fetch;

  constructor(make: (core: HubCore, clock: VirtualClock) => Promise<Fetch> | Fetch) {
    this.#make = make;
  }

  /** @returns whether it was carried out. @throws Error for an answer that no route may give */
  async ask(input: Buffer): Promise<boolean> {
    if (this.#fetch === undefined || this.#asked++ % 2000 === 0) this.#fetch = await this.#start();
    const request = requestOf(input);
    if (request === undefined) return false;
    const response = await this.#fetch(request);
    const body = await (response.headers.get("content-type")?.includes("event-stream")
      ? response.body?.cancel()
      : response.text());
    if (response.status === 500)
      throw new Error(`${request.method} ${request.url} is answered with 500 ${body}`);
    return response.status < 300;
  }

  async #start(): Promise<Fetch> {
    const clock = new VirtualClock();
    const core = await openHubCore(clock, silentLog, memoryDocuments());
    await core.devices.put(newDevice("heater", sasAuthentication(), clock.wallNow()));
    return await this.#make(core, clock);
  }
}

const owner = { header: "" };

/** `{method, path, body}`; a body that is a text is sent as it is. Without that form the first line has method and path. */
function requestOf(input: Buffer): Request | undefined {
  const text = input.toString();
  const said = readJson(text) as { method?: unknown; path?: unknown; body?: unknown } | undefined | null;
  const [line = "", ...rest] = text.split("\n");
  const [verb, place] = line.split(" ");
  const method = textOf(said?.method) ?? verb ?? "GET";
  const path = textOf(said?.path) ?? place ?? "/";
  const body =
    said?.body === undefined
      ? rest.join("\n")
      : typeof said.body === "string"
        ? said.body
        : JSON.stringify(said.body);
  // Node.js refuses others before anybody sees them.
  if (!METHODS.includes(method)) return undefined;
  const headers = { host: "localhost", authorization: owner.header, "content-type": "application/json" };
  try {
    const sent = method === "GET" || method === "HEAD" ? {} : { body };
    return new Request(`http://localhost${path}`, { method, headers, ...sent });
  } catch {
    // Not even an HTTP server would make a request of it.
    return undefined;
  }
}

const textOf = (value: unknown): string | undefined =>
  value === undefined || typeof value === "string" ? value : JSON.stringify(value);

const names = new HostNames("127.0.0.1");
const rest = new HubUnderTest((core, clock) => {
  const key = core.settings.policy("iothubowner")?.primaryKey ?? "";
  owner.header = makeSas("localhost", key, clock.wallNow() + 3_600_000, "iothubowner");
  return restApp({ ...core, clock, log: silentLog, hostNames: names }).fetch as Fetch;
});
const page = new HubUnderTest(async (core, clock) => {
  const given = {
    idScope: "0ne",
    startedMs: 0,
    hubHost: "localhost",
    exposed: false,
    unit: () => "C" as const,
    hostNames: names,
    isSealed: () => false,
  };
  const app = await pageApp(
    hubPage({
      ...core,
      ...given,
      clock,
      log: silentLog,
      password: undefined,
      monitoring: true,
      pagePath: undefined,
      firmwareFeedPath: undefined,
      isSealed: () => false,
    }),
  );
  return app.fetch as Fetch;
});

const request = (method: string, path: string, body?: unknown): string =>
  JSON.stringify({ method, path, body });
const twin = {
  tags: { room: "hall" },
  properties: { desired: { targetTemperature: 21, nested: { a: { b: 1 } } } },
};
const identity = {
  deviceId: "heater",
  status: "enabled",
  authentication: { type: "sas", symmetricKey: { primaryKey: "", secondaryKey: "" } },
};

const record = JSON.stringify(newDevice("heater", sasAuthentication(), 1_780_000_000_000));
let settings = "";
const kept = new Map<string, string>();
const made = openHubCore(new VirtualClock(), silentLog, memoryDocuments(kept)).then((core) => {
  core.timeline.add({ deviceId: "heater", kind: "connected", actor: "device", text: "connected" });
  settings = kept.get("hub") ?? "";
});
await made;
const timeline = JSON.stringify({
  events: [
    { sequence: 1, atMs: 1, deviceId: "heater", kind: "connected", actor: "device", text: "connected" },
  ],
});

/** The hub opens on whatever its document holds, and has it written again. */
async function openOn(name: string, input: Buffer): Promise<boolean> {
  if (readJson(input.toString()) === undefined) return false;
  const content = new Map([[name, input.toString()]]);
  const core = await openHubCore(new VirtualClock(), silentLog, memoryDocuments(content));
  for (const { id } of core.devices.all()) {
    core.views.detail(id);
    core.devices.get(id);
  }
  core.views.summaries();
  const taken =
    core.devices.size > 0 || (name === "hub" && core.settings.idScope === idScope) || name === "timeline";
  await core.close();
  return taken;
}
const { idScope } = JSON.parse(settings) as { idScope: string };

export const hubTargets: readonly Target[] = [
  {
    name: "REST",
    samples: [
      request("GET", "/devices/heater?api-version=2021-04-12"),
      request("PUT", "/devices/other?api-version=2021-04-12", { ...identity, deviceId: "other" }),
      request("GET", "/devices?top=10"),
      request("POST", "/devices", [{ id: "bulk", importMode: "create" }]),
      request("POST", "/devices/query", { query: "SELECT * FROM devices WHERE tags.room = 'hall'" }),
      request("GET", "/twins/heater"),
      request("PATCH", "/twins/heater", twin),
      request("PUT", "/twins/heater", twin),
      request("GET", "/statistics/devices"),
      request("POST", "/devices/heater/messages/devicebound", { payload: "hello", ttlSeconds: 60 }),
    ],
    read: (input) => rest.ask(input),
  },
  {
    name: "page",
    samples: [
      request("GET", "/api/hub"),
      request("GET", "/api/devices"),
      request("GET", "/api/devices/heater"),
      request("GET", "/api/devices/heater/history?sinceMs=0"),
      request("GET", "/api/devices/heater/timeline?limit=5"),
      request("PATCH", "/api/devices/heater/desired", {
        properties: { targetTemperature: 21 },
        ifVersion: 1,
      }),
      request("POST", "/api/devices/heater/message", { name: "boost", payload: 30, ttlSeconds: 60 }),
      request("PUT", "/api/devices/heater/cable", { state: "connected" }),
      request("PUT", "/api/devices/heater/throttle", { on: true }),
    ],
    read: (input) => page.ask(input),
  },
  { name: "hub document: device", samples: [record], read: (input) => openOn("device-heater", input) },
  { name: "hub document: settings", samples: [settings], read: (input) => openOn("hub", input) },
  { name: "hub document: timeline", samples: [timeline], read: (input) => openOn("timeline", input) },
  {
    name: "hub twin patch",
    samples: [JSON.stringify(twin.properties.desired)],
    read(input) {
      const patch = readJson(input.toString());
      if (patch === undefined) return false;
      const half = patchSection(emptySection(1), patch, 2);
      if (isRefused(half)) return false;
      return !isRefused(patchSection(half, patch, 3));
    },
  },
  {
    name: "hub query",
    samples: [
      "SELECT * FROM devices WHERE tags.room = 'hall' AND (properties.desired.a > 1 OR NOT is_defined(x))",
    ],
    read(input) {
      const query = parseQuery(input.toString());
      if (query.ok)
        query.matches({
          deviceId: "heater",
          tags: { room: "hall" },
          properties: { desired: { a: 2 } },
        } as never);
      return query.ok;
    },
  },
  {
    name: "hub topics",
    samples: [
      "$iothub/twin/PATCH/properties/reported/?$rid=1",
      "$dps/registrations/PUT/iotdps-register/?$rid=1",
      "localhost/heater/?api-version=1",
    ],
    read(input) {
      const topic = input.toString();
      const found = [parseDeviceTopic("heater", topic), parseDpsTopic(topic), parseUserName(topic)];
      return found.some((each) => each !== undefined);
    },
  },
  {
    name: "MQTT frames",
    samples: ["\u0010\u0010\u0000\u0004MQTT\u0004\u0002\u0000\u003c\u0000\u0004heat"],
    read: (input) => new FrameGuard(1024).accepts(input),
  },
];
