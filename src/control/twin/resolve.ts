/**
 * Resolves one desired value of one property (RR-2 to RR-7).
 *
 * Guarantee: deterministic; a ruling in favour of the cloud includes the request that applies it, any other one has a
 * reason.
 */

import type { JsonRecord } from "../../base/json/value.ts";
import { shortValue } from "../../model/cloud-schema.ts";
import type { ControlValue, WritableName } from "../../model/properties.ts";
import { type Source, sideOf } from "../../model/sources.ts";
import type { Request, SetRequest } from "../input.ts";
import { adjusted, validateProperty } from "../limits.ts";
import { currentRuling, isReported } from "./acknowledge.ts";
import type { InForce } from "./in-force.ts";
import { maxReasonLength, type ShadowProperty } from "./shadow.ts";
import { fingerprint, sameInHub } from "./values.ts";

/** The winner and the reason, for the event log and the page. */
export interface Decision {
  readonly rule: "RR-2" | "RR-3" | "RR-4" | "RR-5" | "RR-6" | "RR-7";
  /** A writable property; for RR-6 also unknown names, separated by a comma and a space. */
  readonly property: string;
  /** Version of the desired document. */
  readonly version: number;
  /** The value in force from now on; missing for an unknown property. */
  readonly winner?: { readonly source: Source; readonly value: ControlValue };
  /** The value that lost: RR-4, and when a cloud value replaces one of the device. */
  readonly superseded?: { readonly source: Source; readonly value: ControlValue };
  /** A sentence without property names. */
  readonly reason: string;
}

export interface Resolution {
  readonly property: ShadowProperty;
  readonly request?: Request;
  readonly decision?: Decision;
}

export interface ResolutionContext {
  readonly inForce: InForce;
  /** The hub's reported document. */
  readonly known: JsonRecord;
  readonly version: number;
}

/**
 * Call it when the cloud has changed `name`.
 * @param wanted `undefined`: deleted (RR-7)
 * @param again the version increased although no value changed (RR-5)
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
  // It has passed `validateProperty`, so it is of the property's type. Adjusted, since two forms of one value are no
  // conflict: a schedule has one with a day without points, and one without the day.
  const target =
    wanted === undefined ? inForce.defaults[name] : adjusted(name, wanted as ControlValue, inForce.limits);
  const source = wanted === undefined ? "default" : "cloud";
  const candidate = { source, value: target } as const;
  const overridesDevice = sideOf(holder) === "device" && !sameInHub(target, held.value);
  const isConflict = overridesDevice && !isReported(name, inForce, context.known);
  const decided = { rule: ruleOf(isConflict, again, wanted === undefined), property: name, version } as const;
  // That the same value was set again is only inferred: it must not outrank a known change.
  if (overridesDevice && (isConflict || again) && inForce.policy[name] === "device-wins") {
    const reason = isConflict ? "both changed while offline" : "the cloud set the same value again";
    return {
      property: {
        ...seen,
        ruling: { kind: "overruled", version, over: { source, value: shortValue(target) }, serial },
      },
      decision: {
        ...decided,
        winner: held,
        superseded: candidate,
        reason: `${reason}; by policy the device wins`,
      },
    };
  }
  const kind = source === "default" ? "reset" : "applied";
  const over = isConflict ? { over: { source: holder, value: shortValue(held.value), wallMs } } : {};
  return {
    property: { ...seen, ruling: { kind, version, ...over } },
    request: { kind: "set", name, value: target, source } as SetRequest,
    decision: {
      ...decided,
      winner: candidate,
      ...(overridesDevice ? { superseded: held } : {}),
      reason: reasons[decided.rule],
    },
  };
}

const ruleOf = (clash: boolean, again: boolean, deleted: boolean) =>
  clash ? "RR-4" : again ? "RR-5" : deleted ? "RR-7" : "RR-2";

/** Reasons when the cloud wins. */
const reasons = {
  "RR-2": "only the cloud changed",
  "RR-4": "both changed while offline; by policy the cloud wins",
  "RR-5": "the cloud set the same value again after the device had changed it",
  "RR-7": "the cloud deleted its value",
} as const;

/** Whether a refused value is valid after a change of the limits. */
export function isValidNow(name: WritableName, wanted: unknown, inForce: InForce): boolean {
  const refused = currentRuling(name, inForce)?.kind === "refused";
  return refused && wanted !== undefined && validateProperty(name, wanted, inForce.limits) === undefined;
}
