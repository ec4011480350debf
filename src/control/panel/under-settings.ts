/** What other settings change of the panel while the device runs. */
import { equalJson } from "../../base/json/value.ts";
import { writableNames, writableSpec } from "../../model/properties.ts";
import type { Source } from "../../model/sources.ts";
import { adjusted } from "../limits.ts";
import { defaultValues, type Panel, type PanelContext, withValue } from "./panel.ts";
import { clampTarget } from "./set-point.ts";

/**
 * Values outside of the new limits become the nearest ones inside, as at a start; those that follow a setting get its new
 * value. A boost or a hold goes on.
 * @param context with the new settings
 */
export function underSettings(panel: Panel, source: Source, context: PanelContext): Panel {
  const { settings } = context;
  const initial = defaultValues(settings);
  let after = panel;
  for (const name of writableNames) {
    const value = after.values[name];
    if (writableSpec(name).followsInitial === true && after.changes[name].source === "default") {
      after = { ...after, values: { ...after.values, [name]: initial[name] } };
      continue;
    }
    const fitting = adjusted(name, value, settings);
    if (!equalJson(fitting, value)) after = withValue(after, name, fitting, source, context);
  }
  const { scheduled } = after.scheduling;
  if (scheduled === undefined) return after;
  const target = clampTarget(scheduled.target, settings);
  if (target === scheduled.target) return after;
  return { ...after, scheduling: { ...after.scheduling, scheduled: { ...scheduled, target } } };
}
