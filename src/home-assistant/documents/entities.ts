/**
 * The entities of the device, from the tables of the model. This file adds only what Home Assistant needs
 * beyond them.
 *
 * Guarantee: a writable property that a number, a switch or a select can set is an entity without a row here.
 */
import type { CloudSchema, CommandName, ReadOnlyName, SettableSchema } from "../../model/cloud-model.ts";
import { type WritableName, writableNames, writableProperties } from "../../model/properties.ts";

/** Members of a component of the discovery document. */
export type Component = Readonly<Record<string, unknown>>;

/** Set by the thermostat itself. */
const ofThermostat: readonly WritableName[] = ["targetTemperature"];

const platforms: Readonly<Record<SettableSchema["kind"], "number" | "switch" | "select" | undefined>> = {
  number: "number",
  integer: "number",
  flag: "switch",
  choice: "select",
  // MQTT discovery has no entity type for these.
  time: undefined,
  week: undefined,
};

export const settableNames: readonly WritableName[] = writableNames.filter(
  (name) => !ofThermostat.includes(name) && platforms[writableProperties[name].schema.kind] !== undefined,
);

export const platformOf = (name: WritableName) => platforms[writableProperties[name].schema.kind];

/** Buttons: the commands that need no parameter, or have a default. */
export const buttons = {
  clearFault: {},
  identify: { device_class: "identify" },
  restart: { device_class: "restart" },
  forgetRoom: { enabled_by_default: false },
  checkForUpdate: { enabled_by_default: false },
} as const satisfies Partial<Readonly<Record<CommandName, Component>>>;

export type ButtonName = keyof typeof buttons;
export const isButton = (name: string): name is ButtonName => Object.hasOwn(buttons, name);
export const buttonNames = Object.keys(buttons) as readonly ButtonName[];

const measured = { state_class: "measurement" };
const total = { state_class: "total_increasing" };
const hidden = { enabled_by_default: false };

/** The read-only properties, with the labels, units and texts of the table. */
export const readings = {
  setPointFrom: {},
  setPointUntil: {},
  nextSetPoint: {},
  boostUntil: {},
  heaterDuty: measured,
  relayCycles: total,
  heaterHours: { ...total, device_class: "duration" },
  relayLife: { ...measured, ...hidden },
  roomLearned: { ...measured, ...hidden },
  startedAt: {},
  machineUptime: { ...measured, ...hidden, device_class: "duration" },
  processorTemperature: { ...measured, ...hidden },
  freeStorage: { ...measured, ...hidden },
  freeMemory: { ...measured, ...hidden },
  linkQuality: { ...measured, ...hidden },
  underVoltage: { device_class: "problem", ...hidden },
} as const satisfies Partial<Readonly<Record<ReadOnlyName, Component>>>;

export type ReadingName = keyof typeof readings;
export const readingNames = Object.keys(readings) as readonly ReadingName[];

/**
 * Unit and device class that follow from the schema. A difference (K) has no class: Home Assistant would
 * convert it like a temperature.
 */
export function unitOf(schema: CloudSchema): Component {
  if (schema.kind === "time") return { device_class: "timestamp" };
  if (schema.kind === "choice") return { device_class: "enum", options: schema.choices };
  if (schema.kind !== "number" && schema.kind !== "integer") return {};
  if (schema.unit === undefined)
    return schema.max > 1e12 ? { unit_of_measurement: "KiB", device_class: "data_size" } : {};
  return {
    unit_of_measurement: schema.unit,
    ...(schema.unit === "°C" && { device_class: "temperature" }),
    ...((schema.unit === "s" || schema.unit === "h") && { device_class: "duration" }),
  };
}
