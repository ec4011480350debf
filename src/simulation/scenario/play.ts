/**
 * Plays a scenario's timeline on a clock: presses, faults, weather, power cuts, at their times.
 *
 * Guarantee: what happens at the same instant happens in the order of the file; nothing happens once the player
 * has been stopped.
 */
import type { Clock } from "../../base/clock.ts";
import { type Celsius, type Millis, millis } from "../../base/units.ts";
import type { Request } from "../../control/input.ts";
import type { FaultCode } from "../../model/faults.ts";
import type { Surroundings } from "../room/surroundings.ts";
import type { VirtualHat } from "../virtual-hat/virtual-hat.ts";
import type { Expectation, ScenarioAction, TimedAction } from "./actions.ts";
import type { Scenario } from "./scenario.ts";

/** Who the scenario is played on. */
export interface ScenarioStage {
  readonly hat: VirtualHat;
  readonly surroundings: Surroundings;
  /** Hands a request to the firmware, if it runs. */
  request(request: Request): void;
  /** The power goes at this instant: the firmware is gone without a word. The hat loses its power right after. */
  powerLost(): void;
  /** The power is back, and the hat as after its power-on reset: the firmware starts again. */
  powerBack(): void;
  /** Told of what should hold now. */
  expect?(expectation: Expectation): void;
  /** Told of everything that happens, as it happens. */
  onAction?(action: ScenarioAction): void;
}

/** Between two presses of the same button in a row: above the debounce time, below that of a hold. */
const pressPause = millis(300);

/** Begins now. Power cuts that overlap are one. Returns what stops it. */
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
    case "clear-faults":
      stage.request(requestOf(action));
      return;
  }
}

function openWindow({ hat, surroundings }: ScenarioStage, loss: number): void {
  hat.catchUp();
  surroundings.window = loss;
}

/** As the cloud would ask. */
function requestOf(
  action: Extract<ScenarioAction, { do: "target" | "mode" | "heater" | "clear-faults" }>,
): Request {
  const source = "cloud";
  switch (action.do) {
    case "target":
      return { kind: "set", name: "targetTemperature", value: action.temperature, source };
    case "mode":
      return { kind: "set", name: "controlMode", value: action.mode, source };
    case "heater":
      return { kind: "set", name: "heaterSwitch", value: action.on, source };
    case "clear-faults":
      return { kind: "clear-faults", source };
  }
}

/** What an expectation is held against. */
export interface StageView {
  /** The firmware asks for heat. */
  readonly heating: boolean;
  readonly faults: readonly FaultCode[];
  /** True temperature of the air. */
  readonly air: Celsius;
}

/** What of the expectation does not hold, in words; empty when all of it does. */
export function unmet(expectation: Expectation, { heating, faults, air }: StageView): readonly string[] {
  const wrong: string[] = [];
  const { heating: wanted, fault, above, below } = expectation;
  const standing = faults.length === 0 ? "no fault" : faults.join(", ");
  if (wanted !== undefined && wanted !== heating) wrong.push(`the heater is ${heating ? "on" : "off"}`);
  if (fault === "none" && faults.length > 0) wrong.push(`${standing} stands`);
  if (fault !== undefined && fault !== "none" && !faults.includes(fault)) {
    wrong.push(`${fault} does not stand, but ${standing}`);
  }
  if (above !== undefined && air <= above)
    wrong.push(`the air is at ${air.toFixed(2)} °C, not above ${above} °C`);
  if (below !== undefined && air >= below)
    wrong.push(`the air is at ${air.toFixed(2)} °C, not below ${below} °C`);
  return wrong;
}
