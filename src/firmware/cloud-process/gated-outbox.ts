/** Keeps the outbox within the storage that the manifest grants: a message beyond it is refused like on a full disk. */
import { join } from "node:path";
import { segmentStore } from "../../azure/outbox/segments/store.ts";
import { type OpenStore, type OutboxStore, OutboxStoreError } from "../../azure/outbox/store.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { StorageMeter } from "../storage/storage-meter.ts";

export interface GatedOutboxOptions {
  readonly dataPath: string;
  readonly manifest: Pick<Manifest, "storageKb">;
  readonly clock: Clock;
  /** For tests. */
  readonly openStore?: OpenStore | undefined;
}

/** Number, separators and checksum of a stored line, at most. */
const bytesAround = 64;

export function gatedOutbox(options: GatedOutboxOptions): OpenStore {
  const { dataPath, manifest, clock } = options;
  const open = options.openStore ?? segmentStore(join(dataPath, "outbox"), () => clock.wallNow());
  const meter = new StorageMeter({ folder: dataPath, manifest, clock });
  return async (effort) => {
    const opened = await open(effort);
    return { ...opened, store: gated(opened.store, meter) };
  };
}

/** What only removes messages is never refused: it makes room. */
function gated(store: OutboxStore, meter: Pick<StorageMeter, "reserve">): OutboxStore {
  return {
    ...(store.lastKey !== undefined && { lastKey: store.lastKey }),
    read: (from, limit) => store.read(from, limit),
    readNote: () => store.readNote(),
    async write(change, how) {
      const bytes = change.put.reduce((sum, { text }) => sum + Buffer.byteLength(text) + bytesAround, 0);
      if (bytes > 0) {
        await meter.reserve(bytes).catch((cause: unknown) => {
          throw new OutboxStoreError("io", messageOf(cause), { cause });
        });
      }
      await store.write(change, how);
    },
    close: () => store.close(),
  };
}
