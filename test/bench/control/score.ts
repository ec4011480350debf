/** Scores a run on the true air temperature, once a second. */

export interface Score {
  /** Kelvin hours outside ±0.5 K. */
  readonly discomfort: number;
  /** Highest above the set-point (K). */
  readonly over: number;
  /** Lowest below the set-point (K). */
  readonly under: number;
  readonly rmse: number;
  readonly peakToPeak: number;
  readonly startsPerHour: number;
  /** Heat that the heater drew (kWh). */
  readonly energy: number;
}

export class Scorer {
  #discomfort = 0;
  #squares = 0;
  #over = Number.NEGATIVE_INFINITY;
  #under = Number.NEGATIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;
  #low = Number.POSITIVE_INFINITY;
  #seconds = 0;
  #starts = 0;
  #joules = 0;

  /** A second has passed. @param power drawn in it (W) */
  add(air: number, target: number, power: number): void {
    const error = air - target;
    this.#discomfort += Math.max(0, Math.abs(error) - 0.5);
    this.#squares += error * error;
    if (error > this.#over) this.#over = error;
    if (-error > this.#under) this.#under = -error;
    if (air > this.#high) this.#high = air;
    if (air < this.#low) this.#low = air;
    this.#seconds += 1;
    this.#joules += power;
  }

  /** The relay closed. */
  start(): void {
    this.#starts += 1;
  }

  get score(): Score {
    return {
      discomfort: this.#discomfort / 3600,
      over: this.#over,
      under: this.#under,
      rmse: Math.sqrt(this.#squares / this.#seconds),
      peakToPeak: this.#high - this.#low,
      startsPerHour: this.#starts / (this.#seconds / 3600),
      energy: this.#joules / 3.6e6,
    };
  }
}

/** The worst of several runs, figure by figure. */
export function worst(scores: readonly Score[]): Score {
  const most = (figure: keyof Score) => Math.max(...scores.map((score) => score[figure]));
  return {
    discomfort: most("discomfort"),
    over: most("over"),
    under: most("under"),
    rmse: most("rmse"),
    peakToPeak: most("peakToPeak"),
    startsPerHour: most("startsPerHour"),
    energy: most("energy"),
  };
}
