/**
 * Draws a device's front for the hub's page, with the screen model and the layouts of the hat's display, so that both
 * show the same.
 */

import { displayRows } from "../../board/screen/displays.ts";
import { Framebuffer } from "../../chips/framebuffer.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import type { PanelRoom, PanelView } from "../../hub/page-server/api.ts";
import type { DisplayKind } from "../../model/displays.ts";
import { type HatFault, hatFaultNames, hatFaults } from "../../simulation/virtual-hat/faults.ts";
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
    ...(room && { room: { ...room, faults: faultsOf(room.faults) } }),
  };
}

const faultsOf = (active: readonly HatFault[]): PanelRoom["faults"] =>
  hatFaultNames.map((name) => ({ name, doc: hatFaults[name], active: active.includes(name) }));

function drawScreen(model: ScreenModel, display: DisplayKind, turn: number): PanelView["screen"] {
  const picture = displayRows[display].draw(model, turn);
  return picture instanceof Framebuffer ? pixels(picture) : { kind: "text", lines: picture };
}

/** Converts the chips' layout, pages of eight rows, to rows of pixels. */
function pixels(picture: Framebuffer): PanelView["screen"] {
  const { width, height } = picture;
  const bits = Buffer.alloc((width * height) / 8);
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (!picture.get(pixel % width, Math.floor(pixel / width))) continue;
    bits[pixel >> 3] = (bits[pixel >> 3] ?? 0) | (0x80 >> (pixel & 7));
  }
  return { kind: "pixels", width, height, bits: bits.toString("base64") };
}
