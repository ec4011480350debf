/**
 * The status that a running loop reports to other processes of this machine: a small file in
 * $RUNTIME_DIRECTORY, which the service manager creates in memory and removes when the service stops.
 *
 * Guarantee: the file is written only when the status changes, at most once a second, and always as a whole;
 * a file that cannot be written does not disturb the loop. It contains no secret: every user of this machine
 * may read it.
 */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { replaceFileSync } from "../../base/files/atomic-file.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import type { Log } from "../../base/log.ts";
import { type Infer, readText } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import { boolean, integer, oneOf, optional, string } from "../../base/schema/values.ts";
import { millis, seconds } from "../../base/units.ts";
import type { Device, Observation } from "../device.ts";
import { faultCode, large, modes, quantity } from "../process/message-values.ts";
import { NewestSender } from "../process/newest-sender.ts";

/** Temperatures in °C, humidity in %, times in ms. */
const runningStatus = object({
  /** Process id of the loop. */
  pid: integer(1),
  firmware: string(),
  board: string(),
  /** From the loop's start to its first decision based on a reading; missing before that. */
  decidedAfterMs: optional(large),
  heater: boolean,
  mode: oneOf(modes),
  target: quantity,
  temperature: optional(quantity),
  humidity: optional(quantity),
  /** Active faults, most severe first. */
  faults: list(faultCode, 100),
});
export type RunningStatus = Infer<typeof runningStatus>;

const maxStatusBytes = 16 * 1024;
const spacing = seconds(1);

export const statusFileIn = (runtimeFolder: string): string => join(runtimeFolder, "status.json");

/**
 * @param processes the service's processes, as in its cgroup.procs file: the status of a loop that has ended
 * is ignored
 * @returns `undefined` where there is none, or it cannot be read
 */
export function readRunningStatus(path: string, processes: string): RunningStatus | undefined {
  try {
    const text = readSmallFile(path, { limit: maxStatusBytes });
    const status = text === undefined ? undefined : readText(runningStatus, text);
    return status !== undefined && processes.split("\n").includes(String(status.pid)) ? status : undefined;
  } catch {
    return undefined;
  }
}

export interface StatusFileOptions {
  readonly device: Pick<Device, "watch" | "inForce">;
  readonly firmware: string;
  readonly board: string;
  readonly clock: Clock;
  readonly log: Log;
  /** From $RUNTIME_DIRECTORY, which systemd sets; `undefined`: nothing is written. */
  readonly folder: string | undefined;
}

/** Keeps the file up to date from now on. */
export function keepStatusFile({ device, firmware, board, clock, log, folder }: StatusFileOptions): void {
  if (!folder) return;
  const file = statusFileIn(folder);
  const sender = new NewestSender<RunningStatus>({
    clock,
    spacing,
    send(status, done) {
      try {
        replaceFileSync(file, JSON.stringify(status));
        chmodSync(file, 0o644);
      } catch (error) {
        log.warn("status-file-not-written", { reason: messageOf(error) });
      }
      done();
    },
  });
  let decidedAfterMs: number | undefined;
  let air: Pick<RunningStatus, "temperature" | "humidity"> = {};
  device.watch(({ atMs, input, commands, activeFaults }: Observation) => {
    if (input.reading?.kind === "ok") {
      decidedAfterMs ??= Math.round(atMs);
      air = { temperature: tenth(input.reading.temperature), humidity: Math.round(input.reading.humidity) };
    }
    const { controlMode, targetTemperature } = device.inForce.values;
    sender.offer({
      pid: process.pid,
      firmware,
      board,
      ...(decidedAfterMs !== undefined && { decidedAfterMs: millis(decidedAfterMs) }),
      heater: commands.heater,
      mode: controlMode,
      target: targetTemperature,
      ...air,
      faults: activeFaults,
    });
  });
}

const tenth = (value: number): number => Math.round(value * 10) / 10;
