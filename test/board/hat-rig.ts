/** The still virtual hat's ports, a screen to show, and a log that remembers. */

import type { Log, LogFields } from "../../src/base/log.ts";
import { celsius, duty, relativeHumidity } from "../../src/base/units.ts";
import type { GpioPort } from "../../src/chips/lines.ts";
import type { ScreenModel } from "../../src/control/panel/screen.ts";
import { type StillHatOptions, stillHat } from "../simulation/virtual-hat/test-hat.ts";

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

export function hatRig(options: StillHatOptions = {}) {
  const { clock, air, virtual } = stillHat(options);
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
