/**
 * Folder parts/: the page's components, drawn from its state.
 *
 * The whole page: the header bar, the device list, and the device shown.
 */
import { h, type Part, setAttribute, setHidden, setText } from "../dom.ts";
import { icon, setIcon } from "../icons.ts";
import { link } from "../model/tiles.ts";
import { shorten } from "../model/words.ts";
import type { Context, View } from "./context.ts";
import { makeDevices } from "./devices.ts";
import { makeFirmware } from "./firmware/card.ts";
import { makeRollOut } from "./firmware/roll-out.ts";
import { makePlot } from "./plot.ts";
import { makeTiles } from "./tiles.ts";
import { makeTimeline } from "./timeline.ts";
import { makeSides } from "./twin/sides.ts";
import { makeTwin } from "./twin/twin.ts";

const streamWords = {
  connecting: "Connecting…",
  live: "Live",
  lost: "Connection to hub lost, retrying…",
} as const;

function makeBar({ signOut }: Context): Part<View> {
  const where = h("span", { class: "bar-where" });
  const stream = h("span", { class: "bar-stream", role: "status" });
  const mark = h("img", { src: "icon.svg", alt: "", width: 28, height: 28 });
  const out = h("button", { type: "button", class: "small", on: { click: () => signOut?.() } }, "Sign out");
  const leave = signOut !== undefined && out;
  return {
    root: h("header", { class: "bar" }, mark, h("strong", {}, "Local hub"), where, stream, leave),
    update({ state: { hub, stream: state } }) {
      const lock = hub?.sealed ? " · sealed" : "";
      const reach = `${hub?.exposed ? " · accessible from other machines" : ""}${lock}`;
      setText(where, hub === undefined ? "" : `${hub.hubHost} · ID scope ${hub.idScope}${reach}`);
      setText(stream, streamWords[state]);
      setAttribute(stream, "data-stream", state);
    },
  };
}

function makeHead(): Part<View> {
  const name = h("h1", { id: "device-name", tabindex: -1 });
  const picture = icon("link");
  const word = h("span", {});
  const chip = h("p", { class: "chip" }, picture, word);
  const about = h("p", { class: "device-about" });
  return {
    root: h("header", { class: "device-head" }, name, chip, about),
    update({ state: { detail }, nowMs }) {
      if (detail === undefined) return;
      const { value, note, tone } = link(detail, nowMs);
      setText(name, detail.id);
      setText(word, tone === "offline" ? `${value}, ${note}` : value);
      setIcon(picture, tone === "good" ? "link" : "unplugged");
      setAttribute(chip, "data-tone", tone);
      const model = detail.modelId === null ? "no model" : shorten(detail.modelId, 60);
      setText(about, `${model} · ${authenticationTexts[detail.authentication] ?? ""}`);
    },
  };
}

const authenticationTexts = {
  sas: "SAS key",
  selfSigned: "self-signed certificate",
  certificateAuthority: "CA-signed certificate",
} as const;

export function makePage(context: Context): Part<View> {
  const parts = {
    bar: makeBar(context),
    devices: makeDevices(context),
    rollOut: makeRollOut(context),
    head: makeHead(),
    tiles: makeTiles(),
    plot: makePlot(context),
    sides: makeSides(context),
    firmware: makeFirmware(context),
    twin: makeTwin(),
    timeline: makeTimeline(),
  };
  const device = h(
    "div",
    { class: "device" },
    parts.head.root,
    h("div", { class: "overview" }, parts.tiles.root, parts.plot.root),
    parts.sides.root,
    parts.firmware.root,
    h("div", { class: "story" }, parts.twin.root, parts.timeline.root),
  );
  const noDevice = h(
    "div",
    { class: "nobody" },
    icon("device"),
    h("h1", {}, "No device yet"),
    h(
      "p",
      {},
      "Devices that are configured with this hub’s address and ID scope register here automatically.",
    ),
  );
  const main = h("main", { id: "main" }, device, noDevice);
  const root = h("div", { class: "page" }, parts.bar.root, parts.devices.root, parts.rollOut.root, main);
  return {
    root,
    update(view) {
      const { stream, detail, hub, devices } = view.state;
      // The style marks the values as old while the hub is unreachable.
      setAttribute(root, "data-stream", stream);
      setAttribute(main, "data-away", detail !== undefined && !detail.connected);
      setHidden(device, detail === undefined);
      setHidden(noDevice, hub === undefined || devices.length > 0);
      for (const part of Object.values(parts)) part.update(view);
    },
  };
}
