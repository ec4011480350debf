/** Commands: called directly while the device is online, queued while it is offline. */
import type { Json } from "../../../base/json/value.ts";
import { type CommandName, commandNames, commandSpec } from "../../../model/cloud-model.ts";
import type { CommandAnswer } from "../../page-server/api.ts";
import { api } from "../api.ts";
import { h, type Part, setAttribute, setHidden, setText } from "../dom.ts";
import { icon } from "../icons.ts";
import { isReachable } from "../model/cable.ts";
import type { IconName } from "../model/icon-paths.ts";
import { shorten } from "../model/text/words.ts";
import type { Context, View } from "./context.ts";

/** The card of firmware updates has its own button for `checkForUpdate`. */
type ListedCommand = Exclude<CommandName, "checkForUpdate">;

const pictures: Readonly<Record<ListedCommand, IconName>> = {
  boost: "boost",
  preset: "clock",
  identify: "identify",
  clearFault: "check",
  forgetRoom: "check",
  restart: "restart",
  sendLogs: "queue",
};

const listed = commandNames.filter((name) => name !== "checkForUpdate");

/** Offline commands expire after an hour: a later boost would surprise. */
const ttlSeconds = 3600;

export function makeCommands(context: Context): Part<View> {
  let id = "";
  let reachable = false;
  /** A hub keeps commands for a device that is offline. */
  let hasQueue = true;
  const result = h("p", { class: "command-result", role: "status" });

  const call = async (name: ListedCommand, payload: Json) => {
    const { label } = commandSpec(name);
    if (name === "restart" && !confirm(restartQuestion)) return;
    setText(result, `${label}…`);
    if (!reachable && hasQueue) {
      const queued = await context.expect(api.queue(id, { name, payload, ttlSeconds }));
      setText(result, queued === undefined ? "" : `${label} waits in the queue for up to an hour.`);
      return;
    }
    const answer = await context.expect(api.command(id, { name, payload }));
    const reply = answer?.payload == null ? "" : ` · ${shorten(JSON.stringify(answer.payload))}`;
    setText(result, answer === undefined ? "" : sentenceOf(label, answer, reply));
    setAttribute(result, "data-tone", answer !== undefined && answer.status >= 300 ? "bad" : "good");
  };

  const endBoost = h(
    "button",
    { type: "button", class: "small", on: { click: () => void call("boost", 0) } },
    "End the boost",
  );
  const makeCommand = (name: ListedCommand) => {
    const { label, doc } = commandSpec(name);
    const parameter = makeParameter(name);
    const submit = (event: Event) => {
      event.preventDefault();
      void call(name, parameter?.value() ?? null);
    };
    return h(
      "form",
      { class: "command", on: { submit } },
      h("button", { type: "submit", title: doc }, icon(pictures[name]), label),
      parameter?.field,
      parameter?.unit !== undefined &&
        h("span", { class: "command-unit", "aria-hidden": "true" }, parameter.unit),
      name === "boost" && endBoost,
    );
  };

  const forms = listed.map((name) => ({ name, root: makeCommand(name) }));
  const hint = h("p", { class: "hint" });
  const root = h(
    "div",
    { class: "commands", role: "group", "aria-labelledby": "commands-title" },
    h("h3", { id: "commands-title" }, "Commands"),
    h("div", { class: "command-grid" }, ...forms.map((form) => form.root)),
    hint,
    result,
  );
  return {
    root,
    update({ state: { detail, hub } }) {
      if (detail === undefined) return;
      if (detail.id !== id) setText(result, "");
      id = detail.id;
      reachable = isReachable(detail);
      setHidden(endBoost, typeof detail.reported["boostUntil"] !== "string");
      hasQueue = hub?.kind !== "device";
      for (const form of forms)
        setHidden(form.root, detail.commands !== undefined && !detail.commands.includes(form.name));
      const waiting = detail.queuedMessages;
      const queue = waiting === 0 ? "" : ` ${waiting} waiting.`;
      const away = hasQueue
        ? `The device is offline: commands wait in its queue.${queue}`
        : "The device does not answer.";
      setText(hint, reachable ? "" : away);
    },
  };
}

/** As a person would say it; the number is for those who look for it. */
function sentenceOf(label: string, { status, tookMs }: CommandAnswer, reply: string): string {
  const how = status < 300 ? "done" : `refused (${status})`;
  return `${label}: ${how} in ${tookMs} ms${reply}`;
}

const restartQuestion = "Restart the firmware? The heater is off for some seconds.";

interface Parameter {
  readonly field: HTMLElement;
  readonly unit?: string;
  value(): Json;
}

/** The field for a command's parameter, for those that have one. */
function makeParameter(name: ListedCommand): Parameter | undefined {
  const { label, request } = commandSpec(name);
  if (request === undefined) return undefined;
  const { schema } = request;
  const named = { "aria-label": `${label}: ${request.label.toLowerCase()}` };
  if (schema.kind === "choice") {
    const choices = schema.choices.map((choice) => h("option", { value: choice }, choice));
    const field = h("select", named, ...choices);
    return { field, value: () => field.value };
  }
  if (schema.kind !== "integer") return undefined;
  const field = h("input", {
    type: "number",
    inputmode: "numeric",
    min: schema.min,
    max: schema.max,
    value: String(request.default),
    required: true,
    ...named,
  });
  return { field, unit: schema.unit ?? "", value: () => field.valueAsNumber };
}
