/** Names and values as a person types them. */
import { describe, expect, it } from "vitest";
import { typedName, typedValue } from "../../../src/firmware/local-socket/typed-value.ts";

describe("a typed name", () => {
  it.each([
    ["targetTemperature", "targetTemperature"],
    ["targettemperature", "targetTemperature"],
    ["set-point", "targetTemperature"],
    ["Set-Point", "targetTemperature"],
    ["mode", "controlMode"],
    ["heater-switch", "heaterSwitch"],
  ])("%s means %s", (text, name) => expect(typedName(text)).toBe(name));

  it.each(["", "temperature", "__proto__", "firmwareVersion"])("%j is refused, with the names", (text) => {
    expect(() => typedName(text)).toThrow(/There is no writable property/);
  });
});

describe("a typed value", () => {
  it.each([
    ["targetTemperature", "20.5", 20.5],
    ["targetTemperature", "20,5", 20.5],
    ["targetTemperature", "20.5C", 20.5],
    ["targetTemperature", "20.5 °C", 20.5],
    ["targetTemperature", "68F", 20],
    ["targetTemperature", "69 °F", 20.56],
    ["sensorOffset", "-0.5", -0.5],
    ["sensorOffset", "+1K", 1],
    ["telemetryInterval", "30s", 30],
    ["controlMode", "Manual", "manual"],
    ["heaterSwitch", "on", true],
    ["heaterSwitch", "FALSE", false],
  ] as const)("of %s: %s is %s", (name, text, value) => expect(typedValue(name, text)).toBe(value));

  it.each([
    ["targetTemperature", ""],
    ["targetTemperature", "warm"],
    ["targetTemperature", "20 K"],
    ["targetTemperature", "1e2"],
    ["targetTemperature", "F"],
    ["controlMode", "automatic"],
    ["heaterSwitch", "1"],
    ["telemetryInterval", "30F"],
  ] as const)("of %s: %j is refused with what to use", (name, text) => {
    expect(() => typedValue(name, text)).toThrow(`invalid value for ${name}`);
  });
});
