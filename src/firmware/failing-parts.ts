/**
 * Which parts fail now, as the core wants to hear it (SR-11).
 *
 * Guarantee: every part has a source; one without does not compile.
 */
import type { HatHealth } from "../board/hat.ts";
import type { FailingPart } from "../control/input.ts";

/** What the device cannot look at itself: whoever runs the part says so by `Device.setFailing`. */
export type ReportedPart = "settings" | "board" | "watcher";

type ObservedPart = Exclude<FailingPart, ReportedPart>;

/** How the parts are that the device sees; a failure is `undefined` while there is none. */
export interface PartsHealth extends HatHealth {
  readonly storeFailure: unknown;
  readonly faceFailure: unknown;
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
    cloud: health.faceFailure !== undefined,
  };
  return [...keysOf(observed).filter((part) => observed[part]), ...reported];
}

const keysOf = <K extends string>(record: Readonly<Record<K, unknown>>) => Object.keys(record) as K[];
