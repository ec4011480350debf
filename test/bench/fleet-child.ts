/** Many devices of Azure's own SDK in one process, and the operator who edits their twins over the hub's REST routes. */
import { Agent, request } from "node:https";
import azureCommon from "azure-iot-common";
import azureDevice, { type Client, type Twin } from "azure-iot-device";
import azureDeviceMqtt from "azure-iot-device-mqtt";
import type { HubPlace } from "./hub-child.ts";
import { serve } from "./services.ts";

interface FleetDevice {
  readonly id: string;
  readonly client: Client;
  readonly twin: Twin;
  /** Called with each desired value of `round`. */
  onRound: (round: unknown) => void;
}

interface Operator {
  readonly agent: Agent;
  readonly port: number;
  readonly token: string;
}

let fleet: FleetDevice[] = [];
let operator: Operator | undefined;

const services = {
  /** @returns ms until every device is connected, has its twin and hears of its changes */
  async connect(place: HubPlace, devices: readonly { id: string; connectionString: string }[]) {
    operator = { agent: new Agent({ ca: place.caPem, keepAlive: true }), ...accessOf(place) };
    const startedAt = performance.now();
    fleet = await Promise.all(
      devices.map(({ id, connectionString }) => connect(id, connectionString, place.caPem)),
    );
    return performance.now() - startedAt;
  },
  /** Every device sends, each its next message when the last is acknowledged. @returns messages a second */
  async telemetry(messages: number): Promise<number> {
    const startedAt = performance.now();
    await Promise.all(fleet.map((device) => sendAll(device, messages)));
    return (fleet.length * messages * 1000) / (performance.now() - startedAt);
  },
  /** One after another. @returns ms from the reported patch to the hub's answer, for each device and round */
  reported: (rounds: number) =>
    eachInTurn(rounds, async ({ twin }, round) => {
      const startedAt = performance.now();
      await report(twin, { round });
      return performance.now() - startedAt;
    }),
  /** One after another. @returns ms from the operator's request to the device's seeing it */
  desired: (rounds: number) =>
    eachInTurn(rounds, async (device, round) => {
      const seen = new Promise<number>((resolve) => {
        device.onRound = (value) => {
          if (value === round) resolve(performance.now());
        };
      });
      const startedAt = performance.now();
      const [seenAt] = await Promise.all([seen, edit(device.id, { round })]);
      return seenAt - startedAt;
    }),
};
export type FleetServices = typeof services;

async function connect(id: string, connectionString: string, ca: string): Promise<FleetDevice> {
  const client = azureDevice.Client.fromConnectionString(connectionString, azureDeviceMqtt.Mqtt);
  client.setRetryPolicy(new azureCommon.NoRetry());
  await client.setOptions({ ca });
  await client.open();
  const device: FleetDevice = { id, client, twin: await client.getTwin(), onRound: () => {} };
  device.twin.on("properties.desired.round", (round: unknown) => device.onRound(round));
  return device;
}

async function sendAll({ client }: FleetDevice, messages: number): Promise<void> {
  for (let count = 0; count < messages; count += 1) {
    const message = new azureDevice.Message(JSON.stringify({ temperature: 19 + count / 100, humidity: 45 }));
    message.contentType = "application/json";
    message.contentEncoding = "utf-8";
    await client.sendEvent(message);
  }
}

async function eachInTurn(
  rounds: number,
  measure: (device: FleetDevice, round: number) => Promise<number>,
): Promise<number[]> {
  const taken: number[] = [];
  for (let round = 1; round <= rounds; round += 1)
    for (const device of fleet) taken.push(await measure(device, round));
  return taken;
}

const report = (twin: Twin, patch: object): Promise<void> =>
  new Promise((resolve, reject) => {
    twin.properties.reported["update"](patch, (error: Error | null) => (error ? reject(error) : resolve()));
  });

function accessOf({ restPort, service }: HubPlace): Omit<Operator, "agent"> {
  const parts = new Map(service.split(";").map((part) => part.split(/=(.*)/s, 2) as [string, string]));
  const expiryS = Math.floor(Date.now() / 1000) + 3600;
  const token = azureCommon.SharedAccessSignature.create(
    parts.get("HostName") ?? "",
    parts.get("SharedAccessKeyName") ?? "",
    parts.get("SharedAccessKey") ?? "",
    expiryS,
  );
  return { port: restPort, token: token.toString() };
}

async function edit(id: string, desired: object): Promise<void> {
  if (operator === undefined) throw new Error("not connected");
  const { agent, port, token } = operator;
  await new Promise<void>((resolve, reject) => {
    const path = `/twins/${id}?api-version=2021-04-12`;
    const headers = { authorization: token, "content-type": "application/json" };
    request({ agent, host: "localhost", port, path, method: "PATCH", headers }, (response) => {
      response.resume().once("end", () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`the hub answered ${response.statusCode}`));
      });
    })
      .once("error", reject)
      .end(JSON.stringify({ properties: { desired } }));
  });
}

serve(services);
