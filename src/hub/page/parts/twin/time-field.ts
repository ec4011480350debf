/** A point in time, in the browser's local time. */
import { type WritableName, writableSpec } from "../../../../model/cloud-model.ts";
import { h } from "../../dom.ts";
import { type Edit, type Field, wanted } from "./field.ts";

export function timeField(name: WritableName, edit: Edit): Field {
  const { label, doc, default: none } = writableSpec(name);
  let touched = false;
  const input = h("input", {
    id: `set-${name}`,
    type: "datetime-local",
    required: true,
    "aria-describedby": `hint-${name}`,
    on: { input: () => (touched = true) },
  });
  const send = async (value: string) => {
    if (await edit({ [name]: value })) touched = false;
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const at = Date.parse(input.value);
    if (!Number.isNaN(at)) void send(new Date(at).toISOString());
  };
  const root = h(
    "form",
    { class: "field", novalidate: true, on: { submit } },
    h("label", { for: `set-${name}` }, label),
    h(
      "div",
      { class: "stepper" },
      input,
      h("button", { type: "submit", class: "primary" }, "Set"),
      h("button", { type: "button", on: { click: () => void send(String(none)) } }, "End"),
    ),
    h("p", { class: "hint", id: `hint-${name}` }, doc),
  );
  return {
    root,
    update(detail) {
      if (touched || document.activeElement === input) return;
      const value = wanted(detail, name);
      const text = typeof value === "string" && value !== none ? localText(Date.parse(value)) : "";
      if (input.value !== text) input.value = text;
    },
  };
}

/** `2027-01-31T18:00`, as the control has it; empty for a time that it does not show. */
function localText(ms: number): string {
  const inLocal = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return Number.isNaN(inLocal.getTime()) ? "" : inLocal.toISOString().slice(0, 16);
}
