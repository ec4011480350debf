/** The file operations of a download, as a port, so that a test can cut the power between any two. */

import { lstatSync } from "node:fs";
import { statfs } from "node:fs/promises";
import type { Clock } from "../../base/clock.ts";
import { continueFile, type NewFile } from "../../base/files/atomic-file.ts";
import { type SlotFiles, systemSlotFiles } from "../slots/slot-files.ts";

export interface DownloadFiles extends SlotFiles {
  /** Bytes of a regular file; `undefined` where there is none. */
  sizeOf(path: string): number | undefined;
  /** Opens a file to be continued at `from`; any content after that is cut off. */
  continue(path: string, from: number): Promise<NewFile>;
  /** Bytes that an ordinary user may still write to the disk of a folder. */
  freeBytes(folder: string): Promise<number>;
}

export const systemDownloadFiles = (clock: Pick<Clock, "sleep">): DownloadFiles => ({
  ...systemSlotFiles(clock),
  sizeOf(path) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found?.isFile() ? found.size : undefined;
  },
  continue: continueFile,
  async freeBytes(folder) {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
});
