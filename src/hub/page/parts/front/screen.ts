/** A device's screen, pixel by pixel. */
import type { PanelView } from "../../../page-server/api.ts";
import { h, type Part, setAttribute, setHidden, setText } from "../../dom.ts";

type Picture = Extract<PanelView["screen"], { kind: "pixels" }>;

const lit = [0xe8, 0xf4, 0xff, 0xff];
const dark = [0x0a, 0x0d, 0x11, 0xff];
const maxPixels = 512;

/** @returns false when the picture is invalid */
function draw(canvas: HTMLCanvasElement, { width, height, bits }: Picture): boolean {
  const context = canvas.getContext("2d");
  const isSize = (size: number) => Number.isInteger(size) && size > 0 && size <= maxPixels;
  if (context === null || !isSize(width) || !isSize(height)) return false;
  let bytes: string;
  try {
    bytes = atob(bits);
  } catch {
    return false;
  }
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const picture = context.createImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const bit = ((bytes.charCodeAt(pixel >> 3) || 0) >> (7 - (pixel & 7))) & 1;
    picture.data.set(bit ? lit : dark, pixel * 4);
  }
  context.putImageData(picture, 0, 0);
  return true;
}

export function makeScreen(): Part<PanelView> & { describe(words: string): void } {
  const canvas = h("canvas", { class: "screen-pixels", role: "img", "aria-label": "The device’s screen" });
  const lines = h("pre", { class: "screen-lines" });
  const root = h("div", { class: "screen" }, canvas, lines);
  let drawn = "";
  return {
    root,
    describe: (words) => setAttribute(canvas, "aria-label", words),
    update({ screen, dimmed }) {
      setAttribute(root, "data-dimmed", dimmed);
      setHidden(canvas, screen.kind !== "pixels");
      setHidden(lines, screen.kind !== "text");
      if (screen.kind === "text") setText(lines, screen.lines.join("\n"));
      else if (screen.bits !== drawn && draw(canvas, screen)) drawn = screen.bits;
    },
  };
}
