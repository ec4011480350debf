/** What the processes of a run say to each other about the local hub. Small: the guardian has it too. */
import { join } from "node:path";

/** What the guardian tells the loop once the local hub stands. */
export interface HubReady {
  readonly kind: "hub-ready";
  readonly page: string;
  /** Folder with this device's credentials.json. */
  readonly credentials: string;
}

export const isHubReady = (message: unknown): message is HubReady =>
  typeof message === "object" && message !== null && Reflect.get(message, "kind") === "hub-ready";

/** Where the local hub keeps its own things, and this device's way in. */
export const hubFolders = (dataPath: string) => ({
  hub: join(dataPath, "hub"),
  device: join(dataPath, "hub-device"),
});
