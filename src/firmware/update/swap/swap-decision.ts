/**
 * Whether an installed update may start now.
 *
 * The start of another firmware takes the heat away for some seconds, and for its minimum off time; a bad one for some
 * minutes. So it waits: for the hours of the day that the owner set, for the heater to be off, and for a device that works,
 * since a trial proves most on one that works. It does not wait for ever: in its hours at most `deferralHours`, counted from
 * its installation, and outside of them a day longer, for a unit that has no power then.
 *
 * Putting it off for heat or health needs the capability SoftwareUpdateDeferral of the app manifest; without it the bound is
 * 0 h. The hours of the day are the owner's own setting and need none.
 *
 * Guarantees: pure. A unit that nobody sealed for the field does not update itself, whatever the owner's systems ask for; a
 * person beside it may. `now` skips every wait, and nothing else: the relay is off before each swap, because the guardian
 * turns it off.
 */
import { hours, type Millis } from "../../../base/units.ts";

export interface SwapSituation {
  /** Who asks: the owner's systems, or a person at the device. */
  readonly by: "source" | "person";
  readonly when: "now" | "when-convenient";
  readonly isSealed: boolean;
  readonly heaterOn: boolean;
  /** Sensor, relay and storage work: what the update will have to prove. */
  readonly isHealthy: boolean;
  /** Since the update was installed, or this loop heard of it. */
  readonly waited: Millis;
  /** Of the day, 0 to 24, by the setting `timeZone`; `undefined` while the clock may be wrong. */
  readonly hour: number | undefined;
  readonly settings: {
    readonly updateFromHour: number;
    readonly updateUntilHour: number;
    readonly updateDeferralHours: number;
  };
}

export type SwapDecision =
  | { readonly kind: "start" }
  /** Looked at again. `reason` is for people. */
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
  if (heaterOn)
    return wait("heating", `the heater is on; at most ${updateDeferralHours} h are waited for it`);
  if (!isHealthy) return wait("not-healthy", "sensor, relay or storage does not work");
  return start;
}

const wait = (code: SwapWait, reason: string): SwapDecision => ({ kind: "wait", code, reason });

/** Over midnight where the first is the later one. */
function isWithin(hour: number | undefined, from: number, until: number): boolean {
  if (from === 0 && until === 24) return true;
  if (hour === undefined) return false;
  return from < until ? hour >= from && hour < until : hour >= from || hour < until;
}
