import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { CredentialError, type CredentialProblem } from "../../../src/azure/credentials/credentials.ts";
import { loadCredentials } from "../../../src/azure/credentials/load.ts";
import { systemPrivateFiles } from "../../../src/azure/credentials/private-files.ts";
import { Secret, scrub } from "../../../src/azure/credentials/secret.ts";
import { deriveDeviceKey } from "../../../src/protocol/device-key.ts";
import { certificates, deviceKey } from "../rig.ts";

const dps = {
  type: "dps-symmetric-key",
  idScope: "0ne00123ABC",
  registrationId: "heater-1",
  deviceKey,
};
const connectionString = `HostName=hub.azure-devices.net;DeviceId=heater-1;SharedAccessKey=${deviceKey}`;

/** From a `credentials.json` with this content, or none. */
function load(content: unknown, { env = {}, mode = 0o100600, files = {} as Record<string, string> } = {}) {
  const all: Record<string, string> = { ...files };
  if (content !== undefined) {
    all["/data/credentials.json"] = typeof content === "string" ? content : JSON.stringify(content);
  }
  return loadCredentials({
    dataPath: "/data",
    env,
    files: { read: async (path) => all[path], mode: async () => mode },
  });
}

async function problem(loading: Promise<unknown>): Promise<CredentialProblem> {
  const error = await loading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CredentialError))
    throw new Error(`expected a CredentialError, got ${String(error)}`);
  expect(`${error.message} ${error.remedy} ${inspect(error)}`).not.toContain(deviceKey.slice(0, 10));
  expect(error.remedy).not.toBe("");
  return error.code;
}

describe("a key derived from a group's", () => {
  it("matches the vector that Azure published", () => {
    const group = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==";
    expect(deriveDeviceKey(group, "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6")).toBe(
      "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=",
    );
  });
  it("is refused for what is no key or no id", () => {
    expect(() => deriveDeviceKey("no key!", "a")).toThrow(RangeError);
    expect(() => deriveDeviceKey(deviceKey, "a b")).toThrow(RangeError);
    expect(() => deriveDeviceKey(deviceKey, "")).toThrow(RangeError);
  });
});

describe("credentials from a file", () => {
  it("are none when there is no file", async () => {
    expect(await load(undefined)).toBeUndefined();
  });
  it("are DPS with a key", async () => {
    const got = await load(dps);
    expect(got?.target).toEqual({
      kind: "dps",
      endpoint: "global.azure-devices-provisioning.net",
      idScope: "0ne00123ABC",
      registrationId: "heater-1",
    });
    expect(got?.proof.kind === "key" && got.proof.key.reveal()).toBe(deviceKey);
  });
  it("are a connection string", async () => {
    const got = await load({ type: "connection-string", connectionString });
    expect(got?.target).toEqual({ kind: "hub", host: "hub.azure-devices.net", deviceId: "heater-1" });
  });
  it("are a certificate and its key, with the CA of a local hub", async () => {
    const { authority } = await certificates();
    const [device, other] = [await authority.issue("heater-1"), await authority.issue("heater-2")];
    const { deviceKey: _, ...rest } = dps;
    const content = {
      ...rest,
      type: "dps-x509",
      endpoint: "localhost:8883",
      certificateFile: "device.pem",
      keyFile: "/keys/device.key",
      caFile: "ca.pem",
    };
    const files = {
      "/data/device.pem": device.cert,
      "/keys/device.key": device.key,
      "/data/ca.pem": authority.cert,
    };
    const got = await load(content, { files });
    expect(got?.proof.kind).toBe("certificate");
    expect(got?.caPem).toBe(authority.cert);
    expect(inspect(got, { depth: 9 })).not.toContain("PRIVATE KEY");
    expect(await problem(load(content, { files: { ...files, "/keys/device.key": other.key } }))).toBe(
      "bad-key",
    );
    expect(await problem(load(content, { files: { ...files, "/keys/device.key": "junk" } }))).toBe("bad-key");
    expect(await problem(load(content, { files: { "/data/device.pem": device.cert } }))).toBe("unreadable");
    const byString = {
      type: "connection-string",
      connectionString: "HostName=h;DeviceId=d;x509=true",
      certificateFile: "device.pem",
      keyFile: "/keys/device.key",
    };
    expect((await load(byString, { files }))?.proof.kind).toBe("certificate");
  });

  it.each<[string, unknown, CredentialProblem]>([
    ["no JSON", "{", "malformed"],
    ["no object", "[]", "malformed"],
    ["an unknown type", { ...dps, type: "password" }, "malformed"],
    ["a missing entry", { ...dps, idScope: undefined }, "malformed"],
    ["an unknown entry", { ...dps, scope: "x" }, "malformed"],
    ["an entry of another type", { ...dps, idScope: 5 }, "malformed"],
    ["a key that is none", { ...dps, deviceKey: `${deviceKey}!` }, "bad-key"],
    ["a key where a number stands", { ...dps, deviceKey: 12 }, "malformed"],
    ["the group's key", { ...dps, groupKey: deviceKey }, "group-key"],
    [
      "a service's connection string",
      { type: "connection-string", connectionString: `${connectionString};SharedAccessKeyName=iothubowner` },
      "malformed",
    ],
    [
      "a connection string without a device",
      { type: "connection-string", connectionString: connectionString.replace("DeviceId=heater-1;", "") },
      "malformed",
    ],
    [
      "a connection string with a part twice",
      { type: "connection-string", connectionString: `${connectionString};DeviceId=x` },
      "malformed",
    ],
    ["an endpoint that is a URL", { ...dps, endpoint: "https://x/" }, "malformed"],
  ])("are refused with %s", async (_name, content, code) => {
    expect(await problem(load(content))).toBe(code);
  });

  it("are refused when others may read the file", async () => {
    expect(await problem(load(dps, { mode: 0o100644 }))).toBe("not-private");
    expect(await problem(load(dps, { mode: 0o100640 }))).toBe("not-private");
    expect((await load(dps, { mode: 0o100400 }))?.target.kind).toBe("dps");
  });

  it("never throw anything but a CredentialError that quotes no key, whatever the file holds", async () => {
    const pieces = fc.constantFrom(...Object.keys(dps), "connectionString", "groupKey", "certificateFile");
    const values = fc.oneof(fc.string(), fc.constant(deviceKey), fc.constant(connectionString), fc.integer());
    await fc.assert(
      fc.asyncProperty(fc.dictionary(pieces, values), async (extra) => {
        const content = { ...dps, ...extra };
        try {
          await load(content);
        } catch (error) {
          expect(error).toBeInstanceOf(CredentialError);
          expect(inspect(error)).not.toContain(deviceKey);
        }
      }),
    );
  });

  it("come first from the service manager's folder, where a list of access rights looks like a group's right", async () => {
    const handed = { ...dps, registrationId: "handed" };
    const found = await load(dps, {
      env: {
        CREDENTIALS_DIRECTORY: "/run/credentials/grove-heater.service",
        IOTHUB_DEVICE_CONNECTION_STRING: "",
      },
      mode: 0o100440,
      files: { "/run/credentials/grove-heater.service/credentials.json": JSON.stringify(handed) },
    });
    expect(found).toMatchObject({
      target: { registrationId: "handed" },
      from: "/run/credentials/grove-heater.service/credentials.json",
    });
    const none = { env: { CREDENTIALS_DIRECTORY: "/run/credentials/grove-heater.service" } };
    expect((await load(dps, none))?.from).toBe("/data/credentials.json");
  });

  describe("on a real disk", () => {
    const folder = mkdtempSync(join(tmpdir(), "credentials-"));
    afterAll(() => rmSync(folder, { recursive: true }));
    it("are read only from a private file", async () => {
      const file = join(folder, "credentials.json");
      const places = { dataPath: folder, env: {}, files: systemPrivateFiles };
      expect(await loadCredentials(places)).toBeUndefined();
      writeFileSync(file, JSON.stringify(dps), { mode: 0o600 });
      expect((await loadCredentials(places))?.target.kind).toBe("dps");
      rmSync(file);
      writeFileSync(file, JSON.stringify(dps), { mode: 0o644 });
      expect(await problem(loadCredentials(places))).toBe("not-private");
    });
  });
});

describe("credentials from the environment", () => {
  const env = (more: Record<string, string> = {}): NodeJS.ProcessEnv => ({
    IOTHUB_DEVICE_SECURITY_TYPE: "DPS",
    IOTHUB_DEVICE_DPS_ID_SCOPE: "0ne00123ABC",
    IOTHUB_DEVICE_DPS_DEVICE_ID: "heater-1",
    IOTHUB_DEVICE_DPS_DEVICE_KEY: deviceKey,
    ...more,
  });

  it("go before the file, and take their secrets out of it", async () => {
    const variables = env({ IOTHUB_DEVICE_DPS_ENDPOINT: "localhost:8883" });
    const got = await load("{", { env: variables });
    expect(got?.target).toMatchObject({ kind: "dps", endpoint: "localhost:8883" });
    expect(JSON.stringify(variables)).not.toContain(deviceKey);
  });
  it("are a connection string", async () => {
    const variables = {
      IOTHUB_DEVICE_SECURITY_TYPE: "connectionString",
      IOTHUB_DEVICE_CONNECTION_STRING: connectionString,
    };
    expect((await load(undefined, { env: variables }))?.target.kind).toBe("hub");
    expect(JSON.stringify(variables)).not.toContain("SharedAccessKey");
  });
  it.each<[string, Record<string, string>, CredentialProblem]>([
    ["without a type", { IOTHUB_DEVICE_SECURITY_TYPE: "" }, "malformed"],
    ["with an unknown type", { IOTHUB_DEVICE_SECURITY_TYPE: "TPM" }, "malformed"],
    ["without a connection string", { IOTHUB_DEVICE_SECURITY_TYPE: "connectionString" }, "malformed"],
    ["without a scope", { IOTHUB_DEVICE_DPS_ID_SCOPE: "" }, "malformed"],
    ["without a key", { IOTHUB_DEVICE_DPS_DEVICE_KEY: "" }, "bad-key"],
  ])("are refused %s, and leave no secret even so", async (_name, more, code) => {
    const variables = env(more);
    expect(await problem(load(undefined, { env: variables }))).toBe(code);
    expect(JSON.stringify(variables)).not.toContain(deviceKey);
  });
});

describe("a secret", () => {
  it("shows itself nowhere", () => {
    const secret = new Secret(deviceKey);
    const shown = [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ deep: { secret } }, { depth: 9, showHidden: true }),
      JSON.stringify(structuredClone({ ...secret })),
    ].join();
    expect(shown).not.toContain(deviceKey.slice(0, 6));
    expect([String(secret), inspect(secret), JSON.stringify(secret)]).toEqual([
      "[secret]",
      "[secret]",
      '"[secret]"',
    ]);
  });

  it("is scrubbed out of foreign texts", () => {
    const text = `${connectionString} "deviceKey": "${deviceKey}" SharedAccessSignature sr=a&sig=${deviceKey}&se=1`;
    expect(scrub(text)).not.toContain(deviceKey.slice(0, 6));
    expect(scrub("-----BEGIN PRIVATE KEY-----\nabc")).toBe("[secret]");
  });
});
