/** The displays of the setting `display`, and their labels. board/screen/displays.ts has their drivers. */
export const displayNames = {
  "oled-128x128": "OLED 128×128",
  "oled-128x64": "OLED 128×64",
  "lcd-16x2": "16x2 text",
} as const satisfies Readonly<Record<string, string>>;

export type DisplayKind = keyof typeof displayNames;

export const displayKinds = Object.keys(displayNames) as readonly DisplayKind[];
