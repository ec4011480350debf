/**
 * Converts a running device's status to the form that the page receives: that of a hub's device, without a
 * desired side.
 */
import type { Json } from "../../base/json/value.ts";
import type {
  DeviceDetail,
  DeviceSummary,
  PanelView,
  PropertyRow,
  TelemetryValue,
} from "../../hub/page-server/api.ts";
import type { CommandName, TelemetryName } from "../../model/cloud-model.ts";
import { faultsText } from "../../model/faults.ts";
import type { DeviceStatus } from "../local-socket/messages.ts";

/** What the page's process knows of the device. */
export interface Known {
  readonly id: string;
  readonly revision: number;
  /** The last status received. */
  readonly status: DeviceStatus | undefined;
  readonly statusAtMs: number;
  /** Whether the device answers, and since when. */
  readonly answers: boolean;
  readonly answersSinceMs: number | null;
  readonly panel: PanelView | undefined;
}

/** The commands that the local socket supports. */
export const pageCommands: readonly CommandName[] = [
  "boost",
  "preset",
  "identify",
  "clearFault",
  "forgetRoom",
];

export function summaryOf(known: Known): DeviceSummary {
  const { id, revision, status, statusAtMs, answers, answersSinceMs } = known;
  return {
    id,
    revision,
    enabled: true,
    connected: answers,
    connectionChangedMs: answersSinceMs,
    lastActivityMs: status === undefined ? null : statusAtMs,
    cable: "connected",
    throttled: false,
    modelId: null,
    desiredVersion: 0,
    reportedVersion: 0,
    pending: 0,
    refused: 0,
    faults: status?.faults ?? [],
    queuedMessages: 0,
    latest: status === undefined ? {} : latestOf(status, statusAtMs),
    firmware: null,
  };
}

export function detailOf(known: Known): DeviceDetail {
  const { status, statusAtMs, panel } = known;
  const reported = status === undefined ? {} : readOnlyOf(status);
  return {
    ...summaryOf(known),
    properties: status === undefined ? [] : rowsOf(status, reported, statusAtMs),
    desired: {},
    reported,
    desiredMetadata: {},
    reportedMetadata: {},
    tags: {},
    authentication: "sas",
    messages: [],
    commands: pageCommands,
    ...(status !== undefined && { cloudLink: status.link }),
    ...(panel !== undefined && { panel }),
    ...settingsOf(status),
  };
}

/** None of a device that is older than its page. */
export function settingsOf(status: DeviceStatus | undefined): Pick<DeviceDetail, "settings"> {
  if (status?.settings === undefined) return {};
  const { settings, settingsFixed: fixed } = status;
  return { settings: { changed: settings as Readonly<Record<string, Json>>, ...(fixed && { fixed }) } };
}

/** The readings by their telemetry names. */
export function readingsOf(status: DeviceStatus): Partial<Readonly<Record<TelemetryName, Json>>> {
  const { temperature, humidity, aim, demand, heater } = status;
  return {
    ...(temperature !== undefined && { temperature }),
    ...(humidity !== undefined && { humidity }),
    setPoint: aim,
    heatingDemand: demand,
    heaterOn: heater,
  };
}

function latestOf(status: DeviceStatus, atMs: number): Readonly<Record<string, TelemetryValue>> {
  const values = Object.entries(readingsOf(status)).filter(([, value]) => value !== undefined);
  return Object.fromEntries(values.map(([name, value]) => [name, { value: value as Json, atMs }]));
}

function readOnlyOf(status: DeviceStatus): Readonly<Record<string, Json>> {
  const { boostUntil, setPointFrom, setPointUntil } = status;
  return {
    faults: faultsText(status.faults),
    firmwareVersion: status.firmware,
    board: status.board,
    relayCycles: status.relayCycles,
    heaterHours: status.heaterHours,
    ...(boostUntil !== undefined && { boostUntil }),
    ...(setPointFrom !== undefined && { setPointFrom }),
    ...(setPointUntil !== undefined && { setPointUntil }),
  };
}

function rowsOf(
  { values }: DeviceStatus,
  reported: Readonly<Record<string, Json>>,
  atMs: number,
): readonly PropertyRow[] {
  const writable = Object.entries(values).map(([name, { value, source, changedAt }]): PropertyRow => {
    const changedMs = changedAt === null ? undefined : Date.parse(changedAt);
    const origin = { source: changedMs === undefined ? "default" : source, atMs: changedMs };
    return {
      name,
      status: "device-only",
      reported: { value: value as Json, atMs: changedMs ?? 0 },
      ack: { code: 203, version: 0, origin },
    };
  });
  const readOnly = Object.entries(reported).map(
    ([name, value]): PropertyRow => ({ name, status: "device-only", reported: { value, atMs } }),
  );
  return [...writable, ...readOnly];
}
