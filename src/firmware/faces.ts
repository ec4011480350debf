/** The faces of a running device. A new one is a folder that implements `Face`, and a line in `facesOf`. */
import { type AzureProcessOptions, azureInItsProcess } from "./cloud-process/start-cloud-process.ts";
import type { Device } from "./device.ts";
import type { Face } from "./face.ts";
import { FrontFace } from "./front/share.ts";
import type { VirtualHardware } from "./hardware.ts";

export interface FaceOptions extends AzureProcessOptions {
  /** Its keys can be pressed from the local hub's page. */
  readonly virtual: VirtualHardware | undefined;
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
