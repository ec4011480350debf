/** What the doctor says of the way to Home Assistant. */
import { createServer } from "node:net";
import { expect, it } from "vitest";
import { CredentialError } from "../../../src/azure/credentials/credentials.ts";
import { examineBroker, reachBroker } from "../../../src/firmware/home-assistant-process/examine-broker.ts";
import { readMqttSettings } from "../../../src/firmware/home-assistant-process/mqtt-file.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { filesOf } from "../../home-assistant/rig.ts";

const manifest = { connections: ["broker.local"] };
const load = (file: object | undefined) => () =>
  readMqttSettings({
    dataPath: "/data",
    env: {},
    files: filesOf(file === undefined ? {} : { "/data/mqtt.json": JSON.stringify(file) }),
  });
const file = { url: "mqtt://broker.local", user: "heater", password: "geheim" };
const reach = async () => undefined;

it("says that there is none, or names the broker and whether it can be reached", async () => {
  expect(await examineBroker({ load: load(undefined), manifest, reach })).toMatchObject({ status: "ok" });
  expect(await examineBroker({ load: load(file), manifest, reach })).toEqual({
    check: "home-assistant",
    status: "ok",
    detail:
      "the broker mqtt://broker.local:1883, as heater, can be reached; its password is sent unencrypted",
  });
  const gone = await examineBroker({ load: load(file), manifest, reach: async () => "It is off." });
  expect(gone).toMatchObject({ status: "warn", remedy: "It is off. Heating continues without it." });
});

it("names the line to add, and connects to nothing before", async () => {
  const never = async () => {
    throw new Error("connected");
  };
  const found = await examineBroker({ load: load(file), manifest: { connections: [] }, reach: never });
  expect(found).toMatchObject({ status: "fail", remedy: expect.stringContaining('"broker.local"') });
  const broken = async () => {
    throw new CredentialError("malformed", "it is wrong.", "Correct it.");
  };
  expect(await examineBroker({ load: broken, manifest, reach: never })).toMatchObject({
    status: "fail",
    detail: "it is wrong.",
    remedy: "Correct it.",
  });
});

it("finds out whether something listens there", async () => {
  const server = createServer((socket) => socket.on("error", () => {}));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const access = { host: "127.0.0.1", port, isTls: false };
  expect(await reachBroker(access, systemClock)).toBeUndefined();
  await new Promise((resolve) => server.close(resolve));
  expect(await reachBroker(access, systemClock)).toContain("cannot be reached");
});
