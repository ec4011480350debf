/** Opens the GPIO lines of a board, through whichever interface the kernel offers. */
import type { Clock } from "../../base/clock.ts";
import type { GpioPort } from "../../chips/lines.ts";
import { type InheritedLine, openCharGpio } from "./chardev/gpio.ts";
import { openKernelGpio } from "./gpio.ts";
import { findGpio, type GpioSource } from "./gpio-backend.ts";

/** @throws LineError "absent", "denied", "no-driver" */
export function openGpio(
  labels: readonly string[],
  source: GpioSource,
  options: { readonly clock: Clock; readonly inherited?: InheritedLine | undefined },
): Promise<GpioPort> {
  const { backend } = findGpio(labels, source);
  if (backend === "chardev") return openCharGpio(labels, { ...options, devices: source.devices });
  return openKernelGpio(labels, { clock: options.clock, sysRoot: source.sysRoot });
}
