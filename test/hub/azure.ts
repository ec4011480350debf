/**
 * The genuine SDKs, as tests use them. They are CommonJS whose named exports ESM does not see, so they are taken apart.
 */
import { Agent } from "node:https";
import azureCommon from "azure-iot-common";
import type { Client as DeviceClient, Twin as DeviceTwin } from "azure-iot-device";
import azureDevice from "azure-iot-device";
import azureDeviceMqtt from "azure-iot-device-mqtt";
import mqttBase from "azure-iot-mqtt-base";
import azureProvisioning from "azure-iot-provisioning-device";
import azureProvisioningMqtt from "azure-iot-provisioning-device-mqtt";
import azureSymmetricKey from "azure-iot-security-symmetric-key";
import azureX509 from "azure-iot-security-x509";
import azureHub from "azure-iothub";
import mqtt from "mqtt";
import type { RunningHub } from "../../src/hub/hub.ts";

export const { Message } = azureDevice;
const { NoRetry } = azureCommon;
export const { Registry, Client: ServiceClient } = azureHub;
const { Client } = azureDevice;
const { Mqtt } = azureDeviceMqtt;
const { MqttBase } = mqttBase;
const { ProvisioningDeviceClient } = azureProvisioning;
const { Mqtt: ProvisioningMqtt } = azureProvisioningMqtt;
const { SymmetricKeySecurityClient } = azureSymmetricKey;
const { X509Security } = azureX509;

export interface Assigned {
  readonly assignedHub: string;
  readonly deviceId: string;
}

/** A client of the device SDK, not yet open; without the SDK's own retries, which would hide a refusal. */
export async function deviceClient(hub: RunningHub, connectionString: string): Promise<DeviceClient> {
  const client = Client.fromConnectionString(connectionString, Mqtt);
  client.setRetryPolicy(new NoRetry());
  await client.setOptions({ ca: hub.caPem });
  return client;
}

export async function certificateClient(
  hub: RunningHub,
  deviceId: string,
  pair: { cert: string; key: string },
): Promise<DeviceClient> {
  const text = `HostName=${hub.addresses.hubHost};DeviceId=${deviceId};x509=true`;
  const client = Client.fromConnectionString(text, Mqtt);
  client.setRetryPolicy(new NoRetry());
  await client.setOptions({ ca: hub.caPem, ...pair });
  return client;
}

/** Registers by DPS with the SDK, which has no option for the authority: the connection is made for it. */
export async function register(
  hub: RunningHub,
  registrationId: string,
  proof: { key: string } | { cert: string; privateKey: string },
  idScope = hub.addresses.idScope,
): Promise<Assigned> {
  const security =
    "key" in proof
      ? new SymmetricKeySecurityClient(registrationId, proof.key)
      : new X509Security(registrationId, { cert: proof.cert, key: proof.privateKey });
  const connect = (uri: string, options: mqtt.IClientOptions) =>
    mqtt.connect(uri, { ...options, ca: hub.caPem });
  const transport = new ProvisioningMqtt(new MqttBase({ connect } as never));
  (transport as unknown as NodeJS.EventEmitter).on("error", () => {});
  const client = ProvisioningDeviceClient.create(
    hub.addresses.hubHost,
    idScope,
    transport,
    security as never,
  );
  const result = await client.register();
  return result as unknown as Assigned;
}

export async function openTwin(client: DeviceClient): Promise<DeviceTwin> {
  return await client.getTwin();
}

export const report = (twin: DeviceTwin, patch: unknown): Promise<void> =>
  new Promise((resolve, reject) => {
    twin.properties.reported["update"](patch, (error: Error | null) => (error ? reject(error) : resolve()));
  });

/** azure-iothub takes no port: the agent brings its connections to the hub's. */
export function serviceAgent(hub: RunningHub): Agent {
  class HubAgent extends Agent {
    override createConnection(...[options, callback]: Parameters<Agent["createConnection"]>) {
      return super.createConnection(
        { ...options, host: "localhost", port: hub.addresses.restPort },
        callback,
      );
    }
  }
  return new HubAgent({ ca: hub.caPem });
}

export function registryOf(hub: RunningHub, policy?: string): InstanceType<typeof Registry> {
  const registry = Registry.fromConnectionString(hub.serviceConnectionString(policy));
  withAgent(registry, serviceAgent(hub));
  return registry;
}

export function serviceOf(hub: RunningHub): InstanceType<typeof ServiceClient> {
  const service = ServiceClient.fromConnectionString(hub.serviceConnectionString("service"));
  withAgent(service, serviceAgent(hub));
  return service;
}

function withAgent(client: unknown, agent: Agent): void {
  const { _restApiClient } = client as { _restApiClient: { setOptions(options: unknown): void } };
  _restApiClient.setOptions({ http: { agent } });
}
