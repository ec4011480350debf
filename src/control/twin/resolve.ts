/**
 * Who wins: one property, one desired value, one ruling (RR-2 to RR-7).
 *
 * Guarantee: the same question gets the same answer; a ruling that follows the cloud comes with the request that
 * makes it so, and one that does not says why.
 */

import type { JsonRecord } from "../../base/json/value.ts";
import type { ControlValue, WritableName } from "../../model/properties.ts";
import { type Source, sideOf } from "../../model/sources.ts";
import type { Request, SetRequest } from "../input.ts";
import { validateProperty } from "../limits.ts";
import { currentRuling, isReported } from "./acknowledge.ts";
import type { InForce } from "./in-force.ts";
import { maxReasonLength, type ShadowProperty } from "./shadow.ts";
import { fingerprint } from "./values.ts";

/** Who won and why: for the event log and the page. */
export interface Decision {
  readonly rule: "RR-2" | "RR-3" | "RR-4" | "RR-5" | "RR-6" | "RR-7";
  /** A writable property; for RR-6 also names that this device does not have, parted by a comma and a space. */
  readonly property: string;
  /** Of the desired document. */
  readonly version: number;
  /** Whose value is in force from now on; missing for a property that the device does not have. */
  readonly winner?: { readonly source: Source; readonly value: ControlValue };
  /** Whose value is not: RR-4, and where the cloud's value took the place of the device's. */
  readonly superseded?: { readonly source: Source; readonly value: ControlValue };
  /** One sentence without the names. */
  readonly reason: string;
}

export interface Resolution {
  readonly property: ShadowProperty;
  readonly request?: Request;
  readonly decision?: Decision;
}

/** What a ruling rests on. */
export interface ResolutionContext {
  readonly inForce: InForce;
  /** What the hub holds as reported. */
  readonly known: JsonRecord;
  readonly version: number;
}

/**
 * The cloud has changed `name`.
 * @param wanted `undefined`: deleted (RR-7)
 * @param again the version moved although no value did (RR-5)
 */
export function resolve(
  name: WritableName,
  wanted: unknown,
  again: boolean,
  context: ResolutionContext,
): Resolution {
  const { inForce, version } = context;
  const { source: holder, wallMs, serial } = inForce.changes[name];
  const held = { source: holder, value: inForce.values[name] };
  const seen = wanted === undefined ? {} : { seen: fingerprint(wanted) };
  const refusal = wanted === undefined ? undefined : validateProperty(name, wanted, inForce.limits);
  if (refusal !== undefined) {
    const why = refusal.slice(0, maxReasonLength);
    const decision: Decision = { rule: "RR-6", property: name, version, winner: held, reason: why };
    return { property: { ...seen, ruling: { kind: "refused", version, why, serial } }, decision };
  }
  const goal = wanted === undefined ? inForce.defaults[name] : (wanted as ControlValue);
  const source = wanted === undefined ? "default" : "cloud";
  const offer = { source, value: goal } as const;
  const against = sideOf(holder) === "device" && goal !== held.value;
  const clash = against && !isReported(name, inForce, context.known);
  const decided = { rule: ruleOf(clash, again, wanted === undefined), property: name, version } as const;
  // That the same value was said again is a guess: it must not be stronger than a change that is known.
  if (against && (clash || again) && inForce.policy[name] === "device-wins") {
    const reason = clash ? "both changed while offline" : "the cloud said the same again";
    return {
      property: { ...seen, ruling: { kind: "overruled", version, over: offer, serial } },
      decision: {
        ...decided,
        winner: held,
        superseded: offer,
        reason: `${reason}, and here the device wins`,
      },
    };
  }
  const kind = source === "default" ? "reset" : "applied";
  const over = clash ? { over: { ...held, wallMs } } : {};
  return {
    property: { ...seen, ruling: { kind, version, ...over } },
    // It has passed `validateProperty`, so it is of the property's type.
    request: { kind: "set", name, value: goal, source } as SetRequest,
    decision: {
      ...decided,
      winner: offer,
      ...(against ? { superseded: held } : {}),
      reason: reasons[decided.rule],
    },
  };
}

const ruleOf = (clash: boolean, again: boolean, deleted: boolean) =>
  clash ? "RR-4" : again ? "RR-5" : deleted ? "RR-7" : "RR-2";

/** Where the cloud's word counts. */
const reasons = {
  "RR-2": "only the cloud changed",
  "RR-4": "both changed while offline, and here the cloud wins",
  "RR-5": "the cloud said the same again after the device had changed it",
  "RR-7": "the cloud took its value back",
} as const;

/** A refused value may fit the limits of a later start. */
export function mayStandNoMore(name: WritableName, wanted: unknown, inForce: InForce): boolean {
  const refused = currentRuling(name, inForce)?.kind === "refused";
  return refused && wanted !== undefined && validateProperty(name, wanted, inForce.limits) === undefined;
}
