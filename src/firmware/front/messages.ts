/**
 * What the loop and the local hub say to each other about the device's front, through the guardian.
 *
 * Guarantee: what is read here has exactly the shape that its type says, whatever the other process sent; what has
 * not is `undefined`, never an exception. No message holds more than a screen's worth of values.
 */

import { celsius, duty, relativeHumidity } from "../../base/units.ts";
import type { LinkState } from "../../control/input.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import type { PanelPress, PanelRoom } from "../../hub/page-server/api.ts";
import { panelKeys } from "../../hub/page-server/panels.ts";
import { type DisplayKind, displayKinds } from "../../model/displays.ts";
import { isFaultCode } from "../../model/faults.ts";
import { kindOf } from "../hub-process/hub-ready.ts";
import { type Fields, readMessage } from "../process/message-fields.ts";

/** From the loop: its front as it is now. The screen as a model; the hub's process has the time to draw it. */
export interface PanelShown {
  readonly kind: "panel-shown";
  readonly screen: ScreenModel;
  /** Absent: none was found. */
  readonly display?: DisplayKind | undefined;
  /** Which of its turns the second line of a 16x2 display has. */
  readonly turn: number;
  readonly modeLed: boolean;
  readonly statusLed: boolean;
  readonly relay: boolean;
  /** Of a virtual hat only. */
  readonly room?: PanelRoom | undefined;
}

/** From the guardian: the loop has ended, and its front with it. */
export interface PanelGone {
  readonly kind: "panel-gone";
}

/** From the hub: somebody presses a key on the page. */
export interface PanelPressed extends PanelPress {
  readonly kind: "panel-pressed";
}

const links: readonly LinkState[] = ["none", "connecting", "online", "offline"];
const modes = ["auto", "manual"] as const;
const units = ["C", "F"] as const;
const longestVersion = 64;

export function readPanelShown(message: unknown): PanelShown | undefined {
  if (kindOf(message) !== "panel-shown") return undefined;
  return readMessage(message, (from) => ({
    kind: "panel-shown",
    screen: screenOf(from.fields("screen")),
    display: from.optional("display", () => from.oneOf("display", displayKinds)),
    turn: from.number("turn"),
    modeLed: from.flag("modeLed"),
    statusLed: from.flag("statusLed"),
    relay: from.flag("relay"),
    room: from.optional("room", () => roomOf(from.fields("room"))),
  }));
}

export function readPanelPressed(message: unknown): PanelPressed | undefined {
  if (kindOf(message) !== "panel-pressed") return undefined;
  return readMessage(message, (from) => ({
    kind: "panel-pressed",
    key: from.oneOf("key", panelKeys),
    down: from.flag("down"),
  }));
}

function screenOf(from: Fields): ScreenModel {
  return {
    temperature: from.optional("temperature", () => celsius(from.number("temperature"))),
    humidity: from.optional("humidity", () => relativeHumidity(from.number("humidity"))),
    target: celsius(from.number("target")),
    unit: from.oneOf("unit", units),
    mode: from.oneOf("mode", modes),
    heating: from.flag("heating"),
    demand: duty(from.number("demand")),
    firmware: from.text("firmware").slice(0, longestVersion),
    link: from.oneOf("link", links),
    fault: from.optional("fault", () => from.one("fault", isFaultCode)),
    faultCount: from.number("faultCount"),
    dimmed: from.flag("dimmed"),
  };
}

const roomOf = (from: Fields): PanelRoom => ({
  air: from.number("air"),
  outside: from.number("outside"),
  windowOpen: from.flag("windowOpen"),
});
