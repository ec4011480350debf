/** The schedule: a picture to drag points in, and a table with the same points as text, for keyboards. */
import { isRecord, type Json } from "../../../../base/json/value.ts";
import { type WritableName, writableSpec } from "../../../../model/cloud-model.ts";
import { type Weekday, weekdays } from "../../../../model/week.ts";
import { h } from "../../dom.ts";
import { dayHint, shownDay, storedDay } from "../../model/text/schedule.ts";
import { temperatureText } from "../../model/text/words.ts";
import { type Edit, type Field, wanted } from "./field.ts";
import { makeWeekPicture } from "./week-picture.ts";

/** Not validated here, to show how the device rejects a value. */
export function weekField(name: WritableName, edit: Edit): Field {
  let touched = false;
  const rows = weekdays.map((day) => {
    const input = h("input", {
      id: `set-${name}-${day}`,
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "as the day before",
      "aria-describedby": `hint-${name}`,
      on: {
        input() {
          touched = true;
          picture.update();
        },
      },
    });
    const label = h("label", { for: `set-${name}-${day}` }, day.charAt(0).toUpperCase() + day.slice(1));
    return { day, input, root: h("tr", {}, h("th", { scope: "row" }, label), h("td", {}, input)) };
  });
  const inputOf = (day: Weekday) => rows.find((row) => row.day === day)?.input;
  const { label, schema } = writableSpec(name);
  const picture = makeWeekPicture({
    limits: schema.kind === "week" ? schema : { lowest: 5, highest: 30 },
    temperature: temperatureText,
    // The picture is in °C, the texts are in the unit of the page.
    textOf: (day) => storedDay(inputOf(day)?.value ?? ""),
    onChange(day, text) {
      const input = inputOf(day);
      if (input === undefined) return;
      input.value = shownDay(text);
      touched = true;
      picture.update();
    },
  });
  const submit = async (event: Event) => {
    event.preventDefault();
    // The desired document merges objects: an empty day is deleted.
    const days = rows.map(({ day, input }): [string, Json] => [day, storedDay(input.value.trim()) || null]);
    if (await edit({ [name]: Object.fromEntries(days) })) touched = false;
  };
  const root = h(
    "form",
    { class: "field week", novalidate: true, on: { submit: (event) => void submit(event) } },
    picture.root,
    h("table", {}, h("caption", { class: "label" }, label), h("tbody", {}, ...rows.map((row) => row.root))),
    h("p", { class: "hint", id: `hint-${name}` }, dayHint()),
    h("button", { type: "submit" }, "Set schedule"),
  );
  return {
    root,
    isWide: true,
    update(detail) {
      if (touched || root.contains(document.activeElement)) return;
      const week = wanted(detail, name);
      for (const { day, input } of rows) {
        const text = shownDay(isRecord(week) ? week[day] : undefined);
        if (input.value !== text) input.value = text;
      }
      picture.update();
    },
  };
}
