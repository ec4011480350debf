/**
 * Which other chips answer on the bus when no sensor does: a sensor at an unexpected address, or another kind
 * of chip.
 *
 * Guarantee: it only reads one byte at each of the few addresses that such chips use. It writes nothing, so
 * it starts or changes no chip.
 */
import { BusError, type I2cBus } from "../../../chips/bus.ts";

/** By address: the sensors that usually have it (from their datasheets). */
const usualChips: ReadonlyMap<number, string> = new Map([
  [0x38, "an AHT20 or DHT20"],
  [0x40, "an Si7021, HTU21D or HDC1080"],
  [0x44, "an SHT31 or SHT40"],
  [0x45, "an SHT31 or SHT40"],
  [0x46, "an SHT40 of type C"],
  [0x5c, "an AM2320 or TH02"],
  [0x70, "an SHTC3"],
  [0x76, "a BME280 or BMP280"],
  [0x77, "a BME280 or BMP280"],
]);

export interface OtherChip {
  readonly address: number;
  /** With its article, such as "an SHTC3". */
  readonly usualChip: string;
}

/** @param known addresses that were checked before, and are left out */
export async function otherChipsOn(bus: I2cBus, known: ReadonlySet<number>): Promise<OtherChip[]> {
  const found: OtherChip[] = [];
  for (const [address, usualChip] of usualChips) {
    if (!known.has(address) && (await answers(bus, address))) found.push({ address, usualChip });
  }
  return found;
}

async function answers(bus: I2cBus, address: number): Promise<boolean> {
  try {
    await bus.read(address, 1);
    return true;
  } catch (error) {
    if (error instanceof BusError) return false;
    throw error;
  }
}
