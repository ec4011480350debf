/**
 * What else answers on the bus when no sensor does: a sensor at an address that nobody expects, or another chip.
 *
 * Guarantee: asked by reading one byte, at the few addresses where such chips are found; nothing is written, so none is
 * switched or started.
 */
import { BusError, type I2cBus } from "../../../chips/bus.ts";

/** By address: what of the kind people plug in usually sits there (the data sheets). */
const usual: ReadonlyMap<number, string> = new Map([
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

export interface Stranger {
  readonly address: number;
  readonly usually: string;
}

/** @param asked addresses that were asked before, and are left out */
export async function strangersOn(bus: I2cBus, asked: ReadonlySet<number>): Promise<Stranger[]> {
  const found: Stranger[] = [];
  for (const [address, usually] of usual) {
    if (!asked.has(address) && (await answers(bus, address))) found.push({ address, usually });
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
