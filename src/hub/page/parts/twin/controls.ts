/** A control for each writable property; less important ones and raw patches are collapsed. */
import { messageOf } from "../../../../base/errors.ts";
import { isRecord } from "../../../../base/json/value.ts";
import {
  type ChoiceSchema,
  type NumberSchema,
  type WritableName,
  writableNames,
  writableSpec,
} from "../../../../model/cloud-model.ts";
import type { DeviceDetail } from "../../../page-server/api.ts";
import { api } from "../../api.ts";
import { h, type Part, setAttribute, setText } from "../../dom.ts";
import { icon } from "../../icons.ts";
import { shownUnit, shownValue, storedValue, temperatureUnit } from "../../model/text/units.ts";
import { unitOf, valueText } from "../../model/text/words.ts";
import type { Context, View } from "../context.ts";
import { type Edit, type Field, wanted } from "./field.ts";
import { timeField } from "./time-field.ts";
import { weekField } from "./week-field.ts";

/** With thousands separators. */
const rangeText = (value: number): string => value.toLocaleString("en").replace("-", "−");

interface Scale {
  readonly unit: string;
  readonly step: number;
  readonly places: number;
  shown(value: number): number;
  stored(shown: number): number;
}

/** In °F the step of a temperature is a whole degree, as on the device. */
function scaleOf(name: WritableName, rowStep: number): Scale {
  const unit = unitOf(name);
  const step = unit === "°C" && temperatureUnit() === "°F" ? 1 : rowStep;
  return {
    unit: shownUnit(unit),
    step,
    places: step < 1 ? 1 : 0,
    shown: (value) => shownValue(value, unit),
    stored: (value) => storedValue(value, unit),
  };
}

/**
 * A number field. Setting the same value again is an edit as well (RR-5). Not validated here, to show how the device
 * rejects a value.
 */
function numberField(name: WritableName, { min, max }: NumberSchema, edit: Edit) {
  const { label, default: initial, step: rowStep = 1 } = writableSpec(name);
  const { unit, step, places, shown, stored } = scaleOf(name, rowStep);
  let touched = false;
  const input = h("input", {
    id: `set-${name}`,
    type: "number",
    inputmode: "decimal",
    step: "any",
    required: true,
    "aria-describedby": `hint-${name}`,
    on: {
      input: () => {
        touched = true;
        checkRange();
      },
    },
  });
  const range = `${rangeText(shown(min))} to ${rangeText(shown(max))} ${unit}`;
  const hint = h("p", { class: "hint", id: `hint-${name}` }, range);
  /** Says it while a person types; the device decides, by its settings. */
  const checkRange = () => {
    const value = stored(input.valueAsNumber);
    const isOutside = value < min || value > max;
    setAttribute(input, "aria-invalid", isOutside ? "true" : undefined);
    setText(hint, isOutside ? `Outside of ${range}` : range);
  };
  const stepBy = (by: number) => {
    const from = input.value === "" ? shown(Number(initial)) : Number(input.value);
    input.value = (Math.round((from + by) / step) * step).toFixed(places);
    touched = true;
    checkRange();
  };
  const stepper = (by: number, word: string) =>
    h(
      "button",
      { type: "button", class: "step", "aria-label": `${label}: ${word}`, on: { click: () => stepBy(by) } },
      icon(by < 0 ? "minus" : "plus"),
    );
  const submit = async (event: Event) => {
    event.preventDefault();
    const value = input.valueAsNumber;
    if (Number.isFinite(value) && (await edit({ [name]: stored(value) }))) touched = false;
  };
  const root = h(
    "form",
    { class: "field", novalidate: true, on: { submit: (event) => void submit(event) } },
    h("label", { for: `set-${name}` }, label),
    h(
      "div",
      { class: "stepper" },
      stepper(-step, "lower"),
      h("span", { class: "stepper-value" }, input, h("span", { "aria-hidden": "true" }, unit)),
      stepper(step, "higher"),
      h("button", { type: "submit", class: "primary" }, "Set"),
    ),
    hint,
  );
  const field: Field = {
    root,
    update(detail) {
      const value = wanted(detail, name);
      if (touched || document.activeElement === input) return;
      const text = typeof value === "number" ? shown(value).toFixed(places) : "";
      if (input.value === text) return;
      input.value = text;
      checkRange();
    },
  };
  return field;
}

function choiceField(name: WritableName, { choices }: ChoiceSchema, edit: Edit): Field {
  const radios = choices.map((choice) => {
    const input = h("input", {
      type: "radio",
      name,
      value: choice,
      on: { change: () => void edit({ [name]: choice }) },
    });
    return { choice, input };
  });
  const root = h(
    "fieldset",
    { class: "field" },
    h("legend", {}, writableSpec(name).label),
    h(
      "div",
      { class: "segments" },
      ...radios.map(({ choice, input }) => h("label", {}, input, h("span", {}, valueText(name, choice)))),
    ),
  );
  return {
    root,
    update(detail) {
      const value = wanted(detail, name);
      for (const { choice, input } of radios) input.checked = choice === value;
    },
  };
}

/** Hints that depend on the state; otherwise the row's `doc` is shown. */
const hints: { readonly [K in WritableName]?: (detail: DeviceDetail) => string } = {
  heaterSwitch: (detail) =>
    wanted(detail, "controlMode") === "manual" ? "The heater follows it." : "Takes effect in manual mode.",
};

function switchField(name: WritableName, edit: Edit): Field {
  const { label, doc } = writableSpec(name);
  const [labelId, hintId] = [`label-${name}`, `hint-${name}`];
  const word = h("span", { class: "switch-word" });
  const hint = h("p", { class: "hint", id: hintId });
  let on = false;
  const button = h(
    "button",
    {
      type: "button",
      role: "switch",
      class: "switch",
      "aria-labelledby": labelId,
      "aria-describedby": hintId,
      on: { click: () => void edit({ [name]: !on }) },
    },
    h("span", { class: "switch-track", "aria-hidden": "true" }),
    word,
  );
  return {
    root: h("div", { class: "field" }, h("span", { class: "label", id: labelId }, label), button, hint),
    update(detail) {
      on = wanted(detail, name) === true;
      setAttribute(button, "aria-checked", on ? "true" : "false");
      setText(word, on ? "On" : "Off");
      setText(hint, hints[name]?.(detail) ?? doc);
    },
  };
}

function fieldFor(name: WritableName, edit: Edit): Field {
  const { schema } = writableSpec(name);
  switch (schema.kind) {
    case "number":
    case "integer":
      return numberField(name, schema, edit);
    case "choice":
      return choiceField(name, schema, edit);
    case "flag":
      return switchField(name, edit);
    case "time":
      return timeField(name, edit);
    case "week":
      return weekField(name, edit);
  }
}

/** A raw patch: also unknown names, wrong types and `null`. */
function patchField(edit: Edit, context: Context): HTMLElement {
  const text = h("textarea", {
    id: "patch",
    rows: 4,
    spellcheck: "false",
    autocomplete: "off",
    "aria-describedby": "hint-patch",
  });
  text.value = '{ "targetTemperature": 99 }';
  const send = (event: Event) => {
    event.preventDefault();
    let patch: unknown;
    try {
      patch = JSON.parse(text.value);
    } catch (error) {
      context.announce(`Not JSON: ${messageOf(error)}`, "bad");
      return;
    }
    if (!isRecord(patch)) {
      context.announce("A patch is a JSON object: { … }", "bad");
      return;
    }
    void edit(patch);
  };
  return h(
    "form",
    { class: "field", on: { submit: send } },
    h("label", { for: "patch" }, "Patch for the desired properties"),
    text,
    h("p", { class: "hint", id: "hint-patch" }, "The device rejects unsupported values. null deletes."),
    h("button", { type: "submit" }, "Send patch"),
  );
}

/** `more` is collapsed, and placed separately over the full width. */
export function makeControls(context: Context): Part<View> & { readonly more: HTMLElement } {
  let id = "";
  const edit: Edit = async (properties) => (await context.expect(api.edit(id, { properties }))) !== undefined;
  const fieldsOf = (prominent: boolean) =>
    writableNames
      .filter((name) => (writableSpec(name).prominent ?? false) === prominent)
      .map((name) => fieldFor(name, edit));
  const [first, others] = [fieldsOf(true), fieldsOf(false)];
  const fields = (of: readonly Field[]) => h("div", { class: "controls" }, ...of.map(({ root }) => root));
  const more = h(
    "details",
    { class: "more" },
    h("summary", {}, "More settings"),
    h(
      "div",
      { class: "cloud-parts" },
      fields(others.filter(({ isWide }) => !isWide)),
      patchField(edit, context),
      ...others.filter(({ isWide }) => isWide).map(({ root }) => root),
    ),
  );
  return {
    root: fields(first),
    more,
    update({ state: { detail } }) {
      if (detail === undefined) return;
      id = detail.id;
      for (const field of [...first, ...others]) field.update(detail);
    },
  };
}
