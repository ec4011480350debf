/** Screens on an OLED. */

import type { Clock } from "../../base/clock.ts";
import { minutes } from "../../base/units.ts";
import type { I2cBus } from "../../chips/bus.ts";
import type { Framebuffer } from "../../chips/framebuffer.ts";
import { Oled, type OledPanel } from "../../chips/oled.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import type { DisplayKind } from "../../model/displays.ts";
import { type Display, newestOnly } from "./display.ts";

export interface OledDisplay {
  readonly kind: DisplayKind;
  readonly address: number;
  readonly panel: OledPanel;
  readonly layout: (model: ScreenModel) => Framebuffer;
  /** Contrast in use and dimmed. */
  readonly bright: number;
  readonly dim: number;
}

/** A chip whose memory was corrupted unnoticed (ESD, a clone without a status) is restored within this time. */
const refreshInterval = minutes(10);

export function createOledDisplay(bus: I2cBus, clock: Clock, options: OledDisplay): Display {
  const { kind, address, panel, layout, bright, dim } = options;
  const oled = new Oled(bus, address, panel);
  let refreshedAt = clock.now();
  let drawn: { readonly model: ScreenModel; readonly bytes: Uint8Array } | undefined;
  // The model arrives at every step and is mostly unchanged: draw only changes.
  const draw = (model: ScreenModel): Uint8Array => {
    if (drawn === undefined || !sameScreen(drawn.model, model)) drawn = { model, bytes: layout(model).bytes };
    return drawn.bytes;
  };
  const show = newestOnly(async (model: ScreenModel) => {
    if (clock.now() - refreshedAt >= refreshInterval) {
      oled.refresh();
      refreshedAt = clock.now();
    }
    await oled.show(draw(model), model.dimmed ? dim : bright);
  });
  return { kind, address, show };
}

const sameScreen = (a: ScreenModel, b: ScreenModel): boolean =>
  (Object.keys(a) as (keyof ScreenModel)[]).every((key) => a[key] === b[key]);
