/**
 * Folder output/: the results of verbs as text for a terminal, or as rows for other programs.
 *
 * The output formats of a simulation: a table, JSON lines or CSV.
 */

import type { Millis } from "../../base/units.ts";
import type { ChangedEvent, ControlEvent } from "../../control/output.ts";
import { namedEvent } from "../../firmware/event-log.ts";
import type { SimulationResult, SimulationRow } from "../../firmware/simulation.ts";
import { shortValue } from "../../model/cloud-schema.ts";
import { type ControlValue, writableSpec } from "../../model/properties.ts";
import { weekSummary } from "../../model/week.ts";
import type { ScenarioAction } from "../../simulation/scenario/actions.ts";
import type { Scenario } from "../../simulation/scenario/scenario.ts";
import { hatFaults } from "../../simulation/virtual-hat/faults.ts";

/** Each returns a line to print, or nothing. */
export interface RowFormat {
  head(scenario: Scenario): string | undefined;
  row(row: SimulationRow): string | undefined;
  event(atMs: Millis, event: ControlEvent): string | undefined;
  action(atMs: Millis, action: ScenarioAction): string | undefined;
  unmet(atMs: Millis, wrong: string): string | undefined;
  end(result: SimulationResult, tookMs: number): string | undefined;
}

export const formats = { table: table(), jsonl: jsonLines(), csv: csv() };

function table(): RowFormat {
  return {
    head: (scenario) =>
      `${scenario.about}\n\n   time  clock          air  sensor  target  outside  demand    duty  heater  mode    faults`,
    row(row) {
      const screen = row.observation?.commands.screen;
      const cells = [
        clockTime(row.atMs).padStart(7),
        ` ${row.clock.padEnd(9)}`,
        row.air.toFixed(2).padStart(7),
        (screen?.temperature?.toFixed(2) ?? "–").padStart(7),
        (screen?.target.toFixed(1) ?? "–").padStart(7),
        row.outside.toFixed(1).padStart(8),
        (screen ? `${screen.demand.toFixed(0)} %` : "–").padStart(7),
        (row.duty === undefined ? "–" : `${row.duty.toFixed(0)} %`).padStart(7),
        (row.contactClosed ? "on" : "off").padStart(7),
        ` ${screen?.mode ?? "no power"}`.padEnd(8),
        row.observation?.activeFaults.join(" ") ?? "",
      ];
      return cells.join(" ").trimEnd();
    },
    event(atMs, event) {
      if (event.kind === "heater") return undefined;
      return `${clockTime(atMs).padStart(7)}   · ${sentence(event)}`;
    },
    action: (atMs, action) =>
      action.do === "expect" ? undefined : `${clockTime(atMs).padStart(7)}   > ${actionText(action)}`,
    unmet: (atMs, wrong) => `${clockTime(atMs).padStart(7)}   ✗ not as expected: ${wrong}`,
    end(result, tookMs) {
      const hoursLong = result.duration / 3_600_000;
      const cycles = (result.relayClosures / hoursLong).toFixed(1);
      const heat = `heater on ${(result.heaterOnMs / 3_600_000).toFixed(1)} h, ${cycles} cycles/h`;
      return `\n${hoursLong} h in ${(tookMs / 1000).toFixed(1)} s; ${heat}${result.unmet > 0 ? `; ${result.unmet} expectations not met` : ""}`;
    },
  };
}

function jsonLines(): RowFormat {
  const line = (kind: string, fields: object): string => JSON.stringify({ kind, ...fields });
  return {
    head: ({ about, room, seed }) => line("scenario", { about, room, seed }),
    row: (row) => line("row", flat(row)),
    event(atMs, event) {
      const { name, fields } = namedEvent(event);
      return line("event", { atSeconds: atMs / 1000, event: name, ...fields });
    },
    action: (atMs, action) => line("action", { atSeconds: atMs / 1000, ...action }),
    unmet: (atMs, wrong) => line("unmet", { atSeconds: atMs / 1000, wrong }),
    end: ({ duration, heaterOnMs, relayClosures, unmet }) =>
      line("end", { seconds: duration / 1000, heaterSeconds: heaterOnMs / 1000, relayClosures, unmet }),
  };
}

function csv(): RowFormat {
  const columns = [
    "atSeconds",
    "air",
    "sensor",
    "target",
    "outside",
    "demand",
    "heater",
    "mode",
    "faults",
    "clock",
    "duty",
  ] as const;
  const none = (): undefined => undefined;
  return {
    head: () => columns.join(","),
    row: (row) => {
      const fields = flat(row);
      return columns.map((column) => fields[column] ?? "").join(",");
    },
    event: none,
    action: none,
    unmet: none,
    end: none,
  };
}

function flat({ atMs, clock, duty, air, outside, observation, contactClosed }: SimulationRow) {
  const screen = observation?.commands.screen;
  return {
    atSeconds: atMs / 1000,
    air: Number(air.toFixed(3)),
    sensor: screen?.temperature === undefined ? null : Number(screen.temperature.toFixed(3)),
    target: screen?.target ?? null,
    outside: Number(outside.toFixed(2)),
    demand: screen ? Number(screen.demand.toFixed(1)) : null,
    heater: contactClosed ? 1 : 0,
    mode: screen?.mode ?? null,
    faults: observation?.activeFaults.join(" ") ?? "",
    clock,
    duty: duty === undefined ? null : Number(duty.toFixed(1)),
  };
}

function clockTime(atMs: Millis): string {
  const all = Math.floor(atMs / 60_000);
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, "0")}`;
}

function sentence(event: Exclude<ControlEvent, { kind: "heater" }>): string {
  switch (event.kind) {
    case "changed":
      return changeText(event);
    case "boost":
      return `boost for ${event.minutes} min (${event.source})`;
    case "boost-ended":
      return `boost ended: ${event.because}`;
    case "set-point":
      return `set-point ${event.target.toFixed(1)} °C from ${event.from}`;
    case "identify":
      return `identify for ${event.seconds} s (${event.source})`;
    case "fault-raised":
      return `fault ${event.fault}: ${event.detail}`;
    case "fault-reason":
      return `fault ${event.fault} continues: ${event.detail}`;
    case "fault-ended":
      return `fault ${event.fault} ended`;
    case "refused":
      return `refused ${event.name ?? event.request}: ${event.reason}`;
  }
}

function changeText({ name, from, to, source }: ChangedEvent): string {
  const { label, schema } = writableSpec(name);
  const unit = "unit" in schema ? schema.unit : undefined;
  const text = (value: ControlValue): string => {
    if (typeof value === "boolean") return value ? "on" : "off";
    if (typeof value === "object") return String(shortValue(value));
    return typeof value === "number" && unit === "°C" ? value.toFixed(1) : String(value);
  };
  const change = typeof to === "number" ? `${text(from)} → ${text(to)} ${unit ?? ""}`.trimEnd() : text(to);
  return `${label.toLowerCase()} ${change} (${source})`;
}

function actionText(action: Exclude<ScenarioAction, { do: "expect" }>): string {
  switch (action.do) {
    case "press":
      return `button ${action.button} pressed${action.times > 1 ? ` ${action.times} times` : ""}`;
    case "target":
      return `remote request: ${action.temperature} °C`;
    case "mode":
      return `remote request: ${action.mode}`;
    case "heater":
      return `remote request: heater ${action.on ? "on" : "off"}`;
    case "schedule":
      return `remote request: ${weekSummary(action.week)}`;
    case "preset":
      return `remote request: preset ${action.preset}`;
    case "clear-faults":
      return "remote request: clear the faults";
    case "window":
      return action.loss === 0
        ? "window shut"
        : `window open (${action.loss} W/K)${lasting(action.duration)}`;
    case "outside":
      return action.temperature === undefined ? "usual weather" : `outside ${action.temperature} °C`;
    case "fault":
      return `${hatFaults[action.fault]}${lasting(action.limits.duration)}`;
    case "end-fault":
      return `ended: ${hatFaults[action.fault]}`;
    case "power-cut":
      return `power cut${lasting(action.duration)}`;
  }
}

function lasting(duration: Millis | undefined): string {
  if (duration === undefined) return "";
  return duration < 60_000 ? ` for ${duration / 1000} s` : ` for ${duration / 60_000} min`;
}
