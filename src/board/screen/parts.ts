/** The common parts of the graphic layouts. */
import { type FigureStyle, figure, figuresWidth } from "../../chips/big-digits.ts";
import { type Framebuffer, textWidth } from "../../chips/framebuffer.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import { faultText, furtherFaultsText, temperatureText, updateText, versionText } from "./format.ts";
import { linkIcon, warning } from "./icons.ts";

/** The temperature in large digits; dashes have the width of digits, so that the layout does not move. */
export function temperatureFigures({ temperature, unit }: ScreenModel): string {
  const text = temperatureText(temperature, unit);
  return temperature === undefined ? text.replaceAll("-", "–") : text;
}

/** @returns the x after the last figure. */
export function drawFigures(fb: Framebuffer, text: string, x: number, y: number, style: FigureStyle): number {
  let left = x;
  for (const character of text) {
    const bitmap = figure(character, style);
    fb.draw(bitmap, left, y);
    left += (bitmap[0]?.length ?? 0) + style.gap;
  }
  return left - style.gap;
}

/**
 * @returns the largest of `styles` (largest first) in which `text` is at most `width` wide, otherwise the
 * smallest.
 */
export function fitting(
  text: string,
  width: number,
  styles: readonly [FigureStyle, ...FigureStyle[]],
): FigureStyle {
  return styles.find((style) => figuresWidth(text, style) <= width) ?? styles.at(-1) ?? styles[0];
}

/** Draws `text` so that it ends before `right`. @returns its left edge. */
export function textRight(fb: Framebuffer, text: string, right: number, y: number): number {
  const x = right - textWidth(text);
  fb.text(text, x, y);
  return x;
}

/**
 * The top eleven rows: mode, version or progress of an update, link. Auto is a filled badge, manual an empty
 * one.
 */
export function drawHeader(fb: Framebuffer, model: ScreenModel): void {
  const auto = model.mode === "auto";
  const label = auto ? "AUTO" : "MANUAL";
  const badge = textWidth(label) + 6;
  if (auto) fb.fillRounded(0, 0, badge, 11);
  else fb.strokeRounded(0, 0, badge, 11);
  fb.text(label, 3, 2, { on: !auto });
  const link = linkIcon[model.link];
  const linkLeft = fb.width - (link[0]?.length ?? 0);
  fb.draw(link, linkLeft, 1);
  const room = Math.floor((linkLeft - 4 - badge - 4) / 6);
  const { update, firmware } = model;
  const text = update === undefined ? versionText(firmware, room) : updateText(update).slice(0, room);
  textRight(fb, text, linkLeft - 4, 2);
}

/** A filled strip of twelve rows at the bottom that names the most severe fault. */
export function drawFault(fb: Framebuffer, model: ScreenModel): void {
  if (!model.fault) return;
  const top = fb.height - 12;
  fb.fillRounded(0, top, fb.width, 12);
  fb.draw(warning, 3, top + 1, false);
  fb.text(faultText(model.fault), 16, top + 3, { on: false });
  const further = furtherFaultsText(model);
  fb.text(further, fb.width - 3 - textWidth(further), top + 3, { on: false });
}

/** A bar of the height given, filled to `percent`. */
export function drawBar(fb: Framebuffer, y: number, height: number, percent: number): void {
  fb.strokeRounded(0, y, fb.width, height);
  fb.fill(2, y + 2, Math.round(((fb.width - 4) * Math.min(100, Math.max(0, percent))) / 100), height - 4);
}
