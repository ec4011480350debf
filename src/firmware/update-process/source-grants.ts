/**
 * Whether a program may reach this unit's sources of updates: a new one, and the one that runs.
 *
 * An image carries the app manifest of the checkout that it was built in. One that was built where nobody had named the
 * owner's server would run well, be confirmed, and never update itself again: someone would have to drive out.
 */
import { join } from "node:path";
import { readSmallFile, SmallFileError } from "../../base/files/small-file.ts";
import { readText } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import { string, withDefault } from "../../base/schema/values.ts";
import { checkConnection } from "../../manifest/gate.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { ImageRefused } from "../../update/image/refusal.ts";
import type { SlotStore } from "../../update/slots/slot-store.ts";
import type { OwnerFile } from "./owner-file.ts";

/** No more of it than is needed here: a later firmware may grant in ways that this one does not know. */
const grants = object({
  Capabilities: object({ AllowedConnections: withDefault(list(string()), []) }),
});
const largestManifest = 256 * 1024;

/**
 * A manifest that is missing or cannot be read proves nothing: the trial decides.
 * @param program its folder. @throws ImageRefused "source-not-granted"
 */
export function checkReachesSources(program: string, owner: OwnerFile): void {
  const connections = connectionsIn(program);
  if (connections === undefined) return;
  const missing = hostsOf(owner).filter((host) => checkConnection({ connections }, host) !== undefined);
  if (missing.length === 0) return;
  throw new ImageRefused(
    "source-not-granted",
    `it could never be updated again: its app manifest does not grant ${missing.join(" and ")}, from where this unit takes its ` +
      'updates; build it with that host in "AllowedConnections" of manifest/app_manifest.json',
  );
}

/**
 * What the confirmed program grants, which is the one that asks the sources.
 * @param installation what the firmware of the installation grants
 */
export function grantsInForce<T extends Pick<Manifest, "connections">>(
  store: SlotStore,
  installation: T,
): T | Pick<Manifest, "connections"> {
  const { active } = store.read();
  const connections = active === null ? undefined : connectionsIn(store.programIn(active));
  return connections === undefined ? installation : { connections };
}

function connectionsIn(program: string): readonly string[] | undefined {
  try {
    const text = readSmallFile(join(program, "manifest", "app_manifest.json"), { limit: largestManifest });
    return text === undefined
      ? undefined
      : readText(grants, text)?.Capabilities.AllowedConnections.map((host) => host.toLowerCase());
  } catch (error) {
    if (error instanceof SmallFileError) return undefined;
    throw error;
  }
}

/** A folder needs no grant. */
function hostsOf({ feed, hawkbit }: OwnerFile): readonly string[] {
  const feedUrl = feed !== undefined && URL.canParse(feed.url) ? new URL(feed.url) : undefined;
  const urls = [feedUrl, hawkbit?.base].filter((url) => url !== undefined);
  return urls.filter(({ protocol }) => protocol !== "file:").map(({ hostname }) => hostname);
}
