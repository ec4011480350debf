/**
 * The heat balance of a room: heater – air – fabric – outside, and a sensor that lags behind the air, by explicit Euler
 * steps. Parameters follow BOPTEST's testcase1 and the mass classes of ISO 13790, table 12.
 */

export interface RoomParameters {
  /** Electrical power of the heater (W). */
  readonly heaterPower: number;
  /** Time constant of the heater's own body (s): 40 for a fan heater, 800 for an oil radiator. */
  readonly heaterTimeConstant: number;
  /** Excess temperature of the heater's body over the air at full power (K). */
  readonly heaterExcess: number;
  /** Heat capacity of the air and of what follows it without delay (J/K). */
  readonly airCapacity: number;
  /** Heat capacity of walls, floor and furniture (J/K). */
  readonly fabricCapacity: number;
  /** Heat flow from air to fabric (W/K). */
  readonly airToFabric: number;
  /** Heat loss from the air directly to the outside: draughts and panes (W/K). */
  readonly airToOutside: number;
  /** Heat loss from the fabric to the outside (W/K). */
  readonly fabricToOutside: number;
  /** Time constant of the sensor in its case (s). */
  readonly sensorLag: number;
  /** Standard deviation of one reading (K). */
  readonly sensorNoise: number;
}

/** Temperatures in °C; advanced in place. */
export interface ThermalState {
  heater: number;
  air: number;
  fabric: number;
  sensor: number;
}

/** What surrounds the room during a step. */
export interface Around {
  /** °C. */
  readonly outside: number;
  /** Extra loss of the air to the outside through a window (W/K). */
  readonly window: number;
  /** Heat into the air besides the heater's: sun, people, a stove (W). */
  readonly gain: number;
}

export const evenlyAt = (temperature: number): ThermalState => ({
  heater: temperature,
  air: temperature,
  fabric: temperature,
  sensor: temperature,
});

/** One step of at most a second. @param power the power that the heater really draws (W), whatever was commanded */
export function advanceThermal(
  state: ThermalState,
  p: RoomParameters,
  stepS: number,
  power: number,
  { outside, window, gain }: Around,
): void {
  const { heater, air, fabric, sensor } = state;
  const heaterToAir = p.heaterPower / p.heaterExcess;
  const given = (heater - air) * heaterToAir;
  const toFabric = (air - fabric) * p.airToFabric;
  const airLoss = (air - outside) * (p.airToOutside + window);
  const fabricLoss = (fabric - outside) * p.fabricToOutside;
  state.sensor = sensor + (stepS * (air - sensor)) / p.sensorLag;
  state.heater = heater + (stepS * (power - given)) / (p.heaterTimeConstant * heaterToAir);
  state.air = air + (stepS * (given + gain - toFabric - airLoss)) / p.airCapacity;
  state.fabric = fabric + (stepS * (toFabric - fabricLoss)) / p.fabricCapacity;
}
