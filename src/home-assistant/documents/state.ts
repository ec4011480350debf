/**
 * The state document: all that the device's entities show, in one JSON object, so that its parts never disagree.
 *
 * Guarantee: changes by a person or the heater are in the next text; measured values change at most every
 * `measureEvery`, so that noise does not fill Home Assistant's database. Without a credible reading there is
 * no value.
 */
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import { seconds, type WallMillis } from "../../base/units.ts";
import { faultEffects } from "../../model/faults.ts";
import { type DeviceView, modeOf, presetOf } from "./device-view.ts";
import { readingNames, settableNames } from "./entities.ts";

const measureEvery = seconds(10);
const maxSummary = 255;

interface Measured {
  readonly temperature: number | null;
  readonly humidity: number | null;
  readonly heatingDemand: number | null;
  readonly counted: DeviceView["readings"];
}

export class StateDocument {
  readonly #clock: Pick<Clock, "now">;
  readonly #view: () => DeviceView;
  #measured: Measured | undefined;
  #measuredAt = 0;

  constructor(clock: Pick<Clock, "now">, view: () => DeviceView) {
    this.#clock = clock;
    this.#view = view;
  }

  text(): string {
    const view = this.#view();
    return JSON.stringify(stateOf(view, this.#measure(view)));
  }

  #measure(view: DeviceView): Measured {
    const now = this.#clock.now();
    const fresh = measure(view);
    const last = this.#measured;
    // A lost sensor is shown at once: it is not noise.
    const isOther = (last?.temperature == null) !== (fresh.temperature === null);
    if (last !== undefined && !isOther && now - this.#measuredAt < measureEvery) return last;
    this.#measured = fresh;
    this.#measuredAt = now;
    return fresh;
  }
}

const measure = ({ summary, readings }: DeviceView): Measured => ({
  temperature: rounded(summary?.temperature, 1),
  humidity: rounded(summary?.humidity, 0),
  heatingDemand: rounded(summary?.heatingDemand, 0),
  counted: readings,
});

function stateOf(view: DeviceView, { counted, ...measured }: Measured) {
  const { inForce, activeFaults, summary, firmware } = view;
  const { values, aim, boostUntil, setPoint, room } = inForce;
  const mode = modeOf(inForce);
  const isHeating = summary?.heaterOn === true;
  const decided = {
    setPointFrom: setPoint.from,
    setPointUntil: timeOf(setPoint.untilMs),
    nextSetPoint: setPoint.next ?? null,
    boostUntil: timeOf(boostUntil),
    roomLearned: room.learned,
  };
  const all: DeviceView["readings"] = { ...counted, ...decided };
  return {
    mode,
    action: isHeating ? "heating" : mode === "off" ? "off" : "idle",
    preset: presetOf(inForce),
    target: aim,
    ...measured,
    heating: isHeating,
    window: room.windowOpen,
    fault: activeFaults.length > 0,
    faults: { codes: activeFaults, remedies: activeFaults.map((code) => faultEffects[code].remedy) },
    setPoint: { from: setPoint.from, until: decided.setPointUntil, next: decided.nextSetPoint },
    properties: Object.fromEntries(settableNames.map((name) => [name, values[name]])),
    readings: Object.fromEntries(readingNames.map((name) => [name, all[name] ?? null])),
    ...(firmware !== undefined && { firmware: updateOf(firmware) }),
  };
}

const underWay: readonly string[] = ["downloading", "installing", "starting", "on-trial"];

/** Only members that Home Assistant knows: it rejects a document with an unknown one. */
function updateOf({ installed, available, state, progress, reason }: NonNullable<DeviceView["firmware"]>) {
  const isUnderWay = underWay.includes(state);
  return {
    installed_version: installed,
    latest_version: available || installed,
    title: "grove-heater",
    release_summary: (reason || "The unit installs it by itself.").slice(0, maxSummary),
    in_progress: isUnderWay,
    update_percentage: state === "downloading" ? Math.round(progress) : null,
  };
}

const rounded = (value: number | undefined, decimals: number): number | null =>
  value === undefined ? null : Number(value.toFixed(decimals));

const timeOf = (wallMs: WallMillis | undefined): string | null =>
  wallMs === undefined ? null : isoTime(wallMs);
