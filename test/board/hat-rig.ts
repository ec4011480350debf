/** A virtual hat in a room that stands still, its ports, and a log that remembers. */
import type { GpioPort } from "../../src/chips/lines.ts";
import type { WiredLine, Wiring } from "../../src/chips/wiring.ts";
import type { Log, LogFields } from "../../src/control/log.ts";
import type { ScreenModel } from "../../src/control/screen.ts";
import { celsius, duty, relativeHumidity } from "../../src/control/units.ts";
import { VirtualClock } from "../../src/simulation/virtual-clock.ts";
import { type DisplayKind, VirtualHat } from "../../src/simulation/virtual-hat.ts";

const wired = (name: string, line: number, activeLevel: 0 | 1 = 1): WiredLine => ({
  name,
  line,
  activeLevel,
});

export const wiring: Wiring = {
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

export const activeLowRelay: Wiring = { ...wiring, relay: { ...wiring.relay, activeLevel: 0 } };

export const screen: ScreenModel = {
  temperature: celsius(18.4),
  humidity: relativeHumidity(50),
  target: celsius(19),
  unit: "C",
  mode: "auto",
  heating: true,
  demand: duty(40),
  firmware: "1.0.0",
  link: "none",
  fault: undefined,
  faultCount: 0,
  dimmed: false,
};

export interface HatRigOptions {
  readonly wiring?: Wiring;
  readonly display?: DisplayKind;
  readonly bounce?: boolean;
}

export function hatRig(options: HatRigOptions = {}) {
  const clock = new VirtualClock();
  const air = { temperature: celsius(18), humidity: relativeHumidity(50) };
  const plant = {
    advance: () => {},
    measure: () => air.temperature,
    get humidity() {
      return air.humidity;
    },
  };
  const virtual = new VirtualHat({
    clock,
    plant,
    wiring: options.wiring ?? wiring,
    bounce: options.bounce ?? false,
    ...(options.display === undefined ? {} : { display: options.display }),
  });
  const logged: { event: string; fields: LogFields | undefined }[] = [];
  const note = (event: string, fields?: LogFields) => void logged.push({ event, fields });
  const log: Log = { debug: note, info: note, warn: note, error: note };
  return { clock, air, virtual, hardware: virtual.connect(), log, logged, wiring: virtual.wiring };
}

/** Notes each call on the port and its lines. */
export function traced(gpio: GpioPort): { gpio: GpioPort; trace: string[] } {
  const trace: string[] = [];
  return {
    trace,
    gpio: {
      async openOutput(line, initial) {
        trace.push(`output ${line} at ${initial}`);
        const output = await gpio.openOutput(line, initial);
        return {
          write(level) {
            trace.push(`write ${line} ${level}`);
            output.write(level);
          },
          read() {
            trace.push(`read ${line}`);
            return output.read();
          },
          close() {
            trace.push(`close ${line}`);
            output.close();
          },
        };
      },
      openInput(line) {
        trace.push(`input ${line}`);
        return gpio.openInput(line);
      },
      close: () => gpio.close(),
    },
  };
}
