/** The rules of IoT Hub's service side, as its REST reference and its own SDK have them. */
import type { DeviceMethodRequest, DeviceMethodResponse } from "azure-iot-device";
import { describe, expect, it, onTestFinished } from "vitest";
import type { RunningHub } from "../../../src/hub/hub.ts";
import { deviceClient, Message, openTwin, registryOf, report, serviceOf } from "../azure.ts";
import { eventually, testHub } from "../running-hub.ts";
import { ask, tokenOf } from "./calls.ts";

const id = "heater-1";

function keysOf(bytes: number, more = "") {
  const primaryKey = Buffer.alloc(bytes, 7).toString("base64") + more;
  return { authentication: { type: "sas", symmetricKey: { primaryKey } } };
}

function patch(hub: RunningHub, body: string, headers: Record<string, string> = {}, method = "PATCH") {
  return ask(hub, method, `/twins/${id}`, tokenOf(hub, "service"), body, headers);
}

describe("a twin of the service side", () => {
  it("is cleared by null, desired and tags each by itself, and the device hears of every name", async () => {
    const hub = await testHub();
    const { connectionString } = await hub.enrolDevice(id);
    await hub.core.twins.edit(id, { tags: { room: "attic" }, desired: { a: 1, b: { c: 2 } } });
    const client = await deviceClient(hub, connectionString);
    onTestFinished(() => void client.close().catch(() => undefined));
    await client.open();
    const twin = await openTwin(client);
    const heard: unknown[] = [];
    twin.on("properties.desired", (told: Record<string, unknown>) => heard.push(told));
    await eventually(() => (hub.core.links.get(id)?.subscriptions.size ?? 0) > 1, "the subscription");
    const registry = registryOf(hub);
    await registry.updateTwin(id, { properties: { desired: null } }, "*");
    await eventually(() => heard.length > 1, "the patch");
    expect(heard.at(-1)).toEqual({ a: null, b: null, $version: 3 });
    const { responseBody: without } = await registry.getTwin(id);
    expect(Object.keys(without.properties.desired)).toEqual(["$metadata", "$version"]);
    expect(without.tags).toEqual({ room: "attic" });
    await registry.updateTwin(id, { tags: null }, "*");
    const { responseBody: bare } = await registry.getTwin(id);
    expect([bare.tags, bare.properties.desired["$version"]]).toEqual([{}, 3]);
  });

  it("has an etag of its own: an edit leaves that of the identity, and the other way round", async () => {
    const hub = await testHub();
    const registry = registryOf(hub);
    const { responseBody: made } = await registry.create({ deviceId: id });
    const { responseBody: before } = await registry.getTwin(id);
    await registry.updateTwin(id, { tags: { room: "attic" } }, before.etag);
    const { responseBody: identity } = await registry.get(id);
    expect((identity as { etag?: string }).etag).toBe((made as { etag?: string }).etag);
    const { responseBody: edited } = await registry.getTwin(id);
    expect(edited.etag).not.toBe(before.etag);
    await registry.update({ deviceId: id, status: "disabled" } as never);
    const { responseBody: after } = await registry.getTwin(id);
    expect(after.etag).toBe(edited.etag);
    expect((after as unknown as { deviceEtag: string }).deviceEtag).not.toBe(
      (made as { etag?: string }).etag,
    );
  });

  it.each([
    ["[1]", "must be an object"],
    ['{"properties":[1]}', "properties must be"],
    ['{"properties":"x"}', "properties must be"],
    ['{"properties":{"reported":{"a":1}}}', "only the device can write reported properties"],
    ['{"properties":{"desired":[1]}}', "properties.desired must be"],
    ['{"tags":"x"}', "tags must be"],
  ])("is left as it was by %s, and the answer says why", async (body, why) => {
    const hub = await testHub();
    await hub.enrolDevice(id);
    const before = hub.core.devices.get(id);
    const answer = await patch(hub, body);
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(why)]);
    expect(hub.core.devices.get(id)).toEqual(before);
  });

  it.each(["1e400", "-1e400", "4503599627370496", "-4503599627370497", "9007199254740993"])(
    "refuses the number %s, desired, in tags and from the device",
    async (number) => {
      const hub = await testHub();
      const { connectionString } = await hub.enrolDevice(id);
      expect((await patch(hub, `{"properties":{"desired":{"a":{"b":[${number}]}}}}`)).status).toBe(400);
      expect((await patch(hub, `{"tags":{"a":${number}}}`)).status).toBe(400);
      const client = await deviceClient(hub, connectionString);
      onTestFinished(() => void client.close().catch(() => undefined));
      await client.open();
      const twin = await openTwin(client);
      if (Number.isFinite(Number(number))) {
        await expect(report(twin, { a: Number(number) })).rejects.toThrow();
      }
      expect(hub.core.views.detail(id)).toMatchObject({ desired: { $version: 1 }, tags: {} });
      expect(hub.core.views.detail(id)?.reported).toEqual({ $version: 1 });
    },
  );

  it.each(["4503599627370495", "-4503599627370496", "0.1", "1e-300"])(
    "takes the number %s",
    async (number) => {
      const hub = await testHub();
      await hub.enrolDevice(id);
      expect((await patch(hub, `{"properties":{"desired":{"a":${number}}}}`)).status).toBe(200);
      expect(hub.core.views.detail(id)?.desired["a"]).toBe(Number(number));
    },
  );

  it("answers every way to read or change it with the etag that it has then", async () => {
    const hub = await testHub();
    await hub.enrolDevice(id);
    const service = tokenOf(hub, "service");
    for (const answer of [
      await patch(hub, '{"tags":{"a":1}}'),
      await patch(hub, '{"tags":{"a":2}}', {}, "PUT"),
      await ask(hub, "GET", `/twins/${id}`, service),
      await ask(hub, "GET", `/devices/${id}`),
      await ask(hub, "PUT", `/devices/${id}`, undefined, "{}", { "if-match": "*" }),
    ]) {
      const { etag } = JSON.parse(answer.text) as { etag: string };
      expect([answer.status, answer.headers.etag]).toEqual([200, `"${etag}"`]);
    }
  });

  it.each<[string, (etag: string) => string, number]>([
    ["the etag in quotes", (etag) => `"${etag}"`, 200],
    ["a weak one", (etag) => `W/"${etag}"`, 200],
    ["one among others", (etag) => `"AAAA", W/"${etag}"`, 200],
    ["any", () => "*", 200],
    ["any in quotes", () => '"*"', 200],
    ["an old one", () => 'W/"AAAA"', 412],
    ["none that is one", () => '""', 412],
  ])("is changed or not by an If-Match of %s", async (_what, header, status) => {
    const hub = await testHub();
    await hub.enrolDevice(id);
    const { headers } = await ask(hub, "GET", `/twins/${id}`, tokenOf(hub, "service"));
    const etag = (headers.etag ?? "").replaceAll('"', "");
    expect((await patch(hub, '{"tags":{"a":1}}', { "if-match": header(etag) })).status).toBe(status);
  });
});

describe("a device's identity", () => {
  it("keeps its keys when an update names none", async () => {
    const hub = await testHub();
    const registry = registryOf(hub);
    const { responseBody: made } = await registry.create({ deviceId: id });
    const keys = made.authentication?.symmetricKey;
    await registry.update({ deviceId: id, status: "disabled", statusReason: "sold" } as never);
    const bare = await ask(hub, "PUT", `/devices/${id}`, undefined, "{}", { "if-match": "*" });
    expect(JSON.parse(bare.text)).toMatchObject({
      status: "disabled",
      statusReason: "sold",
      authentication: { symmetricKey: keys },
    });
    const one = JSON.stringify({ authentication: { symmetricKey: { primaryKey: `${"A".repeat(43)}=` } } });
    const half = await ask(hub, "PUT", `/devices/${id}`, undefined, one, { "if-match": "*" });
    expect(JSON.parse(half.text)).toMatchObject({
      authentication: {
        symmetricKey: { primaryKey: `${"A".repeat(43)}=`, secondaryKey: keys?.secondaryKey },
      },
    });
  });

  it("keeps its certificate when an update names none", async () => {
    const hub = await testHub();
    const authentication = { type: "certificateAuthority" };
    const made = await ask(hub, "PUT", `/devices/${id}`, undefined, JSON.stringify({ authentication }));
    expect(made.status).toBe(200);
    const update = await ask(hub, "PUT", `/devices/${id}`, undefined, '{"status":"disabled"}', {
      "if-match": "*",
    });
    expect(JSON.parse(update.text)).toMatchObject({ status: "disabled", authentication });
  });

  it.each([
    ["an edge device", { capabilities: { iotEdge: true } }, "edge"],
    ["a status that there is not", { status: "sleeping" }, "status"],
    ["another id than the address has", { deviceId: "heater-2" }, "deviceId must match"],
    ["a body that is no object", [1], "must be an object"],
    ["a key of less than 16 bytes", keysOf(15), ""],
    ["a key of more than 64 bytes", keysOf(65), ""],
    ["a key that is not base64", keysOf(32, "!"), ""],
  ])("is refused for %s, and says why", async (_what, wanted, word) => {
    const hub = await testHub();
    const answer = await ask(hub, "PUT", `/devices/${id}`, undefined, JSON.stringify(wanted));
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(word)]);
    expect(hub.core.devices.get(id)).toBeUndefined();
  });

  it("may be 128 percent signs, and works as any other", async () => {
    const odd = "%".repeat(128);
    const hub = await testHub();
    const { responseBody: made } = await registryOf(hub).create({ deviceId: odd });
    await registryOf(hub).updateTwin(odd, { properties: { desired: { targetTemperature: 20 } } }, "*");
    const key = made.authentication?.symmetricKey?.primaryKey;
    const { hubHost } = hub.addresses;
    const client = await deviceClient(hub, `HostName=${hubHost};DeviceId=${odd};SharedAccessKey=${key}`);
    onTestFinished(() => void client.close().catch(() => undefined));
    await client.open();
    const twin = await openTwin(client);
    expect(twin.properties.desired).toMatchObject({ targetTemperature: 20 });
    await client.sendEvent(new Message(JSON.stringify({ temperature: 21 })));
    expect(hub.core.views.detail(odd)?.latest["temperature"]?.value).toBe(21);
    await client.close();
    await registryOf(hub).delete(odd);
    expect(hub.core.devices.all()).toEqual([]);
  });
});

describe("a direct method", () => {
  const callFault = async (hub: RunningHub, body: unknown) => {
    const answer = await ask(
      hub,
      "POST",
      `/twins/${id}/methods`,
      tokenOf(hub, "service"),
      JSON.stringify(body),
    );
    const { Message: text } = JSON.parse(answer.text) as { Message: string };
    return { status: answer.status, ...(JSON.parse(text) as { errorCode: number; message: string }) };
  };

  it.each([
    ["responseTimeoutInSeconds", 4],
    ["responseTimeoutInSeconds", 301],
    ["responseTimeoutInSeconds", 5.5],
    ["responseTimeoutInSeconds", "30"],
    ["connectTimeoutInSeconds", -1],
    ["connectTimeoutInSeconds", 301],
  ])("with %s %s is refused and named", async (name, value) => {
    const hub = await testHub();
    await hub.enrolDevice(id);
    const fault = await callFault(hub, { methodName: "identify", [name]: value });
    expect(fault).toMatchObject({ status: 400, errorCode: 400_004, message: expect.stringContaining(name) });
  });

  it("to a device that is not registered says so in its own code", async () => {
    const hub = await testHub();
    expect(await callFault(hub, { methodName: "identify" })).toMatchObject({
      status: 404,
      errorCode: 404_001,
    });
  });

  it("waits for a device that is away as long as it is told to", async () => {
    const hub = await testHub();
    const { connectionString } = await hub.enrolDevice(id);
    const service = serviceOf(hub);
    const call = { methodName: "identify", responseTimeoutInSeconds: 30, connectTimeoutInSeconds: 60 };
    const asked = service.invokeDeviceMethod(id, call);
    const client = await deviceClient(hub, connectionString);
    onTestFinished(() => void client.close().catch(() => undefined));
    await client.open();
    client.onDeviceMethod("identify", (_asked: DeviceMethodRequest, response: DeviceMethodResponse) => {
      response.send(200, { here: true }, () => {});
    });
    const { result } = await asked;
    expect(result).toEqual({ status: 200, payload: { here: true } });
  });

  it("to a device that does not come says after the time that it was given how long that was", async () => {
    const hub = await testHub();
    await hub.enrolDevice(id);
    const startMs = performance.now();
    const fault = await callFault(hub, { methodName: "identify", connectTimeoutInSeconds: 1 });
    expect(fault).toMatchObject({ status: 404, errorCode: 404_103, info: { timeout: "00:00:01" } });
    expect(performance.now() - startMs).toBeGreaterThan(950);
  });
});

describe("many devices in one request", () => {
  it("are made, changed and deleted by the SDK's bulk operations", async () => {
    const hub = await testHub();
    const registry = registryOf(hub);
    const ids = ["a", "b", "c"].map((deviceId) => ({ deviceId }));
    const { responseBody: made } = await registry.addDevices(ids as never);
    expect(made).toMatchObject({ isSuccessful: true, errors: [] });
    expect(hub.core.devices.all().map((record) => record.id)).toEqual(["a", "b", "c"]);
    const keys = hub.core.devices.get("a")?.authentication;
    await registry.updateDevices([{ deviceId: "a", status: "disabled" }] as never, true);
    expect(hub.core.devices.get("a")).toMatchObject({ enabled: false, authentication: keys });
    const { etag } = hub.core.devices.get("b") ?? { etag: "" };
    const stale = [
      { deviceId: "b", etag: "AAAA" },
      { deviceId: "c", etag: hub.core.devices.get("c")?.etag },
    ];
    await registry.removeDevices(stale as never, false).catch(() => undefined);
    expect(hub.core.devices.all().map((record) => record.id)).toEqual(["a", "b"]);
    expect(hub.core.devices.get("b")?.etag).toBe(etag);
    await registry.removeDevices([{ deviceId: "a" }, { deviceId: "b" }] as never, true);
    expect(hub.core.devices.all()).toEqual([]);
  });

  it("are each taken or refused, and the answer names those that were refused", async () => {
    const hub = await testHub();
    await hub.enrolDevice("known");
    const body = [
      { id: "new", importMode: "create", tags: { room: "attic" }, properties: { desired: { a: 1 } } },
      { id: "known", importMode: "Create" },
      { id: "gone", importMode: "update" },
      { id: "known", importMode: "delete" },
      { id: "edge", importMode: "create", capabilities: { iotEdge: true } },
      { id: "part", importMode: "create", moduleId: "m" },
      { id: "odd/id", importMode: "create" },
      { id: "what", importMode: "sell" },
      { id: "plain" },
      7,
    ];
    const answer = await ask(hub, "POST", "/devices", undefined, JSON.stringify(body));
    expect(answer.status).toBe(400);
    const { isSuccessful, errors } = JSON.parse(answer.text) as {
      isSuccessful: boolean;
      errors: { deviceId: string; errorCode: string; errorStatus: string }[];
    };
    expect(isSuccessful).toBe(false);
    expect(errors.map(({ deviceId, errorCode }) => [deviceId, errorCode])).toEqual([
      ["known", "DeviceAlreadyExists"],
      ["gone", "DeviceNotFound"],
      ["known", "DeviceDefinedMultipleTimes"],
      ["edge", "ArgumentInvalid"],
      ["part", "FeatureNotSupported"],
      ["odd/id", "ArgumentInvalid"],
      ["what", "ArgumentInvalid"],
      ["", "ArgumentInvalid"],
    ]);
    expect(hub.core.devices.all().map((record) => record.id)).toEqual(["known", "new", "plain"]);
    expect(hub.core.views.detail("new")).toMatchObject({ tags: { room: "attic" }, desired: { a: 1 } });
  });

  it("are no more than a hundred, and no fewer than one", async () => {
    const hub = await testHub();
    const many = Array.from({ length: 101 }, (_each, at) => ({ id: `heater-${at}`, importMode: "create" }));
    for (const body of [many, [], {}]) {
      expect((await ask(hub, "POST", "/devices", undefined, JSON.stringify(body))).status).toBe(400);
    }
    expect(hub.core.devices.size).toBe(0);
    expect((await ask(hub, "POST", "/devices", tokenOf(hub, "registryRead"), "[]")).status).toBe(401);
  });

  it("have their twins changed only with the twin's etag, where that is asked for", async () => {
    const hub = await testHub();
    await hub.enrolDevice(id);
    const edit = async (twinETag: string) => {
      const wanted = [{ id, importMode: "updateTwinIfMatchETag", twinETag, tags: { a: 1 } }];
      return (await ask(hub, "POST", "/devices", undefined, JSON.stringify(wanted))).status;
    };
    expect(await edit("AAAA")).toBe(400);
    const { responseBody: twin } = await registryOf(hub).getTwin(id);
    expect(await edit(twin.etag)).toBe(200);
    expect(hub.core.views.detail(id)?.tags).toEqual({ a: 1 });
  });
});

describe("what this hub does not have", () => {
  it.each([
    ["GET", "/devices/heater-1/modules", "modules"],
    ["PUT", "/devices/heater-1/modules/m", "modules"],
    ["GET", "/twins/heater-1/modules/m", "modules"],
    ["GET", "/configurations", "configurations"],
    ["PUT", "/configurations/c", "configurations"],
    ["POST", "/devices/heater-1/applyConfigurationContent", "configurations"],
    ["POST", "/jobs/create", "jobs"],
    ["GET", "/jobs/v2/j", "jobs"],
  ])("is refused at %s %s in a sentence", async (method, path, what) => {
    const hub = await testHub();
    await hub.enrolDevice(id);
    const answer = await ask(hub, method, path, undefined, method === "GET" ? undefined : "{}");
    expect([answer.status, answer.text]).toEqual([501, expect.stringContaining(`this hub has no ${what}`)]);
    expect((await ask(hub, method, path, "")).status).toBe(401);
  });
});
