/**
 * The loop's part in updates: it sends `hello` to its guardian, reports its health, and makes way for a new
 * image when that is safe.
 */
import { existsSync } from "node:fs";
import type { Clock } from "../../../base/clock.ts";
import type { Log } from "../../../base/log.ts";
import type { Manifest } from "../../../manifest/manifest.ts";
import type { Settings } from "../../../model/settings.ts";
import type { Device } from "../../device.ts";
import { guardianProtocol, type LoopToGuardian } from "../../process/messages.ts";
import { isSealed } from "../../seal/seal.ts";
import { readLaunchNote } from "../launch-note.ts";
import { requestFile } from "../places.ts";
import { readRequest, removeRequest } from "../request.ts";
import { watchHealth } from "./health.ts";
import { Swap } from "./swap.ts";

export interface LoopUpdateOptions {
  readonly device: Pick<Device, "watch" | "stored" | "setFailing" | "inForce">;
  /** As they are now. */
  readonly settings: () => Settings;
  readonly dataPath: string;
  readonly manifest: Pick<Manifest, "mayDeferUpdates">;
  readonly env: NodeJS.ProcessEnv;
  readonly send: (message: LoopToGuardian) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Sent as early as possible, so that a guardian that does not support this protocol reports it. */
export const greetGuardian = (send: (message: LoopToGuardian) => void): void =>
  send({ kind: "hello", protocol: guardianProtocol });

const notGranted = {
  now: "updates start within their hours, also while the heater is on",
  remedy: 'add "SoftwareUpdateDeferral": true to the Capabilities of the app manifest',
};

/** @returns the object to which an updater offers installed images */
export function startLoopUpdates(options: LoopUpdateOptions): Swap {
  const { device, settings, dataPath, manifest, env, send, clock, log } = options;
  const note = readLaunchNote(env);
  if (note !== undefined && !manifest.mayDeferUpdates) log.info("update-deferral-not-granted", notGranted);
  if (note?.unusable !== undefined) {
    log.error("firmware-unusable", { cause: note.unusable, runs: note.program });
    device.setFailing("firmware", true);
  }
  const file = requestFile(dataPath);
  return new Swap({
    device,
    settings,
    deferral: () => (manifest.mayDeferUpdates ? device.inForce.values.updateDeferral : 0),
    health: watchHealth(device, (health) => send({ kind: "health", ...health })),
    isSealed: () => isSealed(dataPath),
    hasRequest: () => existsSync(file),
    readRequest: () => readRequest(file),
    removeRequest: () => void removeRequest(file).catch(() => {}),
    send,
    clock,
    log,
  });
}
