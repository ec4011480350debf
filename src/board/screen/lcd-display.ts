/** Screens on a 16x2 text LCD. */

import type { Clock } from "../../base/clock.ts";
import { minutes, seconds } from "../../base/units.ts";
import type { I2cBus } from "../../chips/bus.ts";
import { Jhd1802 } from "../../chips/jhd1802.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import { type Display, newestOnly } from "./display.ts";
import { backlightOf, layout16x2 } from "./layout-16x2.ts";

/** How long the second line shows each page. */
export const turnTime = seconds(3);
/** The LCD cannot report a power loss: this periodic refresh restores it after an unnoticed supply dip. */
const refreshInterval = minutes(10);

export function createLcdDisplay(bus: I2cBus, clock: Clock, address: number): Display {
  const lcd = new Jhd1802(bus, clock, address);
  const started = clock.now();
  let refreshedAt = started;
  const show = newestOnly(async (model: ScreenModel) => {
    if (clock.now() - refreshedAt >= refreshInterval) {
      lcd.refresh();
      refreshedAt = clock.now();
    }
    const turn = Math.floor((clock.now() - started) / turnTime);
    await lcd.show(layout16x2(model, turn), backlightOf(model));
  });
  return { kind: "lcd-16x2", address, show };
}
