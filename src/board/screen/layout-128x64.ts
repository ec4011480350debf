/** The screen of a 128 × 64 display: the temperature large on the left, four lines of icons on the right. */
import type { FigureStyle } from "../../chips/big-digits.ts";
import { type Bitmap, Framebuffer } from "../../chips/framebuffer.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import { percentText, temperatureText } from "./format.ts";
import { coldFlame, drop, flame, smallDegreeRing, target } from "./icons.ts";
import { drawBar, drawFault, drawFigures, drawHeader, fitting, temperatureFigures } from "./parts.ts";

const large: FigureStyle = { height: 32, width: 18, pen: 5, gap: 3 };
const narrow: FigureStyle = { height: 32, width: 13, pen: 4, gap: 2 };
const unitStyle: FigureStyle = { height: 10, width: 7, pen: 2, gap: 0 };

const figuresLeft = 1;
const columnLeft = 92;

export function layout128x64(model: ScreenModel): Framebuffer {
  const fb = new Framebuffer(128, 64);
  drawHeader(fb, model);
  drawTemperature(fb, model);
  drawLine(fb, model.heating ? flame : coldFlame, model.heating ? "ON" : "OFF", 15);
  drawLine(fb, target, temperatureText(model.target, model.unit), 29);
  drawLine(fb, drop, `${percentText(model.humidity)}%`, 39);
  if (model.fault) drawFault(fb, model);
  else drawBar(fb, 56, 7, model.demand);
  return fb;
}

function drawTemperature(fb: Framebuffer, model: ScreenModel): void {
  const text = temperatureFigures(model);
  const ring = smallDegreeRing[0]?.length ?? 0;
  const tail = 2 + ring + 1 + unitStyle.width;
  const style = fitting(text, columnLeft - 4 - figuresLeft - tail, [large, narrow]);
  const end = drawFigures(fb, text, figuresLeft, 16, style) + 2;
  fb.draw(smallDegreeRing, end, 16);
  drawFigures(fb, model.unit, end + ring + 1, 16, unitStyle);
}

function drawLine(fb: Framebuffer, icon: Bitmap, text: string, y: number): void {
  const width = icon[0]?.length ?? 0;
  fb.draw(icon, columnLeft + Math.floor((9 - width) / 2), y);
  fb.text(text, columnLeft + 12, y + Math.floor((icon.length - 7) / 2));
}
