import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const text = readFileSync(new URL("../../../src/hub/page/style/tokens.css", import.meta.url), "utf8");
const [light = "", dark = ""] = text.split("@media (prefers-color-scheme: dark)");
const coloursOf = (part: string) =>
  Object.fromEntries(
    [...part.matchAll(/--([a-z-]+): (#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value]),
  );

/** WCAG 2.2, relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

const tones = ["device", "cloud", "heat", "pending", "good", "bad"];
const readable = [
  ...["card", "ground", "sunk"].flatMap((ground) => [
    ["ink", ground],
    ["ink-soft", ground],
  ]),
  ...tones.flatMap((tone) => [
    [tone, `${tone}-wash`],
    [tone, "card"],
    ["card", tone],
    ["ink", `${tone}-wash`],
  ]),
  ["ink-soft", "quiet-wash"],
  ["ink-soft", "heat-wash"],
  ["ink-soft", "pending-wash"],
  ["ink-soft", "bad-wash"],
];
/** Edges of controls, lines of the plot, the focus. */
const visible = ["line-strong", "focus", "plot-temperature", "plot-target", "plot-humidity"];

describe.each([
  ["light", coloursOf(light)],
  ["dark", coloursOf(dark)],
])("the page's colours, %s", (_, colours) => {
  const of = (name = "") => colours[name] ?? "#000000";

  it.each(readable)("let %s be read on %s (4.5 : 1)", (ink, ground) => {
    expect(contrast(of(ink), of(ground))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(visible)("let %s be seen on a card (3 : 1)", (name) => {
    expect(contrast(of(name), of("card"))).toBeGreaterThanOrEqual(3);
  });
});
