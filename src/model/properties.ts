/**
 * The properties: one row each, with schema, unit, limits, default and texts. Besides its use in the core, a writable
 * property needs only a row here: request, limits, stored form, acknowledgement, event, conflict policy, page field,
 * DTDL and IoT Central template derive from it.
 *
 * Guarantee: names are DTDL v2 names (a letter first, at most 64 letters, digits and underscores), and no
 * property is an array, which twins do not merge properly. The properties that only the device reports are
 * not stored: they describe the present state; the two counters are part of the stored state.
 */
import type { Celsius, Kelvin } from "../base/units.ts";
import type { CloudSchema, CloudValue, SettableSchema } from "./cloud-schema.ts";
import { isOfKind } from "./cloud-schema.ts";
import { choice, count, flag, type Named, real, size, text, time, week, whole } from "./rows.ts";
import { sides } from "./sources.ts";

export interface PropertySpec<S extends CloudSchema = CloudSchema> extends Named {
  readonly schema: S;
}
export interface WritableSpec<S extends SettableSchema = SettableSchema> extends PropertySpec<S> {
  /**
   * Survives a power cut, with its last change and its ruling in the twin's shadow. `false`: each start has the default.
   */
  readonly durable: boolean;
  /** The value on a new device, and again after the desired value was deleted (RR-7). */
  readonly default: CloudValue<S>;
  /** The setting that replaces the default. */
  readonly initial?: string;
  /** The value follows that setting, also later changes of it, until it is set. */
  readonly followsInitial?: boolean;
  /** The settings that replace the schema's limits. */
  readonly limits?: readonly [lowest: string, highest: string];
  /** Its event name in the log; default: its name in lower case with hyphens. */
  readonly eventName?: string;
  /** Step of the page's plus and minus buttons. */
  readonly step?: number;
  /** Shown on the page; the others are collapsed. */
  readonly prominent?: boolean;
}

/** Properties that both the cloud and the device's own panel write; reported as `{value, ac, av, ad}`. */
export const writableProperties = {
  targetTemperature: {
    schema: real("°C", [5, 30]),
    default: 19,
    durable: true,
    initial: "targetInitial",
    limits: ["targetMin", "targetMax"],
    eventName: "target",
    step: 0.5,
    prominent: true,
    label: "Set-point",
    doc: "Room temperature that automatic mode keeps; the settings may narrow or widen its limits.",
  },
  schedule: {
    schema: week([5, 30]),
    default: {},
    durable: true,
    limits: ["targetMin", "targetMax"],
    label: "Schedule",
    doc: "Set-points of a week: for each day up to 16 local times and temperatures, such as 06:30 20, 22:00 16. Without any the set-point holds.",
  },
  awayUntil: {
    schema: time,
    default: "1970-01-01T00:00:00.000Z",
    durable: true,
    label: "Away until",
    doc: "Until then the room is kept at the setting awayTemperature; a time in the past: not away.",
  },
  setPointHold: {
    schema: choice(["next-point", "permanent"]),
    default: "next-point",
    durable: true,
    label: "Set-point hold",
    doc: "How long a set-point that overrides a schedule is held: until the schedule's next point, or until somebody ends the hold.",
  },
  controlMode: {
    schema: choice(["auto", "manual"]),
    default: "auto",
    durable: true,
    initial: "modeInitial",
    eventName: "mode",
    prominent: true,
    label: "Mode",
    doc: "auto keeps the set-point; manual follows heaterSwitch.",
  },
  heaterSwitch: {
    schema: flag,
    default: false,
    durable: true,
    prominent: true,
    label: "Heater switch",
    doc: "What the heater does in manual mode, under every safety rule.",
  },
  telemetryInterval: {
    schema: whole("s", [5, 86_400]),
    default: 60,
    durable: true,
    step: 5,
    label: "Telemetry interval",
    doc: "Time between two readings that are sent.",
  },
  // Matter's LocalTemperatureCalibration has the same limits.
  sensorOffset: {
    schema: real("K", [-2.5, 2.5]),
    default: 0,
    durable: true,
    initial: "sensorOffset",
    followsInitial: true,
    step: 0.1,
    label: "Sensor offset",
    doc: "Added to every temperature reading, to calibrate the sensor.",
  },
  updateDeferral: {
    schema: whole("h", [0, 72]),
    default: 6,
    durable: true,
    initial: "updateDeferralHours",
    followsInitial: true,
    step: 1,
    label: "Update deferral",
    doc: "How long an installed update waits at most for the heater to be off; outside of its hours a day longer.",
  },
} as const satisfies Readonly<Record<string, WritableSpec>>;

type Rows = typeof writableProperties;
export type WritableName = keyof Rows;
export type WritableValues = { readonly [K in WritableName]: CloudValue<Rows[K]["schema"]> };
/** Any value of a writable property. */
export type ControlValue = WritableValues[WritableName];
/** The values in the core, with units in the types of temperatures. */
export type WritableQuantities = { readonly [K in WritableName]: Quantity<Rows[K]["schema"]> };
type Quantity<S> = S extends { unit: "°C" } ? Celsius : S extends { unit: "K" } ? Kelvin : CloudValue<S>;

/** Names of the settings that limit a property. */
export type LimitSetting = {
  [K in WritableName]: Rows[K] extends { readonly limits: readonly [infer L, infer H] } ? L | H : never;
}[WritableName];
/** Names of the settings that a property starts with. */
export type InitialSetting = {
  [K in WritableName]: Rows[K] extends { readonly initial: infer S } ? S : never;
}[WritableName];

export const writableNames = Object.keys(writableProperties) as readonly WritableName[];
export const isWritableName = (name: unknown): name is WritableName =>
  typeof name === "string" && Object.hasOwn(writableProperties, name);

export type DurableName = {
  [K in WritableName]: Rows[K]["durable"] extends true ? K : never;
}[WritableName];
export const isDurable = (name: WritableName): name is DurableName => writableProperties[name].durable;

/** The table's row for `name`, whatever its kind. */
export const writableSpec = (
  name: WritableName,
): WritableSpec & {
  readonly initial?: InitialSetting;
  readonly limits?: readonly [LimitSetting, LimitSetting];
} => writableProperties[name];

/** The log event of its changes. */
export const eventNameOf = (name: WritableName): string =>
  writableSpec(name).eventName ?? name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** One entry for each writable property. */
export const eachWritable = <T>(make: (name: WritableName) => T): Readonly<Record<WritableName, T>> =>
  Object.fromEntries(writableNames.map((name) => [name, make(name)])) as Record<WritableName, T>;

/** Whether `value` has the type of `name`; limits are not checked. */
export const isValueOf = (value: unknown, name: WritableName): value is ControlValue =>
  isOfKind(writableProperties[name].schema, value);
export const isControlValue = (value: unknown): value is ControlValue =>
  writableNames.some((name) => isValueOf(value, name));

/** What may decide the set-point in force, in order of precedence; safety takes precedence over all of them. */
export const setPointSources = ["boost", "hold", "away", "schedule", "set-point"] as const;
export type SetPointSource = (typeof setPointSources)[number];

/** The text beside the set-point in force; empty for the ordinary set-point. */
export const setPointSourceWords: Readonly<Record<SetPointSource, string>> = {
  boost: "boost",
  hold: "hold",
  away: "away",
  schedule: "by the schedule",
  "set-point": "",
};

/** Properties that only the device reports, as plain values; `null` without a value. */
export const readOnlyProperties = {
  lastChange: {
    schema: {
      kind: "record",
      fields: {
        property: choice(writableNames),
        source: choice(sides),
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
  sealed: {
    schema: flag,
    label: "Sealed",
    doc: "Whether the unit is closed for the field: no changes on its page without a password, no debugger, no local images.",
  },
  faults: {
    schema: text,
    label: "Faults",
    doc: "Codes of the active faults, most severe first, separated by a comma and a space; empty without faults.",
  },
  setPointFrom: {
    schema: choice(setPointSources),
    label: "Set-point from",
    doc: "What decides the set-point in force: the first of boost, hold, away, schedule and set-point that applies.",
  },
  setPointUntil: {
    schema: time,
    label: "Set-point until",
    doc: "When that changes by itself; null when it does not, or while the clock is unknown.",
  },
  nextSetPoint: {
    schema: real("°C", [-100, 100]),
    label: "Next set-point",
    doc: "Of the schedule, at setPointUntil; null without a schedule in force.",
  },
  boostUntil: { schema: time, label: "Boost until", doc: "When the running boost ends; null without one." },
  windowOpen: {
    schema: flag,
    label: "Window open",
    doc: "Whether heat is paused because the room cools as by an open window.",
  },
  roomLearned: {
    schema: real("%", [0, 100]),
    label: "Room learned",
    doc: "How much evidence the heating law's model of the room rests on; 0 with the untuned default.",
  },
  roomRise: {
    schema: real("K", [0, 1000]),
    label: "Rise in an hour",
    doc: "By how much an hour at full power warms the room, compared with no heat, by the model.",
  },
  relayCycles: {
    schema: count,
    label: "Relay cycles",
    doc: "Number of times that the relay was switched on, in total.",
  },
  heaterHours: {
    schema: real("h", [0, 1e7]),
    label: "Heater hours",
    doc: "Total time that the heater was on.",
  },
  relayLife: {
    schema: real("%", [0, 100_000]),
    label: "Relay life used",
    doc: "Relay cycles as a share of the setting relayLife; near 100 it is time to plan for a new relay.",
  },
  heaterDuty: {
    schema: real("%", [0, 100]),
    label: "Heater duty",
    doc: "Share of time that the heater was on, over the last hour or longer.",
  },
  machineUptime: {
    schema: real("h", [0, 1e6]),
    label: "Machine uptime",
    doc: "Time since the machine started.",
  },
  freeStorage: {
    schema: size,
    label: "Free storage",
    doc: "Room on the disk of the data folder, in kilobytes of 1024 bytes.",
  },
  freeMemory: {
    schema: size,
    label: "Free memory",
    doc: "Memory that is available to programs, in kilobytes of 1024 bytes.",
  },
  processorTemperature: {
    schema: real("°C", [-100, 200]),
    label: "Processor temperature",
    doc: "Of the computer, not of the room; null where it is not reported.",
  },
  underVoltage: {
    schema: flag,
    label: "Under-voltage",
    doc: "Whether the supply was too weak since the machine started; null where it is not reported.",
  },
  linkQuality: {
    schema: real("%", [0, 100]),
    label: "Wi-Fi quality",
    doc: "Of the wireless link; null without one.",
  },
  diskWritten: {
    schema: size,
    label: "Written to disks",
    doc: "By everything on the machine since it started, in kilobytes of 1024 bytes: memory cards wear.",
  },
  telemetryDropped: {
    schema: count,
    label: "Telemetry dropped",
    doc: "Total of lost messages: dropped from a full outbox, lost on a damaged disk, or suppressed by the rate limit.",
  },
  certificateExpires: {
    schema: time,
    label: "Certificate expires",
    doc: "When the device's certificate ends, and with it access to the cloud unless it is renewed; null for a device with a key.",
  },
} as const satisfies Readonly<Record<string, PropertySpec>>;

export type ReadOnlyName = keyof typeof readOnlyProperties;
export type ReadOnlyValues = {
  readonly [K in ReadOnlyName]: CloudValue<(typeof readOnlyProperties)[K]["schema"]> | null;
};
export const readOnlyNames = Object.keys(readOnlyProperties) as readonly ReadOnlyName[];
