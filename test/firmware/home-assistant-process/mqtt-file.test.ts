/** mqtt.json and its variables: what is read, and what a mistake is answered with. */
import { describe, expect, it } from "vitest";
import { CredentialError } from "../../../src/azure/credentials/credentials.ts";
import { isConfigured, readMqttSettings } from "../../../src/firmware/home-assistant-process/mqtt-file.ts";
import { makeAuthority } from "../../azure/link/certificates.ts";
import { filesOf } from "../../home-assistant/rig.ts";

const from = (file: unknown, more: Readonly<Record<string, string>> = {}, mode = 0o600) =>
  readMqttSettings({
    dataPath: "/data",
    env: {},
    files: filesOf(
      { "/data/mqtt.json": typeof file === "string" ? file : JSON.stringify(file), ...more },
      mode,
    ),
  });

const url = "mqtt://broker.local";

describe("what is read", () => {
  it.each([
    [url, { host: "broker.local", port: 1883, isTls: false }],
    ["mqtts://Broker.Example", { host: "broker.example", port: 8883, isTls: true }],
    ["mqtt://192.168.1.5:1884/", { host: "192.168.1.5", port: 1884, isTls: false }],
    ["mqtts://[fd00::1]:8884", { host: "fd00::1", port: 8884, isTls: true }],
  ])("%s", async (address, access) => {
    expect(await from({ url: address })).toMatchObject({
      access,
      id: undefined,
      name: "Grove heater",
      discoveryPrefix: "homeassistant",
      from: "/data/mqtt.json",
    });
  });

  it("a password is shown by nothing", async () => {
    const settings = await from({ url, user: "heater", password: "geheim" });
    expect(settings?.access.password?.reveal()).toBe("geheim");
    expect(JSON.stringify(settings)).not.toContain("geheim");
    expect(`${settings?.access.password}`).not.toContain("geheim");
  });

  it("the environment comes before the file, and neither is no error", async () => {
    const files = filesOf({ "/data/mqtt.json": JSON.stringify({ url }) });
    const env = { GROVE_HEATER_MQTT_URL: "mqtt://other", GROVE_HEATER_MQTT_USER: "u" };
    const settings = await readMqttSettings({ dataPath: "/data", env, files });
    expect(settings).toMatchObject({ access: { host: "other", user: "u" }, from: "the environment" });
    expect(await readMqttSettings({ dataPath: "/data", env: {}, files: filesOf({}) })).toBeUndefined();
    expect(isConfigured("/nowhere", {})).toBe(false);
    expect(isConfigured("/nowhere", env)).toBe(true);
  });
});

describe("what is refused, with the next step and without the secret", () => {
  it.each([
    ["half a file", '{"url": "mqtt://a",', "line 1"],
    ["an unknown member", `{\n"url": "${url}",\n"usr": "x"}`, 'line 3: it has the unknown key "usr"'],
    ["no address", "{}", 'is missing "url"'],
    ["another protocol", { url: "http://broker" }, "an address such as"],
    ["a password in the address", { url: "mqtt://u:geheim@broker" }, "without user and password"],
    ["a path", { url: "mqtt://broker/mqtt" }, "an address such as"],
    ["a password without a user", { url, password: "geheim" }, 'a "password" without a "user"'],
    ["a password that is a number", { url, user: "u", password: 123456 }, "password"],
    ["an id with a wildcard", { url, id: "a/#" }, "1 to 64 letters"],
    ["a certificate without its key", { url: "mqtts://a", certificateFile: "c" }, "belong together"],
    [
      "an authority that is no certificate",
      { url: "mqtts://a", caFile: "ca.pem" },
      "without a PEM certificate",
    ],
    [
      "an authority that is not there",
      { url: "mqtts://a", caFile: "gone.pem" },
      "/data/gone.pem, which does not exist",
    ],
    ["certificates without TLS", { url, caFile: "good.pem" }, 'need "mqtts://"'],
  ])("%s", async (_what, file, words) => {
    const { cert: pem } = await makeAuthority();
    const failed = await from(file, { "/data/ca.pem": "nothing", "/data/good.pem": pem }).catch(
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(CredentialError);
    const { message, remedy } = failed as CredentialError;
    expect(message).toContain(words);
    expect(`${message} ${remedy}`).not.toMatch(/geheim|123456/);
    expect(remedy).not.toBe("");
  });

  it("a file that others can read", async () => {
    await expect(from({ url }, {}, 0o644)).rejects.toMatchObject({
      code: "not-private",
      remedy: "Run: chmod 600 /data/mqtt.json",
    });
  });
});
