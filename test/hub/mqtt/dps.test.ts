/** The registration on the wire, as a client without the SDK sees it. */
import mqtt from "mqtt";
import { expect, it, onTestFinished } from "vitest";
import { seconds, wallMillis } from "../../../src/base/units.ts";
import type { RunningHub } from "../../../src/hub/hub.ts";
import type { StreamEvent } from "../../../src/hub/page-server/api.ts";
import { makeSas } from "../../../src/hub/rest/sas.ts";
import { deriveDeviceKey } from "../../../src/protocol/device-key.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { eventually, testHub } from "../running-hub.ts";

const id = "heater-2";

interface Answer {
  readonly topic: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A connection to DPS with the key of a device that nobody enrolled. */
async function connect(hub: RunningHub) {
  const resource = `${hub.addresses.idScope}/registrations/${id}`;
  const key = deriveDeviceKey(hub.groupKey(), id);
  const client = mqtt.connect(`mqtts://localhost:${hub.addresses.mqttPort}`, {
    ca: hub.caPem,
    reconnectPeriod: 0,
    protocolVersion: 4,
    clientId: id,
    username: `${resource}/api-version=2019-03-31`,
    password: makeSas(encodeURIComponent(resource), key, Date.now() + 3_600_000),
  });
  onTestFinished(() => void client.end(true));
  const answers: Answer[] = [];
  client.on("message", (topic, payload) => answers.push({ topic, body: JSON.parse(payload.toString()) }));
  let subscribed = false;
  client.on("connect", () =>
    client.subscribe("$dps/registrations/res/#", () => {
      subscribed = true;
    }),
  );
  await eventually(() => subscribed, "the subscription");
  return async (topic: string, body: unknown): Promise<Answer | undefined> => {
    const before = answers.length;
    client.publish(topic, JSON.stringify(body));
    await eventually(() => answers.length > before, `an answer to ${topic}`);
    return answers.at(-1);
  };
}

const registerTopic = "$dps/registrations/PUT/iotdps-register/?$rid=";
const statusTopic = "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=";

it("a device is told when to ask again while it is assigned, and no such time with the result", async () => {
  const ask = await connect(await testHub());
  const assigning = await ask(`${registerTopic}1`, { registrationId: id });
  expect(assigning?.topic).toBe("$dps/registrations/res/202/?$rid=1&retry-after=1");
  const assigned = await ask(`${statusTopic}2&operationId=${assigning?.body["operationId"]}`, {});
  expect(assigned?.topic).toBe("$dps/registrations/res/200/?$rid=2");
  expect(assigned?.body).toMatchObject({ status: "assigned", registrationState: { deviceId: id } });
  const unknown = await ask(`${statusTopic}3&operationId=another`, {});
  expect(unknown?.topic).toBe("$dps/registrations/res/404/?$rid=3");
});

it("pages are told of a device once it has registered, and not again where nothing changed", async () => {
  const clock = new VirtualClock({ wallStart: wallMillis(Date.now()) });
  const hub = await testHub({ clock });
  const told: StreamEvent[] = [];
  hub.core.feed.listen((event) => told.push(event));
  const devices = () => told.flatMap((event) => (event.type === "twin" ? [event.device.id] : []));
  const ask = await connect(hub);
  await ask(`${registerTopic}1`, { registrationId: id });
  await clock.advance(seconds(1));
  expect(devices()).toEqual([id]);
  await ask(`${registerTopic}2`, { registrationId: id });
  await clock.advance(seconds(1));
  expect(devices()).toEqual([id]);
  await ask(`${registerTopic}3`, { registrationId: id, payload: { modelId: "dtmi:a;1" } });
  await clock.advance(seconds(1));
  expect(devices()).toEqual([id, id]);
});
