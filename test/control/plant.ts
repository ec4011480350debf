/**
 * Radiator, air, fabric and outside, and a first-order sensor, in steps of a second: the reference room of
 * BOPTEST testcase1 and ISO 13790, written for the slope rules. `power` W, `radiator` and `sensor` in seconds.
 */
export interface Room {
  readonly power: number;
  readonly radiator: number;
  readonly sensor: number;
  readonly start: number;
  /** Air and fabric shrink with it: 1 is the reference room of 30 h. */
  readonly mass?: number;
  readonly outside: (hour: number) => number;
  /** Heat besides the heater's (W). */
  readonly gain?: (hour: number) => number;
}

export class Plant {
  #radiator: number;
  #air: number;
  #fabric: number;
  #sensor: number;
  #seconds = 0;
  readonly #room: Room;

  constructor(room: Room) {
    this.#room = room;
    this.#radiator = this.#air = this.#fabric = this.#sensor = room.start;
  }

  get sensed(): number {
    return this.#sensor;
  }

  run(seconds: number, heating: boolean): void {
    const { power, radiator, sensor, mass = 1, outside, gain } = this.#room;
    const resistance = 40 / power;
    for (let second = 0; second < seconds; second++) {
      const hour = this.#seconds++ / 3600;
      const toAir = (this.#radiator - this.#air) / resistance;
      const toFabric = (this.#air - this.#fabric) * 138;
      const out = outside(hour);
      const lost = (this.#air - out) * 6.3;
      this.#radiator += ((heating ? power : 0) - toAir) / (radiator / resistance);
      this.#sensor += (this.#air - this.#sensor) / sensor;
      this.#air += (toAir + (gain?.(hour) ?? 0) - toFabric - lost) / (2.25e5 * mass);
      this.#fabric += (toFabric - (this.#fabric - out) * 18.7) / (2.475e6 * mass);
    }
  }
}

/** Reproducible normal noise (mulberry32, Box and Muller). */
export function noise(seed: number, sigma: number): () => number {
  let a = seed >>> 0;
  const uniform = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => sigma * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
