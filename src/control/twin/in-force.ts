/**
 * The values in force and their sources, as the twin reconciliation needs them.
 *
 * Guarantee: an immutable snapshot of values and shadow.
 */

import type { Celsius, WallMillis } from "../../base/units.ts";
import {
  eachWritable,
  type SetPointSource,
  type WritableName,
  type WritableValues,
} from "../../model/properties.ts";
import { conflictKey, type Settings } from "../../model/settings-table.ts";
import type { Change } from "../input.ts";
import { isWindowOpen } from "../law/law.ts";
import { riseAfter } from "../law/room-model.ts";
import { type Limits, limitsOf } from "../limits.ts";
import { effectiveTarget } from "../panel/boost.ts";
import { defaultValues, type Panel } from "../panel/panel.ts";
import { clampTarget } from "../panel/set-point.ts";
import { setPointFrom, setPointUntil } from "../schedule/schedule.ts";
import type { ControlState } from "../state.ts";
import type { TwinShadow } from "./shadow.ts";

/** Which side wins when both changed a value while offline (RR-4, RR-5). */
export type TwinPolicy = { readonly [K in WritableName]: Settings[`conflict${Capitalize<K>}`] };

export interface InForce {
  readonly values: WritableValues;
  readonly changes: Readonly<Record<WritableName, Change>>;
  /** Used when the cloud deletes its value. */
  readonly defaults: WritableValues;
  readonly limits: Limits;
  readonly policy: TwinPolicy;
  readonly shadow: TwinShadow;
  /** The effective target: the set-point, or more during a boost. */
  readonly aim: Celsius;
  readonly boostUntil: WallMillis | undefined;
  /** What decides the set-point, and when that changes by itself to which one, as far as known. */
  readonly setPoint: {
    readonly from: SetPointSource;
    readonly untilMs: WallMillis | undefined;
    readonly next: number | undefined;
  };
  /** The set-points of these presets. */
  readonly presets: { readonly comfort: Celsius; readonly eco: Celsius };
  /** `learned`: whole percent; `rise`: K in an hour at full power. */
  readonly room: { readonly windowOpen: boolean; readonly learned: number; readonly rise: number };
}

function setPointInForce(panel: Panel): InForce["setPoint"] {
  const { boost, scheduling } = panel;
  if (boost) return { from: "boost", untilMs: boost.untilWallMs, next: undefined };
  const from = setPointFrom(panel);
  const untilMs = setPointUntil(panel);
  const next = scheduling.scheduled?.next;
  return { from, untilMs, next: next && next.atMs === untilMs ? next.target : undefined };
}

export function inForce(state: ControlState): InForce {
  const { panel, rules, law } = state;
  const { settings } = rules;
  const { boost, changes, values } = panel;
  return {
    values,
    changes,
    defaults: defaultValues(settings),
    limits: limitsOf(settings),
    policy: eachWritable((name) => settings[conflictKey(name)]),
    shadow: state.twin,
    aim: effectiveTarget(panel, settings),
    boostUntil: boost?.untilWallMs,
    setPoint: setPointInForce(panel),
    presets: {
      comfort: clampTarget(settings.comfortTemperature, settings),
      eco: clampTarget(settings.ecoTemperature, settings),
    },
    room: {
      windowOpen: isWindowOpen(law.state),
      learned: Math.round(law.state.room.confidence * 100),
      rise: Math.round(riseAfter(law.state.room, 3600) * 10) / 10,
    },
  };
}
