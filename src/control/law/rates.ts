/** The room model's coefficients, per second, as the estimate and the regulator use them. */
import type { RoomModel } from "./room-model.ts";

/** Steady rise of an ordinary room at full power (K): determines how fast the fabric loses heat to the outside. */
const steadyRise = 45;

/** The model's coefficients, per second. */
export interface Rates {
  readonly heater: number;
  readonly sensor: number;
  /** Warming of the air at full power (K/s). */
  readonly air: number;
  /** Air towards fabric, fabric towards air, fabric towards the outside. */
  readonly airFabric: number;
  readonly fabricAir: number;
  readonly fabricOut: number;
}

export function ratesOf(room: RoomModel): Rates {
  const fabric = room.fabricRiseKPerH / 3600;
  const air = room.airRiseK / room.airTimeS + fabric;
  const fabricAir = fabric / (air * room.airTimeS);
  return {
    heater: 1 / room.heaterLagS,
    sensor: 1 / room.sensorLagS,
    air,
    airFabric: Math.max(1 / room.airTimeS - fabricAir, 0.02 / room.airTimeS),
    fabricAir,
    fabricOut: fabric / steadyRise,
  };
}
