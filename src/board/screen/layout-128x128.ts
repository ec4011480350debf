/**
 * The screen of a 128 × 128 display. Readable from a distance: temperature and heating; the rest is smaller.
 *
 * The large digits fill five whole pages, so that a changed digit needs few bytes.
 */
import { type FigureStyle, figuresWidth } from "../../chips/big-digits.ts";
import { Framebuffer } from "../../chips/framebuffer.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import { percentText, temperatureText } from "./format.ts";
import { coldFlame, degreeRing, drop, flame, smallDegreeRing, target } from "./icons.ts";
import {
  drawBar,
  drawFault,
  drawFigures,
  drawHeader,
  fitting,
  temperatureFigures,
  textRight,
} from "./parts.ts";

const large: FigureStyle = { height: 40, width: 22, pen: 6, gap: 4 };
const narrow: FigureStyle = { height: 40, width: 18, pen: 5, gap: 4 };
const unitStyle: FigureStyle = { height: 16, width: 10, pen: 3, gap: 0 };
const mediumFigures: FigureStyle = { height: 16, width: 9, pen: 2, gap: 2 };

/** Two columns under the figures. */
const leftColumn = 2;
const rightColumn = 67;
const figuresTop = 16;
const labelsTop = 65;
const valuesTop = 77;
const heatTop = 102;

export function layout128x128(model: ScreenModel): Framebuffer {
  const fb = new Framebuffer(128, 128);
  drawHeader(fb, model);
  drawTemperature(fb, model);
  drawSetPoint(fb, model);
  drawHumidity(fb, model);
  drawHeat(fb, model);
  if (model.fault) drawFault(fb, model);
  else drawBar(fb, 118, 8, model.demand);
  return fb;
}

function drawTemperature(fb: Framebuffer, model: ScreenModel): void {
  const text = temperatureFigures(model);
  const unit = degreeRing[0]?.length ?? 0;
  const tail = 4 + unit + 2 + unitStyle.width;
  const style = fitting(text, fb.width - tail, [large, narrow]);
  const left = Math.max(0, Math.floor((fb.width - figuresWidth(text, style) - tail) / 2));
  const end = drawFigures(fb, text, left, figuresTop, style) + 4;
  fb.draw(degreeRing, end, figuresTop);
  drawFigures(fb, model.unit, end + unit + 2, figuresTop, unitStyle);
}

function drawSetPoint(fb: Framebuffer, model: ScreenModel): void {
  fb.draw(target, leftColumn, labelsTop);
  fb.text("SET", leftColumn + 11, labelsTop);
  const end = drawFigures(
    fb,
    temperatureText(model.target, model.unit),
    leftColumn,
    valuesTop,
    mediumFigures,
  );
  fb.draw(smallDegreeRing, end + 2, valuesTop);
}

function drawHumidity(fb: Framebuffer, model: ScreenModel): void {
  fb.draw(drop, rightColumn, labelsTop - 3);
  fb.text("HUMIDITY", rightColumn + 11, labelsTop);
  const end = drawFigures(fb, percentText(model.humidity), rightColumn, valuesTop, mediumFigures);
  fb.text("%", end + 3, valuesTop + 9);
}

function drawHeat(fb: Framebuffer, model: ScreenModel): void {
  fb.draw(model.heating ? flame : coldFlame, leftColumn, heatTop);
  fb.text(model.heating ? "HEATING" : "HEAT OFF", leftColumn + 14, heatTop + 3);
  textRight(fb, `${percentText(model.demand)}%`, fb.width - 2, heatTop + 3);
}
