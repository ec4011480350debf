/**
 * Folder parts/: the page's components, drawn from its state.
 *
 * The whole page: the header bar, the device list, and the device shown.
 */
import type { DeviceDetail, HubInfo } from "../../page-server/api.ts";
import { h, type Part, setAttribute, setHidden, setText } from "../dom.ts";
import { icon, setIcon } from "../icons.ts";
import { shorten } from "../model/text/words.ts";
import { link } from "../model/tiles.ts";
import type { Context, View } from "./context.ts";
import { makeDevices } from "./devices.ts";
import { makeEnrolment } from "./enrolment.ts";
import { makeFirmware } from "./firmware/card.ts";
import { makeRollOut } from "./firmware/roll-out.ts";
import { makePlot } from "./history/plot.ts";
import { makeLog } from "./log.ts";
import { makeSettings } from "./settings.ts";
import { makeTiles } from "./tiles.ts";
import { makeTimeline } from "./timeline.ts";
import { makeSides } from "./twin/sides.ts";
import { makeTwin } from "./twin/twin.ts";
import { makeValues } from "./values.ts";

const streamWords = {
  connecting: "Connecting…",
  live: "Live",
  lost: "Connection lost, retrying…",
} as const;

/** Which hub it is, and who reaches it. */
function whereText({ kind, hubHost, idScope, exposed, sealed }: HubInfo): string {
  const parts = [
    ...(kind === "hub" ? [hubHost, `ID scope ${idScope}`] : []),
    ...(exposed ? ["accessible from other machines"] : []),
    ...(sealed ? ["sealed"] : []),
  ];
  return parts.join(" · ");
}

function makeBar({ signOut }: Context): Part<View> {
  const where = h("span", { class: "bar-where" });
  const stream = h("span", { class: "bar-stream", role: "status" });
  const name = h("strong", {});
  const mark = h("img", { src: "icon.svg", alt: "", width: 28, height: 28 });
  const out = h("button", { type: "button", class: "small", on: { click: () => signOut?.() } }, "Sign out");
  const leave = signOut !== undefined && out;
  return {
    root: h("header", { class: "bar" }, mark, name, where, stream, leave),
    update({ state: { hub, stream: state } }) {
      setText(name, hub?.kind === "device" ? "Heater" : "Local hub");
      setText(where, hub === undefined ? "" : whereText(hub));
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
    update({ state: { detail, hub }, nowMs }) {
      if (detail === undefined) return;
      const { value, note, tone } = link(detail, nowMs);
      setText(name, detail.id);
      setText(word, tone === "offline" ? `${value}, ${note}` : value);
      setIcon(picture, tone === "good" ? "link" : "unplugged");
      setAttribute(chip, "data-tone", tone);
      if (hub?.kind === "device") return setText(about, deviceText(detail));
      const model = detail.modelId === null ? "no model" : shorten(detail.modelId, 60);
      setText(about, `${model} · ${authenticationTexts[detail.authentication] ?? ""}`);
    },
  };
}

function deviceText({ reported }: DeviceDetail): string {
  const { firmwareVersion, board } = reported;
  return firmwareVersion === undefined ? "" : `firmware ${String(firmwareVersion)} · ${String(board)}`;
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
    settings: makeSettings(context),
    firmware: makeFirmware(context),
    twin: makeTwin(),
    values: makeValues(),
    timeline: makeTimeline(context),
    log: makeLog(),
    enrolment: makeEnrolment(context),
  };
  const device = h(
    "div",
    { class: "device" },
    parts.head.root,
    h("div", { class: "overview" }, parts.tiles.root, parts.plot.root),
    parts.sides.root,
    parts.settings.root,
    parts.firmware.root,
    h("div", { class: "story" }, parts.twin.root, parts.values.root, parts.timeline.root, parts.log.root),
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
  const main = h("main", { id: "main", tabindex: -1 }, device, noDevice);
  const skip = h("a", { class: "skip", href: "#main" }, "Skip to the device");
  const root = h(
    "div",
    { class: "page" },
    skip,
    parts.bar.root,
    parts.devices.root,
    parts.rollOut.root,
    main,
    parts.enrolment.root,
  );
  return {
    root,
    update(view) {
      const { stream, detail, hub, devices } = view.state;
      // The style marks the values as old while the hub is unreachable.
      setAttribute(root, "data-stream", stream);
      setAttribute(root, "data-kind", hub?.kind);
      setAttribute(main, "data-away", detail !== undefined && !detail.connected);
      setHidden(device, detail === undefined);
      setHidden(noDevice, hub === undefined || devices.length > 0);
      for (const part of Object.values(parts)) part.update(view);
    },
  };
}
