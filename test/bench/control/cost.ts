/**
 * What a step of the core costs, in processor time, so that other work on the machine does not count: beside an empty
 * tick, which passes the same time in the same room.
 */
import { Core } from "./contenders/core.ts";
import { type Contender, play } from "./play.ts";
import { scenarios } from "./scenarios.ts";

export interface Cost {
  /** µs. */
  readonly step: number;
  readonly emptyTick: number;
  /** Seconds for a year with a reading every 10 s. */
  readonly year: number;
}

/** @param days simulated */
export function stepCost(days: number): Cost {
  const warmUpDays = 0.25;
  const of = (make: () => Contender) => {
    play({ ...scenarios.steady, hours: 24 * warmUpDays }, make());
    const before = process.cpuUsage();
    play({ ...scenarios.steady, hours: 24 * days }, make());
    const { user, system } = process.cpuUsage(before);
    return (user + system) / (days * 8640);
  };
  const emptyTick = of(() => ({ tick: () => false }));
  const whole = of(() => new Core({ sensorPeriodSeconds: 10 }));
  return { step: whole - emptyTick, emptyTick, year: (whole * 8640 * 365) / 1e6 };
}
