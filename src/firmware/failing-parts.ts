/**
 * Which parts fail now, as the core wants to hear it (SR-11).
 *
 * Guarantee: every part has a source; one without does not compile.
 */
import type { HatHealth } from "../board/hat.ts";
import type { FailingPart } from "../control/input.ts";

/** What the device cannot look at itself: whoever runs the part says so by `Device.setFailing`. */
export type ReportedPart = "settings" | "board" | "cloud" | "watcher";

type ObservedPart = Exclude<FailingPart, ReportedPart>;

export function failingParts(
  health: HatHealth,
  storeFailure: unknown,
  reported: ReadonlySet<ReportedPart>,
): readonly FailingPart[] {
  const observed: Readonly<Record<ObservedPart, boolean>> = {
    display: health.displayFailing,
    buttons: health.buttonsFailing,
    leds: health.ledsFailing,
    relay: health.relayFailing,
    storage: storeFailure !== undefined,
  };
  return [...keysOf(observed).filter((part) => observed[part]), ...reported];
}

const keysOf = <K extends string>(record: Readonly<Record<K, unknown>>) => Object.keys(record) as K[];
