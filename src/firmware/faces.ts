/** The faces of a running device. A new one is a folder that implements `Face`, and a line in `facesOf`. */
import type { Log, LogLevel } from "../base/log.ts";
import type { BoardChoice } from "./choose-board.ts";
import { azureInItsProcess } from "./cloud-process/start-cloud-process.ts";
import type { Device } from "./device.ts";
import type { Face } from "./face.ts";
import { FrontFace } from "./front/share.ts";
import type { VirtualHardware } from "./hardware.ts";
import type { RunningLoop } from "./run-loop.ts";
import type { DataFolder } from "./storage/data-folder.ts";

export interface FaceOptions {
  readonly running: RunningLoop;
  readonly data: DataFolder;
  readonly choice: BoardChoice;
  readonly log: Log;
  readonly logLevel: LogLevel;
  /** Its keys can be pressed from the local hub's page. */
  readonly virtual: VirtualHardware | undefined;
  /** Somebody asked for simulated readings in a real cloud. */
  readonly simulatedToCloud: boolean;
  /** There is a live panel. */
  readonly quiet: boolean;
}

const facesOf = async (options: FaceOptions): Promise<readonly Face<Device>[]> => [
  await azureInItsProcess(options),
  new FrontFace(options),
];

/** @returns what ends them, within a few seconds */
export async function startFaces(options: FaceOptions): Promise<() => Promise<void>> {
  const faces = await facesOf(options);
  for (const face of faces) void options.running.device.addFace(face);
  return async () => void (await Promise.allSettled(faces.map((face) => face.close())));
}
