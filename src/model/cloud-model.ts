/**
 * The one table of what the cloud sees: properties, telemetry and commands with their schema, unit, limits, default
 * and words. Types follow from it; so does, checked by a test in both directions, the DTDL model in manifest/model.
 *
 * Guarantee: what is not named here is neither sent nor taken. Names are DTDL v2 names (a letter first, at most 64
 * of letters, digits and underscores), and no property holds an array: a twin merges arrays by index.
 */
import type { CloudSchema, CloudUnit, CloudValue } from "./cloud-schema.ts";
import { faultCodes } from "./faults.ts";
import { settingsTable } from "./settings-table.ts";

export type * from "./cloud-schema.ts";
export { validateValue } from "./cloud-schema.ts";

/** DTMI of the interface. A change that takes a name away or changes its type needs the next version. */
export const modelId = "dtmi:groveHeater:heater;1";

interface Named {
  /** What a person reads beside the value. */
  readonly label: string;
  /** One sentence. */
  readonly doc: string;
}
export interface PropertySpec<S extends CloudSchema = CloudSchema> extends Named {
  readonly schema: S;
}
export interface WritableSpec<S extends CloudSchema = CloudSchema> extends PropertySpec<S> {
  /** In force on a new device, and again when the desired value is deleted (RR-7). */
  readonly default: CloudValue<S>;
}
export interface TelemetrySpec<S extends CloudSchema = CloudSchema> extends Named {
  readonly schema: S;
  /** A thing that happened, not a state that lasts. */
  readonly event: boolean;
}
export interface CommandSpec<S extends CloudSchema = CloudSchema> extends Named {
  /** Missing: the command takes nothing. */
  readonly request?: { readonly name: string; readonly schema: S; readonly default: CloudValue<S> } & Named;
}

type Range = readonly [min: number, max: number];

const real = (unit: CloudUnit, [min, max]: Range) => ({ kind: "number", unit, min, max }) as const;
const whole = (unit: CloudUnit, [min, max]: Range) => ({ kind: "integer", unit, min, max }) as const;
const count = { kind: "integer", min: 0, max: 2_147_483_647 } as const;
const size = { kind: "number", min: 0, max: 1e15 } as const;
const flag = { kind: "flag" } as const;
const text = { kind: "text" } as const;
const time = { kind: "time" } as const;
const choice = <const T extends string>(choices: readonly T[]) => ({ kind: "choice", choices }) as const;

const { targetInitial, targetMin, targetMax, modeInitial, sensorOffset } = settingsTable;

/** Properties that both the cloud and the device's own panel write; reported as `{value, ac, av, ad}`. */
export const writableProperties = {
  targetTemperature: {
    schema: real("°C", [targetMin.default, targetMax.default]),
    default: targetInitial.default,
    label: "Set-point",
    doc: "Room temperature that automatic mode keeps; the settings may narrow or widen its limits.",
  },
  controlMode: {
    schema: choice(modeInitial.choices),
    default: modeInitial.default,
    label: "Mode",
    doc: "auto keeps the set-point; manual follows heaterSwitch.",
  },
  heaterSwitch: {
    schema: flag,
    default: false,
    label: "Heater switch",
    doc: "What the heater does in manual mode, under every safety rule.",
  },
  telemetryInterval: {
    schema: whole("s", [5, 86_400]),
    default: 60,
    label: "Telemetry interval",
    doc: "Time between two readings that are sent.",
  },
  sensorOffset: {
    schema: real("K", [sensorOffset.min, sensorOffset.max]),
    default: sensorOffset.default,
    label: "Sensor offset",
    doc: "Added to every temperature reading, to calibrate the sensor.",
  },
} as const satisfies Readonly<Record<string, WritableSpec>>;

export type WritableName = keyof typeof writableProperties;
export type WritableValues = {
  readonly [K in WritableName]: CloudValue<(typeof writableProperties)[K]["schema"]>;
};
export const writableNames = Object.keys(writableProperties) as readonly WritableName[];

/** Properties that the device alone reports, as plain values; `null` where there is nothing to say. */
export const readOnlyProperties = {
  lastChange: {
    schema: {
      kind: "record",
      fields: {
        property: choice(writableNames),
        source: choice(["default", "device", "cloud"]),
        from: text,
        to: text,
        amount: real("K", [-100, 100]),
        time,
      },
    },
    label: "Last change",
    doc: "Which writable property changed last, by whom, from what to what, when; amount is to − from, 0 for no number.",
  },
  firmwareVersion: { schema: text, label: "Firmware", doc: "Version of the running firmware." },
  board: { schema: text, label: "Board", doc: "Board definition in use." },
  startedAt: { schema: time, label: "Started", doc: "When the firmware started." },
  faults: {
    schema: text,
    label: "Faults",
    doc: "Codes of the faults that stand, most severe first, separated by a comma and a space; empty when all is well.",
  },
  boostUntil: { schema: time, label: "Boost until", doc: "When the running boost ends; null without one." },
  relayCycles: { schema: count, label: "Relay cycles", doc: "Times that the relay was switched on, ever." },
  heaterHours: {
    schema: real("h", [0, 1e7]),
    label: "Heater hours",
    doc: "Time that the heater was on, ever.",
  },
  telemetryDropped: {
    schema: count,
    label: "Telemetry dropped",
    doc: "Messages lost since the device was set up: the oldest of a full outbox, what a damaged disk cost, what was held back.",
  },
} as const satisfies Readonly<Record<string, PropertySpec>>;

export type ReadOnlyName = keyof typeof readOnlyProperties;
export type ReadOnlyValues = {
  readonly [K in ReadOnlyName]: CloudValue<(typeof readOnlyProperties)[K]["schema"]> | null;
};
export const readOnlyNames = Object.keys(readOnlyProperties) as readonly ReadOnlyName[];

/**
 * The standard component dtmi:azure:DeviceManagement:DeviceInformation;1: reported once, marked `__t: "c"`. Names and
 * schemas are the standard's; sizes are in kilobytes of 1024.
 */
export const deviceInformation = {
  name: "deviceInformation",
  modelId: "dtmi:azure:DeviceManagement:DeviceInformation;1",
  fields: {
    manufacturer: text,
    model: text,
    swVersion: text,
    osName: text,
    processorArchitecture: text,
    processorManufacturer: text,
    totalStorage: size,
    totalMemory: size,
  },
} as const;

export type DeviceInformation = CloudValue<{ kind: "record"; fields: typeof deviceInformation.fields }>;

/** The first six go into one message, every telemetryInterval and when a switch changes; events each into its own. */
export const telemetry = {
  temperature: {
    schema: real("°C", [-40, 125]),
    event: false,
    label: "Temperature",
    doc: "Room temperature, sensor offset included; missing while no reading is credible.",
  },
  humidity: {
    schema: real("%", [0, 100]),
    event: false,
    label: "Humidity",
    doc: "Relative humidity; missing while no reading is credible.",
  },
  setPoint: {
    schema: real("°C", [-100, 100]),
    event: false,
    label: "Set-point at the time",
    doc: "Set-point in force when the reading was taken.",
  },
  heatingDemand: {
    schema: real("%", [0, 100]),
    event: false,
    label: "Heating demand",
    doc: "Share of time for which the heating law calls for heat.",
  },
  heaterOn: { schema: flag, event: false, label: "Heater", doc: "What the relay was told." },
  automatic: { schema: flag, event: false, label: "Automatic", doc: "Whether the mode was auto." },
  faultRaised: {
    schema: choice(faultCodes),
    event: true,
    label: "Fault raised",
    doc: "A fault began to stand.",
  },
  faultEnded: {
    schema: choice(faultCodes),
    event: true,
    label: "Fault ended",
    doc: "A fault stands no more.",
  },
} as const satisfies Readonly<Record<string, TelemetrySpec>>;

export type TelemetryName = keyof typeof telemetry;
/** The body of a telemetry message: any of the names, each with its type. */
export type TelemetryValues = {
  readonly [K in TelemetryName]?: CloudValue<(typeof telemetry)[K]["schema"]>;
};

/** Taken by direct method, and by a C2D message that carries the name in its property `method-name`. */
export const commands = {
  boost: {
    label: "Boost",
    doc: "Aims 3 K above the set-point for a while, though not above its highest limit, under every safety rule; refused in manual mode.",
    request: {
      name: "minutes",
      schema: whole("min", [0, 240]),
      default: 30,
      label: "Minutes",
      doc: "How long; 0 ends a running boost.",
    },
  },
  identify: {
    label: "Identify",
    doc: "Blinks the LED to help you find it.",
    request: {
      name: "seconds",
      schema: whole("s", [1, 300]),
      default: 15,
      label: "Seconds",
      doc: "How long.",
    },
  },
  clearFault: { label: "Clear faults", doc: "Clears the faults that wait for a person." },
  restart: { label: "Restart", doc: "Ends the firmware cleanly, heater off; its supervisor restarts it." },
} as const satisfies Readonly<Record<string, CommandSpec>>;

export type CommandName = keyof typeof commands;
export const commandNames = Object.keys(commands) as readonly CommandName[];

export const isWritableName = (name: string): name is WritableName => Object.hasOwn(writableProperties, name);
export const isCommandName = (name: string): name is CommandName => Object.hasOwn(commands, name);
/** The table's row for `name`, whatever its kind. */
export const commandSpec = (name: CommandName): CommandSpec => commands[name];
