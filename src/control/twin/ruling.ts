/**
 * Who wins: one property, one desired value, one ruling (RR-2 to RR-7).
 *
 * Guarantee: the same question gets the same answer; a ruling that follows the cloud comes with the request that
 * makes it so, and one that does not says why.
 */
import type { WritableName, WritableValues } from "../cloud-model.ts";
import type { InForce } from "../in-force.ts";
import type { ChangeSource, ControlValue, Request } from "../input.ts";
import { unfit } from "../limits.ts";
import { celsius, kelvin } from "../units.ts";
import { isTold, standing } from "./acknowledge.ts";
import { fingerprint, type JsonRecord } from "./json-value.ts";
import { longestWhy, type Ruling, type ShadowProperty } from "./shadow.ts";

/** Whose change counts where both sides made one while apart (RR-4); `cloud-wins` where nothing is said. */
export type TwinPolicy = { readonly [K in WritableName]?: "cloud-wins" | "device-wins" };

/** Who won and why: for the event log and the page. */
export interface Decision {
  readonly rule: "RR-2" | "RR-3" | "RR-4" | "RR-5" | "RR-6" | "RR-7";
  /** A writable property; for RR-6 also names that this device does not have, parted by a comma and a space. */
  readonly property: string;
  /** Of the desired document. */
  readonly version: number;
  /** Whose value is in force from now on; missing for a property that the device does not have. */
  readonly winner?: { readonly source: ChangeSource; readonly value: ControlValue };
  /** Whose value is not: RR-4, and where the cloud's value took the place of the device's. */
  readonly loser?: { readonly source: ChangeSource; readonly value: ControlValue };
  /** One sentence without the names. */
  readonly reason: string;
}

export interface Verdict {
  readonly property: ShadowProperty;
  readonly request?: Request;
  readonly decision?: Decision;
}

/** What a ruling rests on. */
export interface Bench {
  readonly inForce: InForce;
  readonly policy: TwinPolicy;
  /** What the hub holds as reported. */
  readonly known: JsonRecord | undefined;
  readonly version: number;
}

/**
 * The cloud has changed `name`.
 * @param wanted `undefined`: deleted (RR-7)
 * @param again the version moved although no value did (RR-5)
 */
export function rule(name: WritableName, wanted: unknown, again: boolean, bench: Bench): Verdict {
  const { inForce, policy, version } = bench;
  const held = { source: inForce.changes[name].source, value: inForce.values[name] };
  const seen = wanted === undefined ? {} : { seen: fingerprint(wanted) };
  const refusal = wanted === undefined ? undefined : unfit(name, wanted, inForce.limits);
  if (refusal !== undefined) {
    const why = shorten(refusal);
    const decision: Decision = { rule: "RR-6", property: name, version, winner: held, reason: why };
    return { property: { ...seen, ruling: stand("refused", why, name, bench) }, decision };
  }
  const goal = wanted === undefined ? inForce.defaults[name] : (wanted as ControlValue);
  const source = wanted === undefined ? "default" : "cloud";
  const offer = { source, value: goal } as const;
  const news = held.source === "device" && !isTold(name, inForce, bench.known);
  const clash = news && goal !== held.value;
  if (clash && policy[name] === "device-wins") {
    const why = `device-wins: outranks the cloud's ${goal}`;
    const decision: Decision = {
      rule: "RR-4",
      property: name,
      version,
      winner: held,
      loser: offer,
      reason: "both changed while apart, and here the device wins",
    };
    return { property: { ...seen, ruling: stand("overruled", shorten(why), name, bench) }, decision };
  }
  return {
    property: { ...seen, ruling: { kind: source === "default" ? "reset" : "applied", version } },
    request: requestFor(name, goal, source),
    decision: {
      rule: clash ? "RR-4" : again ? "RR-5" : wanted === undefined ? "RR-7" : "RR-2",
      property: name,
      version,
      winner: offer,
      ...(held.source === "device" && goal !== held.value ? { loser: held } : {}),
      reason: reasonOf(clash, again, wanted === undefined),
    },
  };
}

function reasonOf(clash: boolean, again: boolean, deleted: boolean): string {
  if (clash) return "both changed while apart, and here the cloud wins";
  if (again) return "the cloud said the same again after the device had changed it";
  return deleted ? "the cloud took its value back" : "only the cloud changed";
}

const stand = (kind: "refused" | "overruled", why: string, name: WritableName, bench: Bench): Ruling => ({
  kind,
  version: bench.version,
  why,
  serial: bench.inForce.changes[name].serial,
});

/** A refused value may fit the limits of a later start. */
export function mayStandNoMore(name: WritableName, wanted: unknown, inForce: InForce): boolean {
  const refused = standing(name, inForce)?.kind === "refused";
  return refused && wanted !== undefined && unfit(name, wanted, inForce.limits) === undefined;
}

const shorten = (why: string): string => why.slice(0, longestWhy);

type Requests = { readonly [K in WritableName]: (value: WritableValues[K], source: ChangeSource) => Request };

const requests: Requests = {
  targetTemperature: (value, source) => ({ kind: "set-target", target: celsius(value), source }),
  controlMode: (mode, source) => ({ kind: "set-mode", mode, source }),
  heaterSwitch: (on, source) => ({ kind: "set-heater-switch", on, source }),
  telemetryInterval: (seconds, source) => ({ kind: "set-telemetry-interval", seconds, source }),
  sensorOffset: (value, source) => ({ kind: "set-sensor-offset", offset: kelvin(value), source }),
};

/** @param value has passed `unfit`, so it is of the property's type */
function requestFor(name: WritableName, value: ControlValue, source: ChangeSource): Request {
  return (requests[name] as (value: ControlValue, source: ChangeSource) => Request)(value, source);
}
