/**
 * Optimum start: heats before a higher point of the schedule, so that the room is warm at its time.
 *
 * Guarantee: only with the setting `optimumStart`, in a room that was learned, while only the schedule
 * decides the set-point. The set-point that is shown and reported stays that of the schedule.
 */
import { type Celsius, celsius, type Millis, millis } from "../../base/units.ts";
import { setPointAhead } from "../law/optimum-start.ts";
import type { ControlState } from "../state.ts";
import { setPointFrom } from "./schedule.ts";

/** Minimum confidence in the room model; with less, the time needed would be a guess. */
const learnedEnough = 0.5;

/** @param target the heating law's target without it @param now on the core's time line */
export function targetAhead(
  { rules, panel, law, clock }: ControlState,
  target: Celsius,
  now: Millis,
): Celsius {
  const { room, learning } = law.state;
  const next = panel.scheduling.scheduled?.next;
  const decides = setPointFrom(panel) === "schedule" && panel.boost === undefined && panel.held === undefined;
  if (!rules.settings.optimumStart || !decides || next === undefined) return target;
  if (room.confidence < learnedEnough) return target;
  const coming = { target: next.target, at: millis(next.atMs - clock.wallOffset) };
  return celsius(setPointAhead(target, coming, room, learning?.active.estimate, now));
}
