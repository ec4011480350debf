/** Builds the row of one minute from the device's steps. */
import type { Observation } from "../device.ts";
import { type HistoryRow, worstFaults } from "./row.ts";

/** A row without its time. */
export type MinuteValues = Omit<HistoryRow, "atMs" | "clockTrusted">;
/** The part of a step that is recorded. */
export type Seen = Pick<Observation, "commands" | "activeFaults">;

export class Minute {
  #seconds = 0;
  #readSeconds = 0;
  #temperature = 0;
  #humidity = 0;
  #demand = 0;
  #heaterSeconds = 0;
  readonly #faults = new Set<string>();
  #last: Seen | undefined;

  /** Adds `seconds` during which the device was in this state. */
  hold(seen: Seen, seconds: number): void {
    const { screen, heater } = seen.commands;
    this.#last = seen;
    this.#seconds += seconds;
    this.#demand += screen.demand * seconds;
    if (heater) this.#heaterSeconds += seconds;
    if (screen.temperature !== undefined && screen.humidity !== undefined) {
      this.#readSeconds += seconds;
      this.#temperature += screen.temperature * seconds;
      this.#humidity += screen.humidity * seconds;
    }
    for (const fault of seen.activeFaults) this.#faults.add(fault);
  }

  /** @returns `undefined` if no time was added */
  get values(): MinuteValues | undefined {
    const { screen } = this.#last?.commands ?? {};
    if (screen === undefined || this.#seconds === 0) return undefined;
    const isRead = this.#readSeconds > 0;
    return {
      seconds: this.#seconds,
      temperature: isRead ? this.#temperature / this.#readSeconds : null,
      humidity: isRead ? this.#humidity / this.#readSeconds : null,
      setPoint: screen.target,
      demand: this.#demand / this.#seconds,
      heaterSeconds: this.#heaterSeconds,
      mode: screen.mode,
      faults: worstFaults([...this.#faults]),
    };
  }
}
