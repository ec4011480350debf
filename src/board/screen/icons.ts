/** Small pictures, drawn by hand: "#" is lit. */
import type { Bitmap } from "../../chips/framebuffer.ts";
import type { LinkState } from "../../control/input.ts";

export const flame: Bitmap = [
  "    #    ",
  "    ##   ",
  "   ###   ",
  "  ####   ",
  " #####  #",
  " ###### #",
  "### #####",
  "##  #####",
  "##    ###",
  " ##   ## ",
  "  #####  ",
];

export const coldFlame: Bitmap = [
  "    #    ",
  "    ##   ",
  "   # #   ",
  "  #  #   ",
  " #   #  #",
  " #    ###",
  "#       #",
  "#       #",
  "#       #",
  " #     # ",
  "  #####  ",
];

export const drop: Bitmap = [
  "   #   ",
  "   #   ",
  "  ###  ",
  "  ###  ",
  " ##### ",
  " ##### ",
  "#######",
  "# #####",
  "#  ####",
  " ##### ",
  "  ###  ",
];

export const target: Bitmap = ["   #   ", " ##### ", " #   # ", "## # ##", " #   # ", " ##### ", "   #   "];

export const warning: Bitmap = [
  "    #    ",
  "   ###   ",
  "   # #   ",
  "  ## ##  ",
  "  ## ##  ",
  " ### ### ",
  " ####### ",
  "#### ####",
  "#########",
];

const house: Bitmap = [
  "     #     ",
  "    ###    ",
  "   ## ##   ",
  "  ##   ##  ",
  " ##     ## ",
  "##       ##",
  "  #  #  #  ",
  "  #  #  #  ",
  "  #######  ",
];

const cloud: Bitmap = [
  "             ",
  "     ####    ",
  "   ########  ",
  "  ########## ",
  " ########### ",
  "#############",
  "#############",
  " ########### ",
  "             ",
];

const cloudConnecting: Bitmap = [
  "             ",
  "     ####    ",
  "   ##    ##  ",
  "  #        # ",
  " #         # ",
  "#  #  #  #  #",
  "#           #",
  " ########### ",
  "             ",
];

const cloudOffline: Bitmap = [
  "           # ",
  "     #### #  ",
  "   ##    #   ",
  "  #     # ## ",
  " #     #   # ",
  "#     #     #",
  "#    #      #",
  " ## # ###### ",
  "   #         ",
];

/** 13 × 9 at most. */
export const linkIcon: Record<LinkState, Bitmap> = {
  none: house,
  connecting: cloudConnecting,
  online: cloud,
  offline: cloudOffline,
};

/** The ring of a degree sign beside large figures. */
export const degreeRing: Bitmap = [
  " ##### ",
  "#######",
  "##   ##",
  "##   ##",
  "##   ##",
  "#######",
  " ##### ",
];

/** The same beside medium-sized figures. */
export const smallDegreeRing: Bitmap = [" ## ", "#  #", "#  #", " ## "];
