/**
 * Opens the bus and the lines of the chosen board, each behind the gate of the manifest.
 *
 * Guarantee: the callers never get an ungated port, so what the manifest does not name cannot be used,
 * on the virtual hat as on the real one.
 */

import type { Clock } from "../base/clock.ts";
import { celsius, hours, millis, relativeHumidity } from "../base/units.ts";
import type { InheritedLine } from "../board/kernel/chardev/gpio.ts";
import { openKernelI2c } from "../board/kernel/i2c.ts";
import { openGpio } from "../board/kernel/open-gpio.ts";
import type { I2cBus } from "../chips/bus.ts";
import type { GpioPort } from "../chips/lines.ts";
import type { Wiring } from "../chips/wiring.ts";
import { gatedBus, gatedGpio } from "../manifest/gate.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { dailyOutside, Room, roomPresets } from "../simulation/room/room.ts";
import { Surroundings } from "../simulation/room/surroundings.ts";
import { type DisplayKind, VirtualHat } from "../simulation/virtual-hat/virtual-hat.ts";
import type { BoardChoice } from "./choose-board.ts";
import { isDiskFailure } from "./storage/data-folder.ts";
import { ensureVirtualSysfs, mirrorRelay } from "./virtual-lines.ts";

export { loadManifest, manifestFile } from "./load-manifest.ts";

/** The simulated hat and its room. */
export interface VirtualHardware {
  readonly hat: VirtualHat;
  readonly surroundings: Surroundings;
}

export interface Ports {
  readonly bus: I2cBus;
  readonly gpio: GpioPort;
}

export interface Hardware extends Ports {
  /** The simulated hardware behind the ports, if there is any. */
  readonly virtual: VirtualHardware | undefined;
}

export interface HardwareOptions {
  readonly clock: Clock;
  /** Of the virtual hat. */
  readonly virtualDisplay?: DisplayKind | undefined;
  /** Descriptor of the relay's line, if the guardian holds it. */
  readonly inherited?: InheritedLine | undefined;
  /** The ports of an existing hat, to use instead of the board's. */
  readonly attached?: Ports | undefined;
}

/** @throws BusError, LineError */
export async function openHardware(
  choice: BoardChoice,
  manifest: Manifest,
  options: HardwareOptions,
): Promise<Hardware> {
  const { wiring } = choice;
  const { clock, attached, inherited } = options;
  if (attached) return { ...gated(attached, wiring, manifest), virtual: undefined };
  if (wiring.backend === "virtual") {
    const { ports, virtual } = openVirtual(choice, options);
    return { ...gated(ports, wiring, manifest), virtual };
  }
  const bus = await openKernelI2c(wiring.i2cBus, { clock });
  const gpio = await openGpio(wiring.gpioChipLabels, choice.gpio, { clock, inherited });
  return { ...gated({ bus, gpio }, wiring, manifest), virtual: undefined };
}

/** The ports, each of which refuses what the manifest does not name. */
function gated(ports: Ports, wiring: Wiring, manifest: Manifest): Ports {
  return { bus: gatedBus(ports.bus, wiring.i2cBus, manifest), gpio: gatedGpio(ports.gpio, manifest) };
}

/** A living room on a winter's day, with a fan heater, so that changes are soon visible. */
function openVirtual(
  { wiring, gpio: source }: BoardChoice,
  { clock, virtualDisplay: display }: HardwareOptions,
) {
  const start = { temperature: celsius(17.6), humidity: relativeHumidity(48), seed: 1 };
  const surroundings = new Surroundings(new Room(roomPresets.fanHeater, start), {
    outside: dailyOutside(celsius(2), 4),
    startOfDay: hours(18),
  });
  const hat = new VirtualHat({
    clock,
    wiring,
    plant: surroundings,
    bus: { timerResolution: millis(1) },
    ...(display && { display }),
  });
  try {
    ensureVirtualSysfs(source.sysRoot, wiring);
  } catch (error) {
    if (!isDiskFailure(error)) throw error;
  }
  const { bus, gpio } = hat.connect();
  return { ports: { bus, gpio: mirrorRelay(gpio, source.sysRoot, wiring) }, virtual: { hat, surroundings } };
}
