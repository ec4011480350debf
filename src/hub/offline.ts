/**
 * The service API of a hub that does not run, for its owner on this machine: the same routes, without a network.
 *
 * The caller must hold the folder's claim: two writers would lose each other's changes.
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { openHubCore } from "./hub-core.ts";
import { restApp } from "./rest/server.ts";
import { openDocuments } from "./storage/documents.ts";

export interface OfflineHub {
  /** Key of the policy iothubowner; base64. Secret. */
  readonly ownerKey: string;
  readonly idScope: string;
  /** Answers one request as the server would. Never rejects. */
  ask(request: Request): Promise<Response>;
  /** Resolves when everything is saved. */
  close(): Promise<void>;
}

export interface OfflineHubOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The hub's folder. */
  readonly dataPath: string;
  readonly reserveStorage?: (bytes: number) => Promise<void>;
}

/** @throws the system's error when the folder cannot be read or written */
export async function openOfflineHub(options: OfflineHubOptions): Promise<OfflineHub> {
  const { clock, log, dataPath, reserveStorage: reserve } = options;
  const documents = await openDocuments(dataPath, { reserve });
  const core = await openHubCore(clock, log, documents);
  const app = restApp({ ...core, clock, log, hostNames: ["localhost"] });
  return {
    ownerKey: core.settings.policy("iothubowner")?.primaryKey ?? "",
    idScope: core.settings.idScope,
    ask: async (request) => await app.fetch(request),
    close: () => core.close(),
  };
}
