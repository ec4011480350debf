/** The least that connects with Azure's device SDK: a client and its twin, nothing else. */
import device from "azure-iot-device";
import deviceMqtt from "azure-iot-device-mqtt";
import { serve } from "./services.ts";

const services = {
  async connect(connectionString: string, ca: string): Promise<void> {
    const client = device.Client.fromConnectionString(connectionString, deviceMqtt.Mqtt);
    await client.setOptions({ ca });
    await client.open();
    await client.getTwin();
  },
};
export type SdkServices = typeof services;

serve(services);
