/**
 * Draws a device's front for the hub's page, from the same screen model and by the same layouts as the hat's own
 * display: what one sees there is what one sees here, whether the hat is real or not.
 */
import type { DisplayKind } from "../../board/screen/display.ts";
import { layout16x2 } from "../../board/screen/layout-16x2.ts";
import { layout128x64 } from "../../board/screen/layout-128x64.ts";
import { layout128x128 } from "../../board/screen/layout-128x128.ts";
import type { Framebuffer } from "../../chips/framebuffer.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import type { PanelView } from "../../hub/page-server/api.ts";
import type { PanelShown } from "./messages.ts";

export function drawPanel(shown: PanelShown): PanelView {
  const { screen, display, turn, modeLed, statusLed, relay, room } = shown;
  return {
    screen: drawScreen(screen, display ?? "oled-128x128", turn),
    fitted: display !== undefined,
    dimmed: screen.dimmed,
    modeLed,
    statusLed,
    relay,
    ...(room && { room }),
  };
}

function drawScreen(model: ScreenModel, display: DisplayKind, turn: number): PanelView["screen"] {
  switch (display) {
    case "oled-128x128":
      return pixels(layout128x128(model));
    case "oled-128x64":
      return pixels(layout128x64(model));
    case "lcd-16x2":
      return { kind: "text", lines: layout16x2(model, turn) };
  }
}

/** From pages of eight rows, as the chips keep a picture, to rows of pixels, as the page draws them. */
function pixels(picture: Framebuffer): PanelView["screen"] {
  const { width, height } = picture;
  const bits = Buffer.alloc((width * height) / 8);
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (!picture.get(pixel % width, Math.floor(pixel / width))) continue;
    bits[pixel >> 3] = (bits[pixel >> 3] ?? 0) | (0x80 >> (pixel & 7));
  }
  return { kind: "pixels", width, height, bits: bits.toString("base64") };
}
