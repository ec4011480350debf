/**
 * What is in force and who made it so, by the names that the cloud uses: the core's face towards its twin.
 *
 * Guarantee: a picture of one moment, values and shadow together; plain data, created again and never changed.
 */

import type { Celsius, WallMillis } from "../../base/units.ts";
import { eachWritable, type WritableName, type WritableValues } from "../../model/properties.ts";
import { conflictKey, type Settings } from "../../model/settings-table.ts";
import type { Change } from "../input.ts";
import { type Limits, limitsOf } from "../limits.ts";
import { aimOf } from "../panel/boost.ts";
import { defaultValues } from "../panel/panel.ts";
import type { ControlState } from "../state.ts";
import type { TwinShadow } from "./shadow.ts";

/** Whose change counts where both sides made one while offline (RR-4, RR-5). */
export type TwinPolicy = { readonly [K in WritableName]: Settings[`conflict${Capitalize<K>}`] };

export interface InForce {
  readonly values: WritableValues;
  readonly changes: Readonly<Record<WritableName, Change>>;
  /** What each goes back to when the cloud deletes its value. */
  readonly defaults: WritableValues;
  readonly limits: Limits;
  readonly policy: TwinPolicy;
  readonly shadow: TwinShadow;
  /** What the heating law aims at: the set-point, or more during a boost. */
  readonly aim: Celsius;
  readonly boostUntil: WallMillis | undefined;
}

export function inForce(state: ControlState): InForce {
  const { panel, rules } = state;
  const { settings } = rules;
  const { boost, changes, values } = panel;
  return {
    values,
    changes,
    defaults: defaultValues(settings),
    limits: limitsOf(settings),
    policy: eachWritable((name) => settings[conflictKey(name)]),
    shadow: state.twin,
    aim: aimOf(panel, settings),
    boostUntil: boost?.untilWallMs,
  };
}
