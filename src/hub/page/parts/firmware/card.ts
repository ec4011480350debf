/**
 * Folder firmware/: updates of the firmware on the page: the card of one device, the roll-out over several.
 *
 * The card: what runs, what is assigned, how far it is, how the last one ended. Only for a device that reports it.
 */
import { commandSpec } from "../../../../model/cloud-model.ts";
import { api } from "../../api.ts";
import { h, type Part, setAttribute, setHidden, setText } from "../../dom.ts";
import { icon } from "../../icons.ts";
import { type FirmwareCard, firmwareCard, percentText } from "../../model/firmware.ts";
import type { StatusView } from "../../model/status.ts";
import { shorten } from "../../model/text/words.ts";
import type { Context, View } from "../context.ts";
import { makeStatusChip } from "./status-chip.ts";

const command = "checkForUpdate";
const { label, doc } = commandSpec(command);

/** A value, and a line below it. */
function makeFact(name: string, title: string) {
  const value = h("span", { class: "firmware-value" });
  const note = h("span", { class: "firmware-note" });
  const root = h("div", { "data-fact": name }, h("dt", {}, title), h("dd", {}, value, note));
  const update = (text: string, below = "") => {
    setText(value, text);
    setText(note, below);
  };
  return { root, update };
}

/** A status with its reason. */
function makeStatus(name: string, title: string, ...below: Node[]): Part<StatusView> {
  const chip = makeStatusChip();
  const note = h("span", { class: "firmware-note" });
  const root = h("div", { "data-fact": name }, h("dt", {}, title), h("dd", {}, chip.root, note, ...below));
  return {
    root,
    update(view) {
      chip.update(view);
      setText(note, view.detail);
      setAttribute(root, "data-tone", view.tone);
    },
  };
}

function makeFacts(): Part<FirmwareCard> {
  const bar = h("progress", { max: 100, "aria-label": "Download progress" });
  const percent = h("span", {});
  const progress = h("span", { class: "firmware-progress" }, bar, percent);
  const installed = makeFact("installed", "Installed");
  const available = makeFact("available", "Available");
  const state = makeStatus("state", "Update", progress);
  const last = makeStatus("last", "Last update");
  const slotA = makeFact("slotA", "Slot a");
  const slotB = makeFact("slotB", "Slot b");
  const facts = [installed, available, state, last, slotA, slotB];
  return {
    root: h("dl", { class: "firmware-facts" }, ...facts.map(({ root }) => root)),
    update(card) {
      installed.update(card.installed, card.program);
      available.update(card.available);
      state.update(card.state);
      last.update(card.last);
      slotA.update(card.slotA);
      slotB.update(card.slotB);
      setHidden(progress, card.progress === undefined);
      if (card.progress === undefined) return;
      bar.value = card.progress;
      setText(percent, percentText(card.progress));
    },
  };
}

export function makeFirmware(context: Context): Part<View> {
  let id = "";
  const result = h("p", { class: "command-result", role: "status" });
  const check = async () => {
    const asked = id;
    setText(result, `${label}…`);
    const answer = await context.expect(api.command(asked, { name: command, payload: null }));
    // Another device may be shown by now.
    if (asked !== id) return;
    const isRefused = answer !== undefined && answer.status >= 300;
    const reply = isRefused ? ` ${shorten(JSON.stringify(answer.payload), 200)}` : "";
    const word = isRefused ? `Refused: ${answer.status}${reply}` : "The device asks its sources of updates.";
    setText(result, answer === undefined ? "" : word);
    setAttribute(result, "data-tone", isRefused ? "bad" : "good");
  };
  const button = h(
    "button",
    { type: "button", class: "small", title: doc, on: { click: () => void check() } },
    icon("restart"),
    label,
  );
  const facts = makeFacts();
  const unreachable = h("p", { class: "hint" });
  const root = h(
    "section",
    { class: "card firmware", "aria-labelledby": "firmware-title" },
    h("div", { class: "card-head" }, h("h2", { id: "firmware-title" }, "Firmware updates"), button),
    facts.root,
    unreachable,
    result,
  );
  return {
    root,
    update({ state: { detail } }) {
      const card = detail === undefined ? undefined : firmwareCard(detail);
      setHidden(root, card === undefined);
      if (detail?.id !== id) setText(result, "");
      id = detail?.id ?? "";
      if (card === undefined) return;
      facts.update(card);
      setText(unreachable, card.unreachable);
      setHidden(unreachable, card.unreachable === "");
      setAttribute(button, "disabled", card.unreachable !== "");
    },
  };
}
