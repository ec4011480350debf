/**
 * The messages about the device's front from the loop to the local hub, through the guardian. (The other direction,
 * `panel-pressed`, is in process/messages.ts.)
 */

import type { Infer, Schema } from "../../base/schema/schema.ts";
import { byKind, list, object } from "../../base/schema/structures.ts";
import { boolean, convert, oneOf, optional, withDefault } from "../../base/schema/values.ts";
import { celsius, duty, relativeHumidity } from "../../base/units.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import { displayKinds } from "../../model/displays.ts";
import { hatFaultNames } from "../../simulation/virtual-hat/faults.ts";
import { faultCode, links, modes, quantity, truncated } from "../process/message-values.ts";

const screen: Schema<ScreenModel> = object({
  temperature: withDefault(convert(quantity, celsius), undefined),
  humidity: withDefault(convert(quantity, relativeHumidity), undefined),
  target: convert(quantity, celsius),
  unit: oneOf(["C", "F"]),
  mode: oneOf(modes),
  heating: boolean,
  demand: convert(quantity, duty),
  firmware: truncated(64),
  link: oneOf(links),
  update: optional(
    object({ state: oneOf(["downloading", "installing", "starting", "on-trial"]), percent: quantity }),
  ),
  fault: withDefault(faultCode, undefined),
  faultCount: quantity,
  dimmed: boolean,
});

/** The current front. The screen is sent as a model, which the hub's process draws. */
const panelShown = object({
  screen,
  /** Absent: no display was found. */
  display: optional(oneOf(displayKinds)),
  /** Counts the changes of the second line of a 16x2 display. */
  turn: quantity,
  modeLed: boolean,
  statusLed: boolean,
  relay: boolean,
  /** Of a virtual hat only. */
  room: optional(
    object({
      air: quantity,
      outside: quantity,
      windowOpen: boolean,
      /** For a virtual hat only. */
      faults: withDefault(list(oneOf(hatFaultNames), 32), []),
    }),
  ),
});

export const guardianToHub = byKind("kind", {
  "panel-shown": panelShown,
  /** The loop has ended, so there is no front. */
  "panel-gone": object({}),
});

export type GuardianToHub = Infer<typeof guardianToHub>;
export type PanelShown = Extract<GuardianToHub, { kind: "panel-shown" }>;
