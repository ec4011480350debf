/**
 * The device model of the cloud: telemetry and commands (properties are in properties.ts), one row each, with schema,
 * unit, limits, default and texts. Types and the documents in manifest/model (`npm run generate`) derive from the rows.
 *
 * Guarantee: nothing else is sent or accepted. Names are DTDL v2 names.
 */
import type { CloudSchema, CloudValue } from "./cloud-schema.ts";
import { reportKinds } from "./error-reports.ts";
import { faultCodes } from "./faults.ts";
import { choice, count, flag, type Named, real, size, text, whole } from "./rows.ts";

export type * from "./cloud-schema.ts";
export { decimalsOf, validateValue } from "./cloud-schema.ts";
export * from "./properties.ts";

/** DTMI of the interface. Removing a name or changing its type needs the next version. */
export const modelId = "dtmi:groveHeater:heater;1";

export interface TelemetrySpec<S extends CloudSchema = CloudSchema> extends Named {
  readonly schema: S;
  /** An event, not a state. */
  readonly event: boolean;
  /** Where it waits until the hub has acknowledged it, also over restarts. `false`: without a link it is lost. */
  readonly durable: "outbox" | "reports" | false;
  /** DTDL has no semantic type for other percentages. */
  readonly isHumidity?: boolean;
}
export interface CommandSpec<S extends CloudSchema = CloudSchema> extends Named {
  /** Missing for a command without a parameter. */
  readonly request?: { readonly name: string; readonly schema: S; readonly default: CloudValue<S> } & Named;
}

/**
 * The standard component dtmi:azure:DeviceManagement:DeviceInformation;1: reported once, marked `__t: "c"`. Names and
 * schemas are the standard's; sizes are in kilobytes of 1024.
 */
export const deviceInformation = {
  name: "deviceInformation",
  modelId: "dtmi:azure:DeviceManagement:DeviceInformation;1",
  label: "Device information",
  fields: {
    manufacturer: { schema: text, label: "Manufacturer" },
    model: { schema: text, label: "Device model" },
    swVersion: { schema: text, label: "Software version" },
    osName: { schema: text, label: "Operating system name" },
    processorArchitecture: { schema: text, label: "Processor architecture" },
    processorManufacturer: { schema: text, label: "Processor manufacturer" },
    totalStorage: {
      schema: size,
      label: "Total storage",
      doc: "Storage of the device, in kilobytes of 1024 bytes.",
    },
    totalMemory: {
      schema: size,
      label: "Total memory",
      doc: "Memory of the device, in kilobytes of 1024 bytes.",
    },
  },
} as const;

/** What the updater does, for the "state" of the component. */
export const updateStates = [
  "idle",
  "waiting",
  "downloading",
  "installing",
  "deferred",
  "starting",
  "on-trial",
] as const;
export const updateResults = ["none", "confirmed", "reverted", "refused", "kept", "canceled"] as const;

/** The component of a unit with updates, reported when one of its values changes. */
export const firmwareComponent = {
  name: "firmware",
  modelId: "dtmi:groveHeater:firmware;1",
  label: "Firmware updates",
  fields: {
    installed: { schema: text, label: "Installed version", doc: "Version of the running firmware." },
    program: {
      schema: choice(["a", "b", "factory"]),
      label: "Program",
      doc: "Which slot runs; factory is the program of the installation.",
    },
    available: {
      schema: text,
      label: "Available version",
      doc: "Version of the assigned update; empty without one.",
    },
    state: { schema: choice(updateStates), label: "Update state", doc: "What the update does now." },
    progress: {
      schema: real("%", [0, 100]),
      label: "Download progress",
      doc: "Downloaded share of the update.",
    },
    reason: {
      schema: text,
      label: "Waits for",
      doc: "Why the update waits, or what failed; empty otherwise.",
    },
    lastResult: { schema: choice(updateResults), label: "Last result", doc: "How the last update ended." },
    lastVersion: {
      schema: text,
      label: "Last version",
      doc: "Version of the last update; empty without one.",
    },
    lastReason: {
      schema: text,
      label: "Last reason",
      doc: "Why the last update was reverted or refused; of a refusal, its code first.",
    },
    slotA: { schema: text, label: "Slot a", doc: "Version in slot a; empty without one." },
    slotB: { schema: text, label: "Slot b", doc: "Version in slot b; empty without one." },
    group: {
      schema: text,
      label: "Roll-out group",
      doc: "Channel and group of the feed, such as default/home; empty without a feed.",
    },
    place: {
      schema: real("%", [0, 100]),
      label: "Place in the roll-out",
      doc: "From which percentage of its group on this unit is included; 0 without a feed.",
    },
    image: {
      schema: text,
      label: "Running image",
      doc: "First 16 digits of its digest; empty for the program of the installation.",
    },
    lastImage: {
      schema: text,
      label: "Last image",
      doc: "First 16 digits of the digest of the last update, where it is known.",
    },
  },
} as const;

type FirmwareFields = typeof firmwareComponent.fields;
export type FirmwareReport = {
  readonly [K in keyof FirmwareFields]: CloudValue<FirmwareFields[K]["schema"]>;
};

type InformationFields = typeof deviceInformation.fields;
export type DeviceInformation = {
  readonly [K in keyof InformationFields]: CloudValue<InformationFields[K]["schema"]>;
};

/** Components of the reported twin, each marked `__t: "c"`. */
export const componentRows = [deviceInformation, firmwareComponent] as const;
export const isComponentName = (name: string): boolean => componentRows.some((row) => row.name === name);

/** The first six are sent in one message, every telemetryInterval and on changes; each event in a message of its own. */
export const telemetry = {
  temperature: {
    schema: real("°C", [-40, 125]),
    event: false,
    durable: "outbox",
    label: "Temperature",
    doc: "Room temperature, sensor offset included; missing while no reading is credible.",
  },
  humidity: {
    schema: real("%", [0, 100]),
    event: false,
    durable: "outbox",
    isHumidity: true,
    label: "Humidity",
    doc: "Relative humidity; missing while no reading is credible.",
  },
  setPoint: {
    schema: real("°C", [-100, 100]),
    event: false,
    durable: "outbox",
    label: "Set-point at the time",
    doc: "Set-point in force when the reading was taken.",
  },
  heatingDemand: {
    schema: real("%", [0, 100]),
    event: false,
    durable: "outbox",
    label: "Heating demand",
    doc: "Share of time for which the heating law calls for heat.",
  },
  heaterOn: {
    schema: flag,
    event: false,
    durable: "outbox",
    label: "Heater",
    doc: "The relay as commanded.",
  },
  automatic: {
    schema: flag,
    event: false,
    durable: "outbox",
    label: "Automatic",
    doc: "Whether the mode was auto.",
  },
  faultRaised: {
    schema: choice(faultCodes),
    event: true,
    durable: "outbox",
    label: "Fault raised",
    doc: "A fault became active.",
  },
  faultEnded: {
    schema: choice(faultCodes),
    event: true,
    durable: "outbox",
    label: "Fault ended",
    doc: "A fault is no longer active.",
  },
  errorReport: {
    schema: {
      kind: "record",
      fields: {
        kind: choice(reportKinds),
        code: text,
        detail: text,
        firmware: text,
        uptimeSeconds: count,
        at: text,
        clockTrusted: flag,
        heldBack: count,
        events: text,
      },
    },
    event: false,
    durable: "reports",
    label: "Error report",
    doc: "A crash, an unclean end, an intervention of the guardian or a fault: when (empty when no clock was right then), in which firmware, after which uptime, and what was logged before, a line each.",
  },
  logLines: {
    schema: text,
    event: false,
    durable: false,
    label: "Log lines",
    doc: "What the firmware logged, a line each, for the time that sendLogs asked for.",
  },
} as const satisfies Readonly<Record<string, TelemetrySpec>>;

export type TelemetryName = keyof typeof telemetry;
/** The body of a telemetry message: any of the names, each with its type. */
export type TelemetryValues = {
  readonly [K in TelemetryName]?: CloudValue<(typeof telemetry)[K]["schema"]>;
};

type Durable<Where> = {
  [K in TelemetryName]: (typeof telemetry)[K]["durable"] extends Where ? K : never;
}[TelemetryName];
/** The messages that the outbox takes, those of the error reports, and those that are sent now or never. */
export type OutboxValues = Pick<TelemetryValues, Durable<"outbox">>;
export type ReportValues = Pick<TelemetryValues, Durable<"reports">>;
export type UnstoredValues = Pick<TelemetryValues, Durable<false>>;

export const presets = ["none", "comfort", "eco", "away", "boost"] as const;
export type Preset = (typeof presets)[number];

/** Called by direct method, or by a C2D message with the name in its property `method-name`. */
export const commands = {
  boost: {
    label: "Boost",
    doc: "Heats to 3 K above the set-point for a limited time, within its limits and all safety rules; refused in manual mode.",
    request: {
      name: "minutes",
      schema: whole("min", [0, 240]),
      default: 30,
      label: "Minutes",
      doc: "How long; 0 ends a running boost.",
    },
  },
  preset: {
    label: "Preset",
    doc: "comfort and eco set the set-point to the settings of their names, away begins without an end, boost begins with its usual time; none ends boost, hold and away.",
    request: {
      name: "preset",
      schema: choice(presets),
      default: "none",
      label: "Preset",
      doc: "Which one.",
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
  sendLogs: {
    label: "Send logs",
    doc: "Sends what the firmware logs, at the most detailed level, for a while; it ends by itself.",
    request: {
      name: "minutes",
      schema: whole("min", [0, 60]),
      default: 10,
      label: "Minutes",
      doc: "How long; 0 ends it.",
    },
  },
  checkForUpdate: {
    label: "Check for updates",
    doc: "Asks the sources of updates now; the result is in the firmware component.",
  },
  clearFault: { label: "Clear faults", doc: "Clears latched faults." },
  forgetRoom: {
    label: "Forget the room",
    doc: "Forgets what was learned of heater and room, after either was replaced; heating begins with the default again.",
  },
  restart: { label: "Restart", doc: "Ends the firmware cleanly, heater off; its supervisor restarts it." },
} as const satisfies Readonly<Record<string, CommandSpec>>;

export type CommandName = keyof typeof commands;
/** Of any command that has one. */
export type CommandParameter = number | Preset;
export const commandNames = Object.keys(commands) as readonly CommandName[];

export const isCommandName = (name: string): name is CommandName => Object.hasOwn(commands, name);
/** The table's row for `name`, whatever its kind. */
export const commandSpec = (name: CommandName): CommandSpec => commands[name];
