/**
 * Whether an installed update may start now.
 *
 * Starting another firmware interrupts heating for some seconds plus the minimum off time; a bad firmware for
 * some minutes. So an update waits for the hours of the day that the owner set, for the heater to be off, and
 * for a working device, on which a trial proves most. It does not wait for ever: within its hours at most
 * `deferralHours` after its installation, and outside of them a day longer, in case the unit has no power
 * during its hours.
 *
 * Deferring an update for heat or health needs the capability SoftwareUpdateDeferral of the app manifest;
 * without it the limit is 0 h. The hours of the day are a setting of the owner and need no capability.
 *
 * Guarantees: pure. A unit that was not sealed for the field accepts no update from the owner's systems, only
 * from a person at the unit. `now` skips all waiting and nothing else: the relay is off before each swap,
 * because the guardian turns it off.
 */
import { hours, type Millis } from "../../../base/units.ts";

export interface SwapSituation {
  /** Who requests the update: the owner's systems, or a person at the device. */
  readonly by: "source" | "person";
  readonly when: "now" | "when-convenient";
  readonly isSealed: boolean;
  readonly heaterOn: boolean;
  /** Sensor, relay and storage work, as the update will have to prove too. */
  readonly isHealthy: boolean;
  /** Time since the update was installed, or since it was offered to this loop. */
  readonly waited: Millis;
  /** Hour of the day, 0 to 24, by the setting `timeZone`; `undefined` while the clock may be wrong. */
  readonly hour: number | undefined;
  readonly settings: {
    readonly updateFromHour: number;
    readonly updateUntilHour: number;
    readonly updateDeferralHours: number;
  };
}

export type SwapDecision =
  | { readonly kind: "start" }
  /** The decision is made again later. `reason` is for people. */
  | { readonly kind: "wait"; readonly code: SwapWait; readonly reason: string };

export type SwapWait = "not-sealed" | "outside-hours" | "heating" | "not-healthy";

export function decideSwap(situation: SwapSituation): SwapDecision {
  const { by, when, isSealed, heaterOn, isHealthy, waited, hour, settings } = situation;
  const { updateFromHour: from, updateUntilHour: until, updateDeferralHours } = settings;
  if (by === "source" && !isSealed) {
    return wait("not-sealed", "this unit is not sealed, so it does not update itself: grove-heater seal");
  }
  const start: SwapDecision = { kind: "start" };
  if (when === "now") return start;
  const bound = hours(updateDeferralHours);
  if (!isWithin(hour, from, until)) {
    const isOver = waited >= bound + hours(24);
    return isOver ? start : wait("outside-hours", `updates start between ${from}:00 and ${until}:00`);
  }
  if (waited >= bound) return start;
  if (heaterOn) return wait("heating", `the heater is on; the update waits at most ${updateDeferralHours} h`);
  if (!isHealthy) return wait("not-healthy", "sensor, relay or storage does not work");
  return start;
}

const wait = (code: SwapWait, reason: string): SwapDecision => ({ kind: "wait", code, reason });

/** The span includes midnight if the first hour is the later one. */
function isWithin(hour: number | undefined, from: number, until: number): boolean {
  if (from === 0 && until === 24) return true;
  if (hour === undefined) return false;
  return from < until ? hour >= from && hour < until : hour >= from || hour < until;
}
