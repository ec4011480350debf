/**
 * For monitoring by other programs: `GET /metrics`, the devices' values in the Prometheus text format 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats), and `GET /api/state`, hub and devices as JSON.
 *
 * Names, help texts and units derive from the model's rows; units are Prometheus's base units. Guarantee: a device that
 * is not connected, or has reported nothing, has no samples but `connected` and `last_activity`: an old reading is never
 * shown as a new one.
 */
import type { Hono } from "hono";
import type { CloudSchema, CloudUnit } from "../../model/cloud-model.ts";
import { readOnlyProperties, telemetry } from "../../model/cloud-model.ts";
import { faultCodesOf } from "../../model/faults.ts";
import { type Named, size } from "../../model/rows.ts";
import type { PageGuard } from "./access/guard.ts";
import type { DeviceDetail, DeviceSummary, HubInfo, HubState } from "./api.ts";

interface Metric {
  readonly name: string;
  readonly help: string;
  /** @returns `undefined` for no sample */
  readonly sampleOf: (device: DeviceDetail) => number | undefined;
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const contentType = "text/plain; version=0.0.4; charset=utf-8";
const prefix = "grove_heater_";

/** Factor to the base unit, and the base unit's name. */
const baseUnits: Readonly<Record<CloudUnit, readonly [factor: number, unit: string]>> = {
  "°C": [1, "celsius"],
  K: [1, "kelvin"],
  "%": [0.01, "ratio"],
  s: [1, "seconds"],
  min: [60, "seconds"],
  h: [3600, "seconds"],
};
const bytes = [1024, "bytes"] as const;

const metrics: readonly Metric[] = [
  ...rowsOf(telemetry, ({ latest }, name) => latest[name]?.value),
  ...rowsOf(readOnlyProperties, ({ reported }, name) => reported[name]),
];

export interface MonitoringParts {
  readonly info: () => HubInfo;
  readonly summaries: () => readonly DeviceSummary[];
  readonly details: () => readonly DeviceDetail[];
}

/** Adds both routes, behind the sign-in (a session, or the password by Basic authentication). */
export function addMonitoring(app: Hono, parts: MonitoringParts, guard: PageGuard): void {
  app.use("/metrics", guard.signedIn);
  app.get("/metrics", (c) => c.body(metricsText(parts.details()), 200, { "Content-Type": contentType }));
  app.get("/api/state", (c) => c.json({ hub: parts.info(), devices: parts.summaries() } satisfies HubState));
}

/** @returns the whole exposition: per metric its help, its type and one sample for each device that has a value */
export function metricsText(devices: readonly DeviceDetail[]): string {
  const online = devices.filter(({ connected }) => connected);
  const each = (all: readonly DeviceDetail[], sampleOf: Metric["sampleOf"]): Sample[] =>
    all.flatMap((device) => {
      const value = sampleOf(device);
      return value === undefined ? [] : [{ labels: { device: device.id }, value }];
    });
  const blocks = [
    block(
      "connected",
      "Whether the device is connected to this hub.",
      each(devices, (one) => Number(one.connected)),
    ),
    block(
      "last_activity_timestamp_seconds",
      "When the device last sent something, in seconds since 1970.",
      each(devices, ({ lastActivityMs }) => (lastActivityMs === null ? undefined : lastActivityMs / 1000)),
    ),
    block(
      "fault_active",
      "1 for each active fault of the device, by its code.",
      online.flatMap(faultSamples),
    ),
    ...metrics.map(({ name, help, sampleOf }) => block(name, help, each(online, sampleOf))),
  ];
  return blocks.join("");
}

function faultSamples({ id, reported }: DeviceDetail): Sample[] {
  const { faults } = reported;
  return faultCodesOf(faults).map((code) => ({ labels: { device: id, code }, value: 1 }));
}

type Row = Named & { readonly schema: CloudSchema; readonly event?: boolean };

function rowsOf(
  rows: Readonly<Record<string, Row>>,
  read: (device: DeviceDetail, name: string) => unknown,
): Metric[] {
  return Object.entries(rows).flatMap(([name, { schema, doc, event = false }]) => {
    if (event || !["number", "integer", "flag"].includes(schema.kind)) return [];
    const [factor, unit] = unitOf(schema);
    const sampleOf = (device: DeviceDetail) => {
      const value = read(device, name);
      if (typeof value === "boolean") return Number(value);
      // Without binary rounding errors: 41 % is 0.41.
      return typeof value === "number" ? Number((value * factor).toPrecision(12)) : undefined;
    };
    return [
      {
        name: [snakeCase(name.replace(/Hours$/, "")), ...(unit === "" ? [] : [unit])].join("_"),
        help: doc,
        sampleOf,
      },
    ];
  });
}

function unitOf(schema: CloudSchema): readonly [number, string] {
  // The model counts sizes in kilobytes of 1024 bytes, as Azure's device information does.
  if (schema === size) return bytes;
  const unit = "unit" in schema ? schema.unit : undefined;
  return unit === undefined ? [1, ""] : baseUnits[unit];
}

function block(name: string, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map(({ labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `${prefix}${name}{${pairs.join(",")}} ${value}\n`;
  });
  return `# HELP ${prefix}${name} ${help.replaceAll("\\", "\\\\")}\n# TYPE ${prefix}${name} gauge\n${lines.join("")}`;
}

/** A label's value: backslash, quotation mark and line feed are escaped. */
const escaped = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
