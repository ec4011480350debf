/** Holds the data folder within the storage that the manifest grants: a write beyond it fails with EPERM. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { checkStorage } from "../manifest/gate.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { DurableFiles } from "./durable-files.ts";

export function gatedFiles(files: DurableFiles, folder: string, manifest: Manifest): DurableFiles {
  return {
    ...files,
    async writeDurably(path, text) {
      const refused = checkStorage(manifest, (await sizeOf(folder)) + Buffer.byteLength(text));
      if (refused) throw refused;
      await files.writeDurably(path, text);
    },
  };
}

/** Bytes in the folder's own files; what the virtual hat keeps below it does not count. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ name }) => {
      // A file may be renamed between the listing and the look.
      const found = await stat(join(folder, name)).catch(() => undefined);
      return found?.size ?? 0;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
