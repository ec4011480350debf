/** A wiring like that of the boards: the mode button is active low, everything else active high. */
import type { WiredLine, Wiring } from "../../src/chips/wiring.ts";

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
