/** The state of the installed service, as a person reads it. */
import type { Outcome } from "../../firmware/service/await-decision.ts";
import type { RunningStatus } from "../../firmware/service/running-status.ts";
import { unitName } from "../../firmware/service/system.ts";
import type { UnitState } from "../../firmware/service/unit-state.ts";
import { faultEffects } from "../../model/faults.ts";

/** The result of an installation, as text for a person. */
export function outcomeText(outcome: Outcome): string {
  if (outcome.kind === "decided") return `${unitName} runs: ${runningText(outcome.status)}`;
  if (outcome.kind === "undecided") {
    const [fault] = outcome.status.faults;
    const why = fault === undefined ? "there is no reading yet" : `${fault}: ${faultEffects[fault].remedy}`;
    return `${unitName} runs, but has not made a decision yet: ${why}\n  See: grove-heater doctor`;
  }
  const { state } = outcome;
  const why = state.lastEnd ?? `it is ${state.active} (${state.sub})`;
  return `${unitName} does not run: ${why}. Its last lines:`;
}

function runningText(status: RunningStatus): string {
  const { decidedAfterMs, heater, mode, target, temperature, faults } = status;
  const air = temperature === undefined ? "no reading" : `${temperature.toFixed(1)} °C`;
  const decided =
    decidedAfterMs === undefined ? "" : `, decided ${(decidedAfterMs / 1000).toFixed(1)} s after its start`;
  const faultText = faults.length === 0 ? "" : `, faults: ${faults.join(", ")}`;
  return `${air}, set-point ${target.toFixed(1)} °C, ${mode}, relay ${heater ? "on" : "off"}${decided}${faultText}`;
}

/** The rows of `service status`. */
export function statusLines(state: UnitState): string[] {
  if (!state.installed) return [`${unitName} is not installed. See: grove-heater service install --help`];
  const { running } = state;
  const since = state.since === undefined ? "" : ` since ${state.since}`;
  const rows: [string, string][] = [
    ["service", `${state.active} (${state.sub})${since}`],
    ["at boot", state.enabled ? "starts" : `does not start; sudo systemctl enable ${unitName}`],
    ["last end", state.lastEnd ?? "none"],
    ["restarts", String(state.restarts)],
  ];
  if (running === undefined) rows.push(["now", "the loop reports no status"]);
  else {
    rows.push(["firmware", `${running.firmware}, board ${running.board}`]);
    rows.push(["now", runningText({ ...running, faults: [] })]);
    for (const code of running.faults) rows.push(["fault", `${code}: ${faultEffects[code].remedy}`]);
  }
  return rows.map(([name, text]) => `${name.padEnd(9)} ${text}`);
}
