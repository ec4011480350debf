/**
 * The settings of a device on this machine that may change while it runs, with who wins a conflict. What differs from its
 * default is marked, and can be brought back to it.
 */
import type { Json } from "../../../base/json/value.ts";
import { type SettingKey, type Settings, settingSpec } from "../../../model/settings.ts";
import { api } from "../api.ts";
import { h, type Part, setAttribute, setHidden, setText } from "../dom.ts";
import { icon } from "../icons.ts";
import {
  defaultText,
  isDefault,
  rangeText,
  settingGroups,
  settingPlaces,
  settingProblem,
  settingsInForce,
  settingText,
  settingUnit,
  shownSetting,
  storedSetting,
} from "../model/settings.ts";
import type { Context, View } from "./context.ts";

interface Row {
  readonly settings: Settings;
  readonly isFixed: boolean;
}

/** @param value `null`: the default */
type Change = (key: SettingKey, value: Json) => Promise<boolean>;

interface Control extends Part<Row> {
  /** Why what is typed may not be set; empty where it may. */
  problem(): string;
}

/** @param changed called when what is typed changes */
function numberControl(key: SettingKey, change: Change, changed: () => void): Control {
  let last: Row | undefined;
  let isTouched = false;
  const shown = () =>
    last === undefined ? "" : shownSetting(key, Number(last.settings[key])).toFixed(places);
  const places = Math.max(settingPlaces(key), settingUnit(key) === "°F" ? 1 : 0);
  const input = h("input", {
    id: `setting-${key}`,
    type: "number",
    inputmode: "decimal",
    step: "any",
    required: true,
    "aria-describedby": `about-${key}`,
    on: {
      input: () => {
        isTouched = true;
        show();
      },
    },
  });
  const set = h("button", { type: "submit", class: "small primary" }, "Set");
  const problem = () => {
    if (!isTouched || last === undefined) return "";
    if (Number.isNaN(input.valueAsNumber)) return "This must be a number.";
    return settingProblem(last.settings, key, storedSetting(key, input.valueAsNumber)) ?? "";
  };
  const show = () => {
    const isWrong = problem() !== "";
    setAttribute(input, "aria-invalid", isWrong ? "true" : undefined);
    setHidden(set, !isTouched || input.value === shown());
    set.disabled = isWrong;
    changed();
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (problem() !== "" || last === undefined) return;
    const value = storedSetting(key, input.valueAsNumber);
    if (value !== last.settings[key] && !(await change(key, value))) return;
    isTouched = false;
    show();
  };
  const unit = h("span", { "aria-hidden": "true" }, settingUnit(key));
  const root = h(
    "form",
    { class: "stepper", novalidate: true, on: { submit: (event) => void submit(event) } },
    h("span", { class: "stepper-value" }, input, unit),
    set,
  );
  return {
    root,
    problem,
    update(row) {
      last = row;
      input.disabled = row.isFixed;
      if (isTouched || document.activeElement === input) return;
      if (input.value !== shown()) input.value = shown();
      show();
    },
  };
}

function choiceControl(key: SettingKey, choices: readonly Json[], change: Change): Control {
  const options = choices.map((choice) => h("option", { value: String(choice) }, settingText(key, choice)));
  const select = h(
    "select",
    {
      id: `setting-${key}`,
      "aria-describedby": `about-${key}`,
      on: { change: () => void change(key, choices[select.selectedIndex] ?? null).then(show) },
    },
    ...options,
  );
  let last: Row | undefined;
  // A change that was refused is taken back.
  const show = () => {
    if (last === undefined) return;
    select.disabled = last.isFixed;
    select.selectedIndex = choices.indexOf(last.settings[key]);
  };
  return {
    root: select,
    problem: () => "",
    update(row) {
      last = row;
      if (document.activeElement !== select || row.isFixed) show();
    },
  };
}

function makeSetting(key: SettingKey, change: Change): Part<Row> {
  const spec = settingSpec(key);
  let last: Row | undefined;
  const range = rangeText(key);
  const about = h("p", { class: "hint", id: `about-${key}` });
  const initial = h("span", { class: "setting-default" });
  const reset = h(
    "button",
    {
      type: "button",
      class: "small",
      "aria-label": `${spec.label}: back to the default`,
      on: { click: () => void change(key, null) },
    },
    "Back to it",
  );
  const showAbout = () => {
    const problem = control.problem();
    setText(about, problem || [spec.doc.replaceAll("`", ""), range && `${range}.`].join(" ").trim());
    setAttribute(about, "data-tone", problem === "" ? undefined : "bad");
  };
  const choices = spec.kind === "choice" ? spec.choices : [true, false];
  const control =
    spec.kind === "number"
      ? numberControl(key, change, () => showAbout())
      : choiceControl(key, choices, change);
  const root = h(
    "div",
    { class: "field setting", "data-setting": key },
    h("label", { for: `setting-${key}` }, spec.label),
    control.root,
    h("p", { class: "setting-state" }, initial, reset),
    about,
  );
  return {
    root,
    update(row) {
      if (last?.settings === row.settings && last.isFixed === row.isFixed) return;
      last = row;
      control.update(row);
      showAbout();
      const isInitial = isDefault(row.settings, key);
      setText(initial, defaultText(row.settings, key));
      setHidden(reset, isInitial || row.isFixed);
      setAttribute(root, "data-changed", !isInitial);
    },
  };
}

export function makeSettings(context: Context): Part<View> {
  let id = "";
  const change: Change = async (key, value) => {
    const answer = await context.expect(api.settings(id, { changes: { [key]: value } }));
    const text = value === null ? "its default" : settingText(key, value);
    if (answer !== undefined) context.announce(`${settingSpec(key).label}: ${text}`, "good");
    return answer !== undefined;
  };
  const groups = settingGroups.map(({ title, keys }) => {
    const rows = keys.map((key) => makeSetting(key, change));
    const root = h(
      "fieldset",
      {},
      h("legend", {}, title),
      h("div", { class: "setting-grid" }, ...rows.map((row) => row.root)),
    );
    return { root, rows };
  });
  const count = h("span", { class: "hint" });
  const fixed = h("p", { class: "hint", role: "status" });
  const root = h(
    "details",
    { class: "card list settings" },
    h("summary", {}, icon("mode"), h("strong", {}, "Settings"), count),
    fixed,
    ...groups.map((group) => group.root),
  );
  let shownView: unknown;
  let inForce: Settings | undefined;
  let last: View | undefined;
  const update = (view: View) => {
    last = view;
    const settings = view.state.detail?.settings;
    setHidden(root, settings === undefined);
    if (settings === undefined) return;
    id = view.state.detail?.id ?? "";
    if (settings !== shownView || inForce === undefined) inForce = settingsInForce(settings);
    shownView = settings;
    const changed = Object.keys(settings.changed).length;
    setText(count, changed === 0 ? "all at their defaults" : `${changed} not at the default`);
    setText(fixed, settings.fixed === undefined ? "" : `They cannot be changed here: ${settings.fixed}.`);
    setHidden(fixed, settings.fixed === undefined);
    if (!root.open) return;
    const row = { settings: inForce, isFixed: settings.fixed !== undefined };
    for (const { rows } of groups) for (const each of rows) each.update(row);
  };
  root.addEventListener("toggle", () => last !== undefined && update(last));
  return { root, update };
}
