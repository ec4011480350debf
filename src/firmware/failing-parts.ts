/**
 * Lists the parts that fail now, in the form that the core takes (SR-11).
 *
 * Guarantee: every part has a source. A part without one does not compile.
 */
import type { HatHealth } from "../board/hat.ts";
import type { FailingPart } from "../control/input.ts";
import type { FacePart } from "./face.ts";

/** Parts that the device cannot check itself. The code that runs the part calls `Device.setFailing`. */
export type ReportedPart = "settings" | "board" | "watcher" | "firmware" | "updates" | "alerts" | "history";

type ObservedPart = Exclude<FailingPart, ReportedPart>;

/** Health of the parts that the device checks itself. A failure is `undefined` while the part works. */
export interface PartsHealth extends HatHealth {
  readonly storeFailure: unknown;
  readonly failingFaces: readonly FacePart[];
}

export function failingParts(
  health: PartsHealth,
  reported: ReadonlySet<ReportedPart>,
): readonly FailingPart[] {
  const observed: Readonly<Record<ObservedPart, boolean>> = {
    display: health.displayFailing,
    buttons: health.buttonsFailing,
    leds: health.ledsFailing,
    relay: health.relayFailing,
    storage: health.storeFailure !== undefined,
    cloud: health.failingFaces.includes("cloud"),
    "home-assistant": health.failingFaces.includes("home-assistant"),
  };
  return [...keysOf(observed).filter((part) => observed[part]), ...reported];
}

const keysOf = <K extends string>(record: Readonly<Record<K, unknown>>) => Object.keys(record) as K[];
