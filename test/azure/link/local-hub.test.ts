/** The device's side against the local hub: both halves as they are shipped. */
import { describe, expect, it, onTestFinished } from "vitest";
import { openCloud } from "../../../src/azure/azure.ts";
import { parseConnectionString } from "../../../src/azure/credentials/connection-string.ts";
import type { Credentials } from "../../../src/azure/credentials/credentials.ts";
import { Secret } from "../../../src/azure/credentials/secret.ts";
import type { CloudLink } from "../../../src/azure/link/link.ts";
import type { CloudTuning } from "../../../src/azure/link/tuning.ts";
import { millis } from "../../../src/base/units.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { memoryFiles } from "../../../src/firmware/storage/durable-files.ts";
import type { RunningHub } from "../../../src/hub/hub.ts";
import { modelId } from "../../../src/model/cloud-model.ts";
import { testHub } from "../../hub/running-hub.ts";
import { message, quick, Recorder, until } from "../rig.ts";

const id = "heater-1";

async function keyCredentials(hub: RunningHub): Promise<Credentials> {
  const { idScope, provisioningHost, registrationId, symmetricKey } = await hub.enrolDevice(id);
  return {
    target: { kind: "dps", endpoint: provisioningHost, idScope, registrationId },
    proof: { kind: "key", key: new Secret(symmetricKey) },
  };
}

function connect(
  hub: RunningHub,
  credentials: Credentials,
  seen: Recorder,
  tuning: Partial<CloudTuning> = {},
): CloudLink {
  const link = openCloud({
    credentials,
    clock: systemClock,
    log: seen.log,
    dataPath: "/data",
    files: memoryFiles(),
    handlers: seen.handlers,
    modelId,
    caPem: hub.caPem,
    tuning: { ...quick, ...tuning },
  });
  onTestFinished(() => link.close());
  return link;
}

describe("with the local hub", () => {
  it("a key leads through DPS to the twin, patches, reports, commands, offline commands and telemetry", async () => {
    const hub = await testHub();
    const seen = new Recorder();
    const link = connect(hub, await keyCredentials(hub), seen);
    await until(() => seen.online === 1, "the link");
    expect(seen.twins).toHaveLength(1);

    await hub.core.twins.edit(id, { desired: { targetTemperature: 21.5 } });
    await until(() => seen.patches.length === 1, "the patch");
    expect(seen.patches[0]).toMatchObject({ patch: { targetTemperature: 21.5 }, version: 2 });

    expect(await link.report({ targetTemperature: { value: 21.5, ac: 200, av: 2 } })).toBe("ok");
    expect(hub.core.views.detail(id)?.reported).toMatchObject({ targetTemperature: { value: 21.5 } });

    expect(await hub.core.operations.invoke(id, "boost", 20)).toMatchObject({ status: 200 });
    expect(await hub.core.operations.invoke(id, "boost", "much")).toMatchObject({ status: 400 });
    expect(await hub.core.operations.invoke(id, "explode", null)).toMatchObject({ status: 404 });

    await hub.core.operations.sendMessage(id, { body: "7", properties: { "method-name": "identify" } });
    await until(() => seen.commands.length === 2, "the offline command");
    expect(seen.commands).toEqual([
      { name: "boost", parameter: 20 },
      { name: "identify", parameter: 7 },
    ]);

    expect(await link.send(message("m-1"))).toBe("ok");
    await until(() => hub.core.telemetry.messages(id).length > 0, "the telemetry");
  });

  it.each(["close", "reset", "silence"] as const)(
    "the cable is unplugged (%s), both sides go on, it is put back",
    async (how) => {
      const hub = await testHub();
      const seen = new Recorder();
      const link = connect(hub, await keyCredentials(hub), seen);
      await until(() => seen.online === 1, "the link");
      hub.core.operations.setCable(id, how);
      void link.send(message("unheard"));
      await until(() => seen.links.at(-1)?.state === "offline", "the loss to be noticed");
      await hub.core.twins.edit(id, { desired: { targetTemperature: 25 } });
      await hub.core.operations.sendMessage(id, { body: "@", properties: { "method-name": "clearFault" } });
      hub.core.operations.setCable(id, "connected");
      await until(() => seen.online === 2, "the link to be back");
      expect(seen.twins.at(-1)).toMatchObject({ desired: { targetTemperature: 25 } });
      await until(() => seen.commands.length === 1, "the command that waited");
      expect(await link.send(message("heard"))).toBe("ok");
    },
  );

  it("a certificate of the hub's authority, and a connection string, lead in too", async () => {
    const hub = await testHub();
    const { idScope, provisioningHost, registrationId, cert, key } =
      await hub.enrolCertificate("with-certificate");
    const [byCertificate, byString] = [new Recorder(), new Recorder()];
    const target = { kind: "dps", endpoint: provisioningHost, idScope, registrationId } as const;
    const proof = { kind: "certificate", certificatePem: cert, keyPem: new Secret(key) } as const;
    connect(hub, { target, proof }, byCertificate);
    const parsed = parseConnectionString((await hub.enrolDevice(id)).connectionString);
    connect(
      hub,
      { target: parsed.target, proof: { kind: "key", key: parsed.key ?? new Secret("") } },
      byString,
    );
    await until(() => byCertificate.online === 1, "the link by certificate");
    await until(() => byString.online === 1, "the link by connection string");
  });

  it.each(["DPS", "the hub"])(
    "that %s hung up without an answer is told as a lost connection",
    async (who) => {
      const hub = await testHub();
      const seen = new Recorder();
      const byDps = await keyCredentials(hub);
      hub.core.operations.setCable(id, "close");
      const toHub = { kind: "hub", host: hub.addresses.hubHost, deviceId: id } as const;
      connect(hub, who === "DPS" ? byDps : { ...byDps, target: toHub }, seen);
      await until(() => seen.cause !== undefined, "the cause");
      expect(seen.links.at(-1)).toMatchObject({ state: "offline", code: "dropped" });
      expect(seen.links.at(-1)?.text).toContain("was lost");
    },
  );

  it("a wrong key is told by name", async () => {
    const hub = await testHub();
    const seen = new Recorder();
    const credentials = await keyCredentials(hub);
    const wrong = { kind: "key", key: new Secret(Buffer.alloc(32, 7).toString("base64")) } as const;
    connect(hub, { ...credentials, proof: wrong }, seen);
    await until(() => seen.cause === "key-refused", "the cause");
    expect(seen.links.at(-1)?.text).toContain("refused this device");
  });

  it("a hub that throttles the twin is waited for", async () => {
    const hub = await testHub();
    const seen = new Recorder();
    const credentials = await keyCredentials(hub);
    hub.core.operations.setThrottle(id, true);
    const link = connect(hub, credentials, seen);
    await until(() => seen.cause === "throttled", "the cause");
    hub.core.operations.setThrottle(id, false);
    await until(() => seen.online === 1, "the link");
    expect(await link.report({ ok: true })).toBe("ok");
  });

  it("a second device with the same id is named by both sides", async () => {
    const hub = await testHub();
    const credentials = await keyCredentials(hub);
    const [one, two] = [new Recorder(), new Recorder()];
    const tuning = { evictedMs: millis(5000), steadyMs: millis(10_000) };
    connect(hub, credentials, one, tuning);
    await until(() => one.online === 1, "the first link");
    connect(hub, credentials, two, tuning);
    await until(() => [one, two].some(({ cause }) => cause === "duplicate-id"), "the word of a device");
    const contested = () => hub.lines.filter(({ event }) => event === "hub-id-contested");
    await until(() => contested().length > 0, "the word of the hub");
    expect(contested()).toHaveLength(1);
    expect(hub.core.timeline.of(id, 50).map(({ kind }) => kind)).toContain("rejected");
  });
});
