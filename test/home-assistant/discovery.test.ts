/** The discovery document against the rules of Home Assistant's own schemas (2025.4 and 2026.11). */
import { describe, expect, it } from "vitest";
import { celsius } from "../../src/base/units.ts";
import { discoveryDocument } from "../../src/home-assistant/documents/discovery.ts";
import type { FirmwareReport } from "../../src/model/cloud-model.ts";
import { faceRig, topics } from "./rig.ts";

type Component = Readonly<Record<string, unknown>>;

/** Every member that Home Assistant knows for a platform, beside those of all entities; another one is a mistake. */
const everywhere = [
  "platform",
  "unique_id",
  "name",
  "qos",
  "availability",
  "entity_category",
  "device_class",
  "enabled_by_default",
];
const attributes = ["json_attributes_topic", "json_attributes_template"];
const members: Readonly<Record<string, readonly string[]>> = {
  climate: [
    ...attributes,
    ...["current_temperature", "current_humidity"].flatMap((name) => [`${name}_topic`, `${name}_template`]),
    ...["temperature", "mode"].flatMap((name) => [
      `${name}_command_topic`,
      `${name}_state_topic`,
      `${name}_state_template`,
    ]),
    ...["modes", "action_topic", "action_template"],
    ...["preset_mode_command_topic", "preset_modes", "preset_mode_state_topic", "preset_mode_value_template"],
    ...["min_temp", "max_temp", "temp_step", "precision", "temperature_unit"],
  ],
  sensor: [
    "value_template",
    "unit_of_measurement",
    "state_class",
    "expire_after",
    "suggested_display_precision",
    "options",
  ],
  binary_sensor: [...attributes, "value_template", "state_topic", "payload_on", "payload_off"],
  number: ["value_template", "command_topic", "min", "max", "step", "mode", "unit_of_measurement"],
  switch: ["value_template", "command_topic"],
  select: ["value_template", "command_topic", "options"],
  button: ["command_topic"],
  update: ["value_template"],
};
/** Methods of a Python dictionary: a template finds them before a member of that name. */
const ofDictionary = ["clear", "copy", "get", "items", "keys", "pop", "setdefault", "update", "values"];

const report: FirmwareReport = {
  installed: "1.0.0",
  program: "a",
  available: "1.1.0",
  state: "downloading",
  progress: 41.6,
  reason: "",
  lastResult: "none",
  lastVersion: "",
  lastReason: "",
  slotA: "",
  slotB: "",
  group: "",
  place: 0,
  image: "",
  lastImage: "",
};

const everything = async () => await faceRig({ face: { firmwareReport: () => report } });

describe("the discovery document", () => {
  it("has only members that Home Assistant knows, each component with platform and a unique id of its own", async () => {
    const { discovery } = await everything();
    const { components, ...top } = discovery();
    expect(Object.keys(top)).toEqual(["device", "origin", "availability", "state_topic"]);
    const unknown = Object.entries(components).flatMap(([name, component]) => {
      const known = [...everywhere, ...(members[String(component["platform"])] ?? [])];
      return Object.keys(component)
        .filter((key) => !known.includes(key))
        .map((key) => `${name}: ${key}`);
    });
    expect(unknown).toEqual([]);
    const ids = Object.values(components).map((component) => component["unique_id"]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Object.values(components).every(({ qos }) => qos === 1)).toBe(true);
  });

  it("names what the state has, and nothing that a dictionary has of its own", async () => {
    const { discovery, state } = await everything();
    const templates = Object.values(discovery().components).flatMap((component: Component) =>
      Object.entries(component).flatMap(([key, value]) => (key.endsWith("_template") ? [String(value)] : [])),
    );
    const paths = templates.map((template) => /value_json\.([\w.]+)/.exec(template)?.[1]?.split(".") ?? []);
    expect(paths.length).toBeGreaterThan(30);
    for (const path of paths) {
      expect(path.filter((part) => ofDictionary.includes(part))).toEqual([]);
      let at: unknown = state();
      for (const part of path) {
        expect([path.join("."), Object.keys(at as object)]).toEqual([
          path.join("."),
          expect.arrayContaining([part]),
        ]);
        at = (at as Readonly<Record<string, unknown>>)[part];
      }
    }
  });

  it("never lists the preset none, and has presets with their topic", async () => {
    const { discovery } = await everything();
    const { thermostat } = discovery().components;
    expect(thermostat).toMatchObject({
      preset_modes: ["comfort", "eco", "away", "boost"],
      preset_mode_command_topic: topics.set("preset"),
      temp_step: 0.5,
      temperature_unit: "C",
      min_temp: 5,
      max_temp: 30,
    });
  });

  it("follows the limits in the settings", async () => {
    const { discovery } = await faceRig({ settings: { targetMin: celsius(10), targetMax: celsius(25) } });
    expect(discovery().components["thermostat"]).toMatchObject({ min_temp: 10, max_temp: 25 });
  });

  it("has an entity for every property that a number, a switch or a select can set", async () => {
    const { discovery } = await everything();
    const { components } = discovery();
    expect(components["telemetryInterval"]).toMatchObject({
      platform: "number",
      min: 5,
      max: 86_400,
      step: 5,
    });
    // A difference has no device class: Home Assistant would convert it as a temperature.
    expect(components["sensorOffset"]).toMatchObject({ platform: "number", unit_of_measurement: "K" });
    expect(components["sensorOffset"]).not.toHaveProperty("device_class");
    expect(components["freeMemory"]).toMatchObject({ unit_of_measurement: "KiB", device_class: "data_size" });
    expect(components["relayCycles"]).toMatchObject({ platform: "sensor" });
    for (const member of ["unit_of_measurement", "device_class"])
      expect(components["relayCycles"]).not.toHaveProperty(member);
    expect(components["heaterSwitch"]).toMatchObject({ platform: "switch" });
    expect(components["controlMode"]).toMatchObject({ platform: "select", options: ["auto", "manual"] });
    expect(components["schedule"]).toBeUndefined();
  });

  it("has the update only on a unit that takes updates, with members that Home Assistant knows alone", async () => {
    const without = await faceRig();
    expect(without.discovery().components).not.toHaveProperty("update");
    expect(without.state()).not.toHaveProperty("firmware");
    const { state } = await everything();
    expect(state()["firmware"]).toEqual({
      installed_version: "1.0.0",
      latest_version: "1.1.0",
      title: "grove-heater",
      release_summary: "The unit installs it by itself.",
      in_progress: true,
      update_percentage: 42,
    });
  });

  it("is an equal text for an equal device", async () => {
    const { device } = await everything();
    const facts = {
      identity: { id: "a", name: "A", firmware: "1", board: "b", discoveryPrefix: "homeassistant" },
      inForce: device.inForce,
      takesUpdates: true,
    };
    expect(discoveryDocument(facts)).toBe(discoveryDocument(facts));
  });
});
