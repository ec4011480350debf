/**
 * The names of the supported displays, for the setting `display`. Generated from board/screen/displays.ts:
 * `npm run generate`.
 */
export const displayKinds = ["oled-128x128", "oled-128x64", "lcd-16x2"] as const;

export type DisplayKind = (typeof displayKinds)[number];
