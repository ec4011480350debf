/**
 * The ports of the virtual hat for one process.
 *
 * Guarantee: once closed or severed, pending calls of the process no longer reach the hardware, as after the end of a
 * real process. Closing leaves the levels of the lines unchanged.
 */
import { BusError, type I2cBus } from "../../chips/bus.ts";
import { type GpioPort, type Level, LineError } from "../../chips/lines.ts";

export interface HatPorts {
  readonly bus: I2cBus;
  readonly gpio: GpioPort;
}

export interface HatConnection extends HatPorts {
  /** Call this when the process has ended. */
  sever(): void;
}

export function connectPorts(hardware: HatPorts): HatConnection {
  const bus = connectBus(hardware.bus);
  const gpio = connectGpio(hardware.gpio);
  return {
    bus,
    gpio,
    sever: () => {
      gpio.close();
      void bus.close();
    },
  };
}

function connectBus(bus: I2cBus): I2cBus {
  let open = true;
  let last: Promise<unknown> = Promise.resolve();
  const transfer = <T>(begin: () => Promise<T>): Promise<T> => {
    if (!open) return Promise.reject(new BusError("absent", "the I²C bus was closed"));
    const result = begin();
    last = result.catch(() => undefined);
    return result;
  };
  return {
    write: (address, bytes) => transfer(() => bus.write(address, bytes)),
    read: (address, length) => transfer(() => bus.read(address, length)),
    close: async () => {
      open = false;
      await last;
    },
  };
}

function connectGpio(gpio: GpioPort): GpioPort {
  const lines = new Set<{ close(): void }>();
  let open = true;
  const opening = async <T extends { close(): void }>(begin: () => Promise<T>): Promise<T> => {
    if (!open) throw new LineError("io", "the GPIO port was closed");
    const line = await begin();
    lines.add(line);
    return line;
  };
  return {
    openOutput: (number: number, initial: Level) => opening(() => gpio.openOutput(number, initial)),
    openInput: (number: number) => opening(() => gpio.openInput(number)),
    close: () => {
      open = false;
      for (const line of lines) line.close();
      lines.clear();
    },
  };
}
