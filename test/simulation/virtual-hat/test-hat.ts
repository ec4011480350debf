/**
 * The one wiring of all test rigs, and a virtual hat on it in air that stands still.
 *
 * Wired like the boards: the mode button is active low, everything else active high.
 */

import { celsius, relativeHumidity } from "../../../src/base/units.ts";
import type { WiredLine, Wiring } from "../../../src/chips/wiring.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { VirtualHat, type VirtualHatOptions } from "../../../src/simulation/virtual-hat/virtual-hat.ts";

const wired = (name: string, line: number, activeLevel: 0 | 1 = 1): WiredLine => ({
  name,
  line,
  activeLevel,
});

export const virtualWiring: Wiring = {
  board: "test",
  backend: "virtual",
  gpioChipLabels: [],
  i2cBus: 1,
  relay: wired("RELAY", 16),
  buttonA: wired("BUTTON_A", 22),
  buttonB: wired("BUTTON_B", 24),
  modeButton: wired("MODE_BUTTON", 19, 0),
  modeLed: wired("MODE_LED", 18),
  statusLed: wired("STATUS_LED", 26),
};

export const activeLowRelay: Wiring = {
  ...virtualWiring,
  relay: { ...virtualWiring.relay, activeLevel: 0 },
};

export type StillHatOptions = Partial<Pick<VirtualHatOptions, "wiring" | "sensor" | "display" | "bounce">>;

/** Contacts do not bounce unless asked to; `air` is what the sensor measures from now on. */
export function stillHat(options: StillHatOptions = {}) {
  const clock = new VirtualClock();
  const air = { temperature: celsius(18), humidity: relativeHumidity(50) };
  const plant = {
    advance: () => {},
    measure: () => air.temperature,
    get humidity() {
      return air.humidity;
    },
  };
  const virtual = new VirtualHat({ clock, plant, wiring: virtualWiring, bounce: false, ...options });
  return { clock, air, virtual };
}
