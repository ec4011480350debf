/** Bytes on the I²C bus for a change of one digit, against a whole picture, on each display. */

import { celsius, duty, millis, relativeHumidity, seconds } from "../../src/base/units.ts";
import { findDisplay } from "../../src/board/screen/find-display.ts";
import type { ScreenModel } from "../../src/control/panel/screen.ts";
import { LcdModel } from "../../src/simulation/chips/lcd.ts";
import { OledModel, sh1107, ssd1306 } from "../../src/simulation/chips/oled.ts";
import { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";
import { VirtualBus } from "../../src/simulation/virtual-hat/virtual-bus.ts";
import type { Figure } from "./figures.ts";

const screen = (temperature: number): ScreenModel => ({
  temperature: celsius(temperature),
  humidity: relativeHumidity(46),
  target: celsius(19),
  unit: "C",
  mode: "auto",
  heating: true,
  demand: duty(40),
  firmware: "0.1.0",
  link: "none",
  fault: undefined,
  faultCount: 0,
  dimmed: false,
});

export async function busFigures(): Promise<Figure[]> {
  return [
    await oneDigit("SH1107 128×128", 0x3c, () => new OledModel(sh1107), "oled-128x128"),
    await oneDigit("SSD1306 128×64", 0x3c, () => new OledModel(ssd1306), "oled-128x64"),
    await oneDigit("JHD1802 16×2", 0x3e, (clock) => new LcdModel(clock), "lcd-16x2"),
  ];
}

async function oneDigit(
  name: string,
  address: number,
  chip: (clock: VirtualClock) => OledModel | LcdModel,
  kind: "oled-128x128" | "oled-128x64" | "lcd-16x2",
): Promise<Figure> {
  const clock = new VirtualClock();
  const bus = new VirtualBus(clock);
  bus.plug(address, chip(clock));
  const written = (): number => bus.traffic(address).bytesWritten;
  const finding = findDisplay(bus, clock, { kind });
  await clock.advance(seconds(5));
  const display = await finding;
  if (display === undefined) throw new Error(`${name} was not found`);
  const send = async (model: ScreenModel): Promise<number> => {
    const before = written();
    const sent = display.show(model);
    await clock.advance(millis(1000));
    await sent;
    return written() - before;
  };
  const full = await send(screen(18.3));
  const change = await send(screen(18.4));
  const limit = kind === "lcd-16x2" ? {} : { limit: 15 };
  return {
    name: `one digit / whole picture, ${name}`,
    value: (100 * change) / full,
    unit: "%",
    ...limit,
    note: `${change} of ${full} bytes`,
  };
}
