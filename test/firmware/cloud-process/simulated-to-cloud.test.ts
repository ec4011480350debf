import { describe, expect, it } from "vitest";
import type { Credentials } from "../../../src/azure/credentials/credentials.ts";
import { allowsSimulatedReadings } from "../../../src/firmware/cloud-process/simulated-to-cloud.ts";

const hub = (host: string): Pick<Credentials, "target"> => ({
  target: { kind: "hub", host, deviceId: "heater" },
});
const dps = (endpoint: string): Pick<Credentials, "target"> => ({
  target: { kind: "dps", endpoint, idScope: "0ne00123ABC", registrationId: "heater" },
});
const clouds = [
  hub("mine.azure-devices.net"),
  dps("global.azure-devices-provisioning.net"),
  hub("192.168.1.7:8883"),
];
const here = [hub("localhost"), hub("127.0.0.1:18883"), dps("localhost:8883")];

describe("SR-14: readings", () => {
  it("of the virtual hat go to no cloud by themselves", () => {
    const readings = { simulated: true, simulatedToCloud: false };
    expect(clouds.map((each) => allowsSimulatedReadings(each, readings))).toEqual([false, false, false]);
  });

  it("of the virtual hat go to a hub on this machine", () => {
    const readings = { simulated: true, simulatedToCloud: false };
    expect(here.map((each) => allowsSimulatedReadings(each, readings))).toEqual([true, true, true]);
  });

  it("of the virtual hat go to a cloud where somebody asked for it", () => {
    const readings = { simulated: true, simulatedToCloud: true };
    expect(clouds.map((each) => allowsSimulatedReadings(each, readings))).toEqual([true, true, true]);
  });

  it("of a real hat go where the credentials lead", () => {
    const readings = { simulated: false, simulatedToCloud: false };
    expect(clouds.map((each) => allowsSimulatedReadings(each, readings))).toEqual([true, true, true]);
  });
});
