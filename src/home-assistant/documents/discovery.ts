/**
 * The discovery document, from which Home Assistant creates the device and its entities.
 *
 * Guarantee: depends only on what is given, with its members in a fixed order, so that an equal document is an equal text.
 */

import type { InForce } from "../../control/twin/in-force.ts";
import {
  type CloudSchema,
  commandSpec,
  decimalsOf,
  type SettableSchema,
  telemetry,
} from "../../model/cloud-model.ts";
import { readOnlyProperties, type WritableName, writableSpec } from "../../model/properties.ts";
import { type TopicNames, topicsOf } from "../topics.ts";
import { hasSchedule, modes, presetModes } from "./device-view.ts";
import {
  buttonNames,
  buttons,
  type Component,
  platformOf,
  readingNames,
  readings,
  settableNames,
  unitOf,
} from "./entities.ts";

export interface Identity extends TopicNames {
  /** As Home Assistant shows the device. */
  readonly name: string;
  readonly firmware: string;
  readonly board: string;
}

export interface DiscoveryFacts {
  readonly identity: Identity;
  readonly inForce: InForce;
  readonly takesUpdates: boolean;
}

/** An older reading is shown as unknown. */
export const expireAfterSeconds = 180;
const qos = 1;
const product = "grove-heater";

export function discoveryDocument(facts: DiscoveryFacts): string {
  const { identity } = facts;
  const { id, name, firmware, board } = identity;
  const topics = topicsOf(identity);
  const named = Object.entries(componentsOf(facts)).map(([key, component]) => [
    key,
    { unique_id: `${id}_${key}`, qos, ...component },
  ]);
  return JSON.stringify({
    device: { identifiers: [id], name, manufacturer: product, model: board, sw_version: firmware },
    origin: { name: product, sw_version: firmware },
    availability: [{ topic: topics.availability }],
    state_topic: topics.state,
    components: Object.fromEntries(named),
  });
}

function componentsOf({ identity, inForce, takesUpdates }: DiscoveryFacts): Record<string, Component> {
  const topics = topicsOf(identity);
  const isOffered = (name: string): boolean => takesUpdates || name !== "checkForUpdate";
  return {
    thermostat: thermostat(identity, inForce),
    temperature: measurement("temperature", { suggested_display_precision: 1 }),
    humidity: measurement("humidity", { device_class: "humidity", suggested_display_precision: 0 }),
    heatingDemand: measurement("heatingDemand", { entity_category: "diagnostic" }),
    heating: binary("Heating", "heating", { device_class: "heat" }),
    window: binary("Window", "window", { device_class: "window" }),
    fault: binary("Fault", "fault", {
      device_class: "problem",
      json_attributes_topic: topics.state,
      json_attributes_template: "{{ value_json.faults | tojson }}",
    }),
    // Shown as disconnected, not as unavailable, while the device is offline.
    link: {
      platform: "binary_sensor",
      name: "Connection",
      device_class: "connectivity",
      entity_category: "diagnostic",
      state_topic: topics.availability,
      payload_on: "online",
      payload_off: "offline",
      availability: [],
    },
    ...Object.fromEntries(settableNames.map((name) => [name, settable(name, topics.command(name), inForce)])),
    ...Object.fromEntries(readingNames.map((name) => [name, reading(name)])),
    ...Object.fromEntries(
      buttonNames.filter(isOffered).map((name) => [
        name,
        {
          platform: "button",
          name: commandSpec(name).label,
          entity_category: "config",
          ...buttons[name],
          command_topic: topics.command(name),
        },
      ]),
    ),
    ...(takesUpdates && {
      update: {
        platform: "update",
        name: "Firmware",
        device_class: "firmware",
        entity_category: "diagnostic",
        value_template: "{{ value_json.firmware | tojson }}",
      },
    }),
  };
}

function thermostat(names: TopicNames, inForce: InForce): Component {
  const { state, command } = topicsOf(names);
  const { step, limits } = writableSpec("targetTemperature");
  const [lowest, highest] = limits ?? [];
  return {
    platform: "climate",
    name: null,
    current_temperature_topic: state,
    current_temperature_template: template("temperature"),
    current_humidity_topic: state,
    current_humidity_template: template("humidity"),
    temperature_command_topic: command("target"),
    temperature_state_topic: state,
    temperature_state_template: template("target"),
    mode_command_topic: command("mode"),
    mode_state_topic: state,
    mode_state_template: template("mode"),
    modes: modes.filter((mode) => mode !== "auto" || hasSchedule(inForce)),
    action_topic: state,
    action_template: template("action"),
    preset_mode_command_topic: command("preset"),
    preset_modes: presetModes,
    preset_mode_state_topic: state,
    preset_mode_value_template: template("preset"),
    json_attributes_topic: state,
    json_attributes_template: "{{ value_json.setPoint | tojson }}",
    min_temp: lowest && inForce.limits[lowest],
    max_temp: highest && inForce.limits[highest],
    temp_step: step,
    precision: 0.1,
    temperature_unit: "C",
  };
}

const template = (path: string): string => `{{ value_json.${path} }}`;
const onOff = (path: string): string => `{{ 'ON' if value_json.${path} else 'OFF' }}`;

function measurement(name: "temperature" | "humidity" | "heatingDemand", more: Component): Component {
  const { label, schema } = telemetry[name];
  return {
    platform: "sensor",
    name: label,
    ...unitOf(schema),
    state_class: "measurement",
    expire_after: expireAfterSeconds,
    ...more,
    value_template: template(name),
  };
}

const binary = (name: string, path: string, more: Component): Component => ({
  platform: "binary_sensor",
  name,
  ...more,
  value_template: onOff(path),
});

function reading(name: (typeof readingNames)[number]): Component {
  const { label, schema }: { readonly label: string; readonly schema: CloudSchema } =
    readOnlyProperties[name];
  const common = { name: label, entity_category: "diagnostic", ...unitOf(schema), ...readings[name] };
  return schema.kind === "flag"
    ? { platform: "binary_sensor", ...common, value_template: onOff(`readings.${name}`) }
    : { platform: "sensor", ...common, value_template: template(`readings.${name}`) };
}

function settable(name: WritableName, topic: string, inForce: InForce): Component {
  const { label, schema, step } = writableSpec(name);
  const path = `properties.${name}`;
  const common = {
    platform: platformOf(name),
    name: label,
    entity_category: "config",
    ...(schema.kind !== "choice" && unitOf(schema)),
    command_topic: topic,
  };
  if (schema.kind === "flag") return { ...common, value_template: onOff(path) };
  if (schema.kind === "choice") return { ...common, options: schema.choices, value_template: template(path) };
  return { ...common, ...range(name, schema, inForce, step), mode: "box", value_template: template(path) };
}

function range(name: WritableName, schema: SettableSchema, inForce: InForce, step?: number): Component {
  if (!("min" in schema)) return {};
  const { limits } = writableSpec(name);
  const [lowest, highest] = limits ?? [];
  const smallestStep = schema.unit === undefined ? 1 : 10 ** -decimalsOf[schema.unit];
  return {
    min: lowest === undefined ? schema.min : inForce.limits[lowest],
    max: highest === undefined ? schema.max : inForce.limits[highest],
    step: step ?? smallestStep,
  };
}
