/** What the processes of a run say to each other about the local hub. Small: the guardian has it too. */
import { join } from "node:path";
import { textMember } from "../../base/json/value.ts";

/** What the guardian tells the loop once the local hub stands. */
export interface HubReady {
  readonly kind: "hub-ready";
  readonly page: string;
  /** Folder with this device's credentials.json. */
  readonly credentials: string;
}

export const isHubReady = (message: unknown): message is HubReady => kindOf(message) === "hub-ready";

/**
 * What a message between the processes is, by its own word. Enough for the guardian, which passes messages of
 * `panel-messages.ts` on unread: whoever acts on one checks all of it.
 */
export const kindOf = (message: unknown): string | undefined => textMember(message, "kind");

/** Where the local hub keeps its own things, and this device's way in. */
export const hubFolders = (dataPath: string) => ({
  hub: join(dataPath, "hub"),
  device: join(dataPath, "hub-device"),
});
