/**
 * The reported component `firmware` as the page receives it.
 *
 * Guarantee: never throws. Whatever a device reported becomes short texts and known values; everything else
 * is empty or `null`.
 */
import { isRecord, type Json, type JsonObject, textMember } from "../../../base/json/value.ts";
import { firmwareComponent, updateResults, updateStates } from "../../../model/cloud-model.ts";
import type { FirmwareView } from "../api.ts";

const longestVersion = 64;
const longestReason = 512;
const longestGroup = 96;

/** @returns `null` for a device that reports no such component */
export function firmwareView(reported: JsonObject): FirmwareView | null {
  const { name, fields } = firmwareComponent;
  const component = Object.hasOwn(reported, name) ? reported[name] : undefined;
  if (!isRecord(component) || textMember(component, "__t") !== "c") return null;
  const text = (field: keyof typeof fields, max: number) =>
    (textMember(component, field) ?? "").slice(0, max);
  const percent = (value: Json | undefined) =>
    typeof value === "number" ? Math.min(100, Math.max(0, value)) : null;
  return {
    installed: text("installed", longestVersion),
    program: oneOf(fields.program.schema.choices, component["program"]),
    available: text("available", longestVersion),
    state: oneOf(updateStates, component["state"]),
    progress: percent(component["progress"]),
    reason: text("reason", longestReason),
    lastResult: oneOf(updateResults, component["lastResult"]),
    lastVersion: text("lastVersion", longestVersion),
    lastReason: text("lastReason", longestReason),
    slotA: text("slotA", longestVersion),
    slotB: text("slotB", longestVersion),
    group: text("group", longestGroup),
    place: percent(component["place"]),
    image: text("image", longestVersion),
    lastImage: text("lastImage", longestVersion),
  };
}

const oneOf = <const T extends string>(choices: readonly T[], value: unknown): T | null =>
  choices.find((choice) => choice === value) ?? null;
