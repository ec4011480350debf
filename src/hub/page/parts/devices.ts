/** The list of devices. */
import type { DeviceSummary } from "../../page-server/api.ts";
import { h, KeyedList, type Part, setAttribute, setHidden, setText } from "../dom.ts";
import { link } from "../model/tiles.ts";
import { temperatureText } from "../model/words.ts";
import type { Context, View } from "./context.ts";

/** From this many on there is a search field. */
const manyDevices = 9;

interface Item {
  readonly device: DeviceSummary;
  readonly shown: boolean;
  readonly nowMs: number;
}

function makeDevice(id: string, context: Context): Part<Item> {
  const dot = h("span", { class: "dot", "aria-hidden": "true" });
  const temperature = h("span", { class: "device-temperature" });
  const status = h("span", { class: "device-status" });
  const show = () => context.dispatch({ type: "show", deviceId: id });
  const button = h(
    "button",
    { type: "button", class: "device-button", on: { click: show } },
    dot,
    h("span", { class: "device-name" }, id),
    temperature,
    status,
  );
  return {
    root: h("li", {}, button),
    update({ device, shown, nowMs }) {
      const { tone, value } = link(device, nowMs);
      const latest = Object.hasOwn(device.latest, "temperature") ? device.latest["temperature"] : undefined;
      setAttribute(button, "aria-current", shown ? "true" : undefined);
      setAttribute(dot, "data-tone", tone);
      setText(temperature, typeof latest?.value === "number" ? temperatureText(latest.value) : "");
      const waiting = device.pending > 0 ? ` · ${device.pending} pending` : "";
      const refused = device.refused > 0 ? ` · ${device.refused} refused` : "";
      setText(status, `${value}${waiting}${refused}`);
    },
  };
}

/** What a search looks at: the name, the link, what waits or was refused. */
function searchText(device: DeviceSummary, nowMs: number): string {
  const words = [
    device.id,
    link(device, nowMs).value,
    device.pending > 0 && "pending",
    device.refused > 0 && "refused",
  ];
  return words.filter(Boolean).join(" ").toLowerCase();
}

export function makeDevices(context: Context): Part<View> {
  const list = h("ul", { class: "device-list" });
  const keyed = new KeyedList<Item>(
    list,
    ({ device }) => device.id,
    ({ device }) => makeDevice(device.id, context),
  );
  let last: View | undefined;
  const search = h("input", {
    type: "search",
    class: "device-search",
    placeholder: "Name, offline, pending…",
    "aria-label": "Find a device",
    on: { input: () => last !== undefined && update(last) },
  });
  const nothing = h("p", { class: "empty", role: "status" }, "No device matches.");
  const root = h("nav", { class: "devices", "aria-label": "Devices" }, search, list, nothing);
  const update = (view: View) => {
    last = view;
    const { devices, shown, hub } = view.state;
    setHidden(search, devices.length < manyDevices);
    setHidden(root, devices.length === 0 || hub?.kind === "device");
    const wanted = search.value.trim().toLowerCase();
    const found = devices.filter((device) => searchText(device, view.nowMs).includes(wanted));
    setHidden(nothing, found.length > 0);
    keyed.update(found.map((device) => ({ device, shown: device.id === shown, nowMs: view.nowMs })));
  };
  return { root, update };
}
