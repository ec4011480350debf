/**
 * The supported displays, one row each: label, addresses, identification, driver and layout. They are searched in this
 * order. The names that the setting `display` takes are generated from here: model/displays.ts.
 */
import type { Clock } from "../../base/clock.ts";
import type { I2cBus } from "../../chips/bus.ts";
import type { Framebuffer } from "../../chips/framebuffer.ts";
import { jhd1802Address, lcdProbe } from "../../chips/jhd1802.ts";
import { type OledPanel, oledNop, sh1107Panel, ssd1306Panel } from "../../chips/oled.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import type { DisplayKind } from "../../model/displays.ts";
import type { Display } from "./display.ts";
import { layout16x2 } from "./layout-16x2.ts";
import { layout128x64 } from "./layout-128x64.ts";
import { layout128x128 } from "./layout-128x128.ts";
import { createLcdDisplay } from "./lcd-display.ts";
import { createOledDisplay } from "./oled-display.ts";

export interface DisplayRow {
  /** Shown to the user. */
  readonly label: string;
  /** 7-bit I²C addresses that it may have. */
  readonly addresses: readonly number[];
  /** A write that changes nothing on any display: an acknowledgement shows that a chip is present. */
  readonly probe: Uint8Array;
  /**
   * Low six bits of the status that identify it; empty: it is identified only by the setting `display`.
   * `undefined`: it has no status; any chip that acknowledges counts as one.
   */
  readonly ids: readonly number[] | undefined;
  readonly open: (bus: I2cBus, clock: Clock, address: number) => Display;
  /** What it shows of `model`, as pixels or as lines of text; `turn` counts up where lines take turns. */
  readonly draw: (model: ScreenModel, turn: number) => Framebuffer | readonly string[];
  /** Lines take turns: the picture changes although the model does not. */
  readonly alternates: boolean;
}

interface OledRow {
  readonly label: string;
  readonly ids: readonly number[];
  readonly panel: OledPanel;
  readonly layout: (model: ScreenModel) => Framebuffer;
  /** Contrast. */
  readonly bright: number;
  readonly dim: number;
}

const oled = (kind: DisplayKind, { label, ids, ...appearance }: OledRow): DisplayRow => ({
  label,
  addresses: [0x3c, 0x3d],
  probe: oledNop,
  ids,
  open: (bus, clock, address) => createOledDisplay(bus, clock, { kind, address, ...appearance }),
  draw: appearance.layout,
  alternates: false,
});

export const displayRows: Readonly<Record<DisplayKind, DisplayRow>> = {
  "oled-128x128": oled("oled-128x128", {
    label: "OLED 128×128",
    // SH1107 datasheet, command 22.
    ids: [0x07],
    panel: sh1107Panel,
    layout: layout128x128,
    bright: 0x80,
    dim: 0x08,
  }),
  "oled-128x64": oled("oled-128x64", {
    label: "OLED 128×64",
    // The SSD1306 and compatible chips leave the bits undefined; these have been seen in the field.
    ids: [0x03, 0x04, 0x06],
    panel: ssd1306Panel,
    layout: layout128x64,
    bright: 0xcf,
    dim: 0x08,
  }),
  "lcd-16x2": {
    label: "16x2 text",
    addresses: [jhd1802Address],
    probe: lcdProbe,
    ids: undefined,
    open: createLcdDisplay,
    draw: layout16x2,
    alternates: true,
  },
};
