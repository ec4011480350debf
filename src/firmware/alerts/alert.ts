/** The conditions that are reported, and the text of the reports. */
import { hostname } from "node:os";
import type { Infer } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { boolean, number, oneOf, string } from "../../base/schema/values.ts";
import { type Millis, minutes, seconds } from "../../base/units.ts";
import type { LinkState } from "../../control/input.ts";
import { type FaultCode, faultEffects } from "../../model/faults.ts";
import { large } from "../process/message-values.ts";

const severities = ["critical", "warning"] as const;
type Severity = (typeof severities)[number];

/** A fault or a lost link, identified by `code`. */
export interface Condition {
  readonly code: string;
  readonly kind: "fault" | "offline";
  readonly severity: Severity;
  /** A few words. */
  readonly title: string;
  /** What to do. */
  readonly text: string;
  /** How long it must last before it is reported. */
  readonly after: Millis;
}

export const conditionFields = {
  code: string(undefined, 160),
  kind: oneOf(["fault", "offline", "test"]),
  severity: oneOf(severities),
  title: string(undefined, 200),
  text: string(undefined, 1000),
} as const;

/** One message; in this form it is stored until it is delivered. */
export const alertSchema = object({
  ...conditionFields,
  id: string(undefined, 64),
  active: boolean,
  /** Wall times: when the condition began, and when this message was made. */
  sinceMs: large,
  atMs: large,
  /** How often the condition began since the previous message about it. */
  times: number(1, 1e9),
});
export type Alert = Infer<typeof alertSchema>;

/** Each fault is debounced by its own rule; this only filters faults that a restart raises and ends at once. */
const faultSettles = seconds(5);

/** Hot weather forbids heat, but needs no action. */
const isForInformation = (code: FaultCode): boolean => code === "hot-room";

export function faultCondition(code: FaultCode): Condition {
  const { short, remedy, heaterOff } = faultEffects[code];
  return {
    code,
    kind: "fault",
    severity: heaterOff && !isForInformation(code) ? "critical" : "warning",
    title: short,
    text: heaterOff ? `The heater is off. ${remedy}` : remedy,
    after: faultSettles,
  };
}

/** Alerts that do not work cannot report their own failure. */
const neverReported: readonly FaultCode[] = ["alerts-failed"];

export interface DeviceConditions {
  readonly faults: readonly FaultCode[];
  readonly link: LinkState;
}

/** The conditions of a device that are to be reported now. */
export function conditionsOf(
  { faults, link }: DeviceConditions,
  { ignore, offlineMinutes }: { readonly ignore: readonly FaultCode[]; readonly offlineMinutes: number },
): readonly Condition[] {
  const reported = faults.filter((code) => !neverReported.includes(code) && !ignore.includes(code));
  const isLost = link === "offline" || link === "connecting";
  return [
    ...reported.map(faultCondition),
    ...(isLost && offlineMinutes > 0 ? [linkCondition(offlineMinutes)] : []),
  ];
}

const linkCondition = (offlineMinutes: number): Condition => ({
  code: "offline",
  kind: "offline",
  severity: "warning",
  title: "OFFLINE",
  text: "The link to the cloud is lost. The heater continues without it. Check the network; see the log for the cause.",
  after: minutes(offlineMinutes),
});

/** For the hub's owner: another device is no longer connected. */
export const deviceOfflineCondition = (deviceId: string, offlineMinutes: number): Condition => ({
  code: `offline ${deviceId}`,
  kind: "offline",
  severity: "warning",
  title: `${deviceId} OFFLINE`,
  text: `The device ${deviceId} is not connected to the hub any more. Check its power and its network.`,
  after: minutes(offlineMinutes),
});

/** For a person who tests the settings. */
export const testAlert = (id: string, nowMs: number): Alert => ({
  id,
  code: "test",
  kind: "test",
  severity: "warning",
  title: "TEST",
  text: "This is a test: alerts of this device arrive here.",
  active: true,
  sinceMs: nowMs,
  atMs: nowMs,
  times: 1,
});

/** The name of this device in its messages. */
export const deviceName = (name: string | undefined): string => name ?? hostname();
