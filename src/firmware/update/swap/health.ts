/**
 * The loop's health, as an update on trial must prove it: the sensor was read, the relay's line follows its command, settings
 * and state were read and are stored.
 *
 * Guarantee: independent of the cloud and the faces. Reported when it changes; the guardian judges it (trial.ts).
 */
import type { Device, Observation } from "../../device.ts";
import type { LoopToGuardian } from "../../process/messages.ts";

export type LoopHealth = Omit<Extract<LoopToGuardian, { kind: "health" }>, "kind">;

/** The present health, including a sensor that worked before and fails now. */
export interface HealthNow extends LoopHealth {
  readonly sensorFails: boolean;
}

export type WatchedDevice = Pick<Device, "watch" | "stored">;

/** @param onChange called within a step; must not throw. @returns a function that returns the present health */
export function watchHealth(device: WatchedDevice, onChange: (health: LoopHealth) => void): () => HealthNow {
  let health: LoopHealth = { sensor: false, relay: false, storage: false };
  let sensorFails = false;
  let commanded: boolean | undefined;
  let isStateLost = false;
  device.watch((seen: Observation) => {
    const { input, commands, events, activeFaults } = seen;
    sensorFails = activeFaults.includes("sensor-stale");
    isStateLost ||= events.some((event) => event.kind === "fault-raised" && event.fault === "state-lost");
    const fails = (part: (typeof input.failing)[number]): boolean => input.failing.includes(part);
    const next: LoopHealth = {
      sensor: health.sensor || input.reading?.kind === "ok",
      // The line was read before this step's command, so it is compared with the previous step's.
      relay: !fails("relay") && commanded !== undefined && input.relayLine === commanded,
      storage: device.stored && !isStateLost && !fails("storage") && !fails("settings"),
    };
    commanded = commands.heater;
    const hasChanged = (["sensor", "relay", "storage"] as const).some((part) => next[part] !== health[part]);
    health = next;
    if (hasChanged) onChange(next);
  });
  return () => ({ ...health, sensorFails });
}
