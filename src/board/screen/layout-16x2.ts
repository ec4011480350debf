/**
 * The two lines of a 16x2 text display. The first always shows temperature, humidity and heat; the second alternates
 * between set-point and mode, link and version (replaced by the progress of an update), and, while a fault is
 * active, the fault every other time.
 */
import type { Rgb } from "../../chips/backlight.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import {
  faultText,
  furtherFaultsText,
  linkText,
  percentText,
  temperatureText,
  updateText,
  versionText,
} from "./format.ts";

const columns = 16;

/** @param turn increases by one for each change of the second line. @returns two lines of 16 characters. */
export function layout16x2(model: ScreenModel, turn: number): [string, string] {
  const temperature = `${temperatureText(model.temperature, model.unit)}°${model.unit}`;
  const humidity = `${percentText(model.humidity)}%`;
  const first = `${temperature.padEnd(7)}${humidity.padStart(4)}${model.heating ? " HEAT" : "  off"}`;
  return [first, secondLine(model, turn)];
}

function secondLine(model: ScreenModel, turn: number): string {
  if (model.fault) {
    if (turn % 2 === 0) return ends(`!${faultText(model.fault)}`, furtherFaultsText(model));
    return turn % 4 === 1 ? settingsLine(model) : linkLine(model);
  }
  return turn % 3 === 2 ? linkLine(model) : settingsLine(model);
}

const settingsLine = ({ target, unit, mode }: ScreenModel): string =>
  ends(`Set ${temperatureText(target, unit)}°`, mode === "auto" ? "Auto" : "Manual");

function linkLine({ link, update, firmware }: ScreenModel): string {
  if (update !== undefined) return ends(updateText(update), linkMark(link));
  const text = linkText(link);
  return ends(text, versionText(firmware, columns - text.length - 1));
}

/** Besides an update there is no room for more. */
const linkMark = (link: ScreenModel["link"]): string => (link === "offline" ? "Off" : "");

/** One text at each end of the line; the left one is truncated if needed. */
function ends(left: string, right: string): string {
  return left.slice(0, columns - right.length).padEnd(columns - right.length) + right;
}

const white: Rgb = [160, 180, 200];
const amber: Rgb = [255, 110, 20];
const red: Rgb = [255, 0, 0];

/** @returns the colour of the backlight, where there is one: red for a fault, amber while heating. */
export function backlightOf({ fault, heating, dimmed }: ScreenModel): Rgb {
  const colour = fault ? red : heating ? amber : white;
  if (!dimmed) return colour;
  const [r, g, b] = colour;
  return [Math.round(r / 4), Math.round(g / 4), Math.round(b / 4)];
}
