/** Keeps the data folder within the storage that the manifest grants: a write beyond it fails with EPERM. */
import type { Manifest } from "../../manifest/manifest.ts";
import { systemClock } from "../process/system-clock.ts";
import type { DurableFiles } from "./durable-files.ts";
import { StorageMeter } from "./storage-meter.ts";

export function gatedFiles(
  files: DurableFiles,
  folder: string,
  manifest: Pick<Manifest, "storageKb">,
): DurableFiles {
  const meter = new StorageMeter({ folder, manifest, clock: systemClock });
  return {
    ...files,
    async writeDurably(path, text) {
      await meter.reserve(Buffer.byteLength(text));
      await files.writeDurably(path, text);
    },
  };
}
