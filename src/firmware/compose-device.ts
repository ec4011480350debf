/**
 * Composes a running device: hardware behind the manifest's gate, hat, durable state, loop. The real run, virtual time and
 * the demonstration build theirs here.
 *
 * Guarantee: nothing is opened that the manifest does not name; the relay is off before anything else is set up (SR-01).
 */
import type { Hat, OpenHatOptions } from "../board/hat.ts";
import { openHat } from "../board/open-hat.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Settings } from "../model/settings.ts";
import type { BoardChoice } from "./choose-board.ts";
import { Device, type DeviceParts } from "./device.ts";
import { type Hardware, type HardwareOptions, openHardware } from "./hardware.ts";
import { explainHardware } from "./hardware-errors.ts";
import type { DurableFiles } from "./storage/durable-files.ts";
import { StateStore } from "./storage/state-store.ts";
import { runningRelease } from "./update/launch-note.ts";

export interface DeviceComposition extends Omit<DeviceParts, "hat" | "store" | "firmware">, HardwareOptions {
  readonly choice: BoardChoice;
  readonly manifest: Manifest;
  /** Where the durable state is, and what reads and writes it. */
  readonly stateFile: string;
  readonly files: DurableFiles;
  /** Called with the hardware before the hat is opened: the terminal shows the virtual hat. */
  readonly onHardware?: ((hardware: Hardware) => void) | undefined;
  /** Called with the hat once its relay is off, before the first step. */
  readonly onHat?: ((hat: Hat) => void) | undefined;
}

/** @throws StartupError when the hardware is not available */
export async function composeDevice(composition: DeviceComposition): Promise<Device> {
  const { choice, manifest, stateFile, files, onHardware, onHat, ...parts } = composition;
  const { settings, clock, log } = parts;
  const { wiring } = choice;
  const hardware = await openHardware(choice, manifest, composition).catch(explainHardware);
  onHardware?.(hardware);
  const hat = await openHat({ hardware, wiring, clock, log, display: displayOption(settings) }).catch(
    explainHardware,
  );
  onHat?.(hat);
  const store = new StateStore(stateFile, files, clock);
  return await Device.start({ ...parts, hat, store, firmware: runningRelease() });
}

function displayOption({ display }: Settings): OpenHatOptions["display"] {
  if (display === "auto") return undefined;
  return display === "none" ? "none" : { kind: display };
}
