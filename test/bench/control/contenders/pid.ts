/**
 * A textbook PID in front of slow pulses: proportional and integral of the error, derivative of the measurement, the
 * integral held while the output is at a limit. A pulse begins with every period, ends when it is as long as the demand
 * asks for by then, and is the only one in it.
 */
import type { Contender } from "../play.ts";

export interface PidOptions {
  readonly periodS: number;
  /** Share of full power per K, per K·s and per K/s. */
  readonly gain?: number;
  readonly integralGain?: number;
  readonly derivativeGain?: number;
  /**
   * As ESPHome's PID climate with its slow PWM: the integral goes on while the output is at a limit, bounded to ±1, and
   * noise makes several pulses in one period.
   */
  readonly likeEspHome?: boolean;
}

export function pid({
  periodS,
  gain = 0.5,
  integralGain = 0.0002,
  derivativeGain = 0,
  likeEspHome = false,
}: PidOptions): Contender {
  let integral = 0;
  let last: { readonly second: number; readonly reading: number } | undefined;
  let pulseAt = Number.NEGATIVE_INFINITY;
  let ended = false;
  return {
    tick(reading, target, second) {
      const error = target - reading;
      const passed = last ? second - last.second : 0;
      const fall = last && passed > 0 ? (last.reading - reading) / passed : 0;
      last = { second, reading };
      const fixed = gain * error + derivativeGain * fall;
      const grown = integral + error * passed * integralGain;
      const limited = error > 0 ? fixed + grown > 1 : fixed + grown < 0;
      if (likeEspHome) integral = clamp(grown, -1, 1);
      else if (!limited) integral = grown;
      const demand = clamp(fixed + integral, 0, 1);
      if (second - pulseAt >= periodS) [pulseAt, ended] = [second, false];
      const on = demand * periodS > second - pulseAt && (likeEspHome || !ended);
      ended ||= !on;
      return on;
    },
  };
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
