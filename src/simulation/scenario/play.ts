/**
 * Plays a scenario's timeline on a clock: presses, faults, weather, power cuts.
 *
 * Guarantee: actions at the same time run in the order of the file; none runs after the player was stopped.
 */
import type { Clock } from "../../base/clock.ts";
import { type Celsius, type Millis, millis } from "../../base/units.ts";
import type { Request } from "../../control/input.ts";
import type { FaultCode } from "../../model/faults.ts";
import type { Surroundings } from "../room/surroundings.ts";
import type { VirtualHat } from "../virtual-hat/virtual-hat.ts";
import type { Expectation, ScenarioAction, TimedAction } from "./actions.ts";
import type { Scenario } from "./scenario.ts";

/** The simulated device on which a scenario is played. */
export interface ScenarioStage {
  readonly hat: VirtualHat;
  readonly surroundings: Surroundings;
  /** Passes a request to the firmware, if it runs. */
  request(request: Request): void;
  /** Power is lost: the firmware ends abruptly. The hat loses its power right after. */
  powerLost(): void;
  /** Power is back, and the hat has had its power-on reset: the firmware starts again. */
  powerBack(): void;
  /** Called to check an expectation now. */
  expect?(expectation: Expectation): void;
  /** Called for every action. */
  onAction?(action: ScenarioAction): void;
}

/** Pause between repeated presses of a button: longer than the debounce time, shorter than a hold. */
const pressPause = millis(300);

/** Starts now. Overlapping power cuts are combined. @returns stops the player */
export function playScenario(
  scenario: Pick<Scenario, "timeline">,
  stage: ScenarioStage,
  clock: Clock,
): () => void {
  const pending = new Set<() => void>();
  const begin = clock.now();
  const later = (at: Millis, act: () => void) => {
    const cancel = clock.setTimer(millis(at - clock.now()), () => {
      pending.delete(cancel);
      act();
    });
    pending.add(cancel);
  };
  const after: After = (delay, next) => later(millis(clock.now() + delay), next);
  const cutPower = powerSupply(stage, clock, after);
  const schedule = ({ action, every }: TimedAction, at: Millis) =>
    later(at, () => {
      stage.onAction?.(action);
      if (action.do === "power-cut") cutPower(action.duration);
      else act(action, stage, after);
      if (every !== undefined) schedule({ action, every, at }, millis(at + every));
    });
  for (const timed of scenario.timeline) schedule(timed, millis(begin + timed.at));
  return () => {
    for (const cancel of pending) cancel();
    pending.clear();
  };
}

type After = (delay: Millis, act: () => void) => void;

function powerSupply(stage: ScenarioStage, clock: Clock, after: After): (duration: Millis) => void {
  const { hat } = stage;
  let backAt = 0;
  return (duration) => {
    backAt = Math.max(backAt, clock.now() + duration);
    if (hat.powered) {
      stage.powerLost();
      hat.powerDown();
    }
    after(duration, () => {
      if (hat.powered || clock.now() < backAt) return;
      hat.powerUp();
      stage.powerBack();
    });
  };
}

type OrdinaryAction = Exclude<ScenarioAction, { do: "power-cut" }>;

function act(action: OrdinaryAction, stage: ScenarioStage, after: After): void {
  const { hat, surroundings } = stage;
  switch (action.do) {
    case "press":
      for (let turn = 0; turn < action.times; turn++) {
        after(millis(turn * (action.hold + pressPause)), () => hat.press(action.button, action.hold));
      }
      return;
    case "window":
      openWindow(stage, action.loss);
      if (action.duration !== undefined) after(action.duration, () => openWindow(stage, 0));
      return;
    case "outside":
      hat.catchUp();
      surroundings.outside = action.temperature;
      return;
    case "fault":
      hat.fault(action.fault, action.limits);
      return;
    case "end-fault":
      hat.endFault(action.fault);
      return;
    case "expect":
      hat.catchUp();
      stage.expect?.(action.expectation);
      return;
    case "target":
    case "mode":
    case "heater":
    case "schedule":
    case "preset":
    case "clear-faults":
      stage.request(requestOf(action));
      return;
  }
}

function openWindow({ hat, surroundings }: ScenarioStage, loss: number): void {
  hat.catchUp();
  surroundings.window = loss;
}

/** Requests as from the cloud. */
function requestOf(
  action: Extract<
    ScenarioAction,
    { do: "target" | "mode" | "heater" | "schedule" | "preset" | "clear-faults" }
  >,
): Request {
  const source = "cloud";
  switch (action.do) {
    case "target":
      return { kind: "set", name: "targetTemperature", value: action.temperature, source };
    case "mode":
      return { kind: "set", name: "controlMode", value: action.mode, source };
    case "heater":
      return { kind: "set", name: "heaterSwitch", value: action.on, source };
    case "schedule":
      return { kind: "set", name: "schedule", value: action.week, source };
    case "preset":
      return { kind: "preset", preset: action.preset, source };
    case "clear-faults":
      return { kind: "clear-faults", source };
  }
}

/** The state that is checked against an expectation. */
export interface StageView {
  /** The firmware calls for heat. */
  readonly heating: boolean;
  readonly faults: readonly FaultCode[];
  /** True temperature of the air. */
  readonly air: Celsius;
}

/** @returns a text for each condition that is not met */
export function unmet(expectation: Expectation, { heating, faults, air }: StageView): readonly string[] {
  const problems: string[] = [];
  const { heating: wanted, fault, above, below } = expectation;
  const active = faults.length === 0 ? "no fault" : faults.join(", ");
  if (wanted !== undefined && wanted !== heating) problems.push(`the heater is ${heating ? "on" : "off"}`);
  if (fault === "none" && faults.length > 0) problems.push(`${active} is active`);
  if (fault !== undefined && fault !== "none" && !faults.includes(fault)) {
    problems.push(`${fault} is not active, but ${active}`);
  }
  if (above !== undefined && air <= above)
    problems.push(`the air is at ${air.toFixed(2)} °C, not above ${above} °C`);
  if (below !== undefined && air >= below)
    problems.push(`the air is at ${air.toFixed(2)} °C, not below ${below} °C`);
  return problems;
}
