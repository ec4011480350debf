/** The file operations of a download on the disk that may lose its power, or fail, at any of them. */
import type { NewFile } from "../../../src/base/files/atomic-file.ts";
import type { DownloadFiles } from "../../../src/update/download/download-files.ts";
import type { CutDisk } from "../slots/cut-disk.ts";

export const downloadFilesOf = (disk: CutDisk, free = () => Number.POSITIVE_INFINITY): DownloadFiles => ({
  ...disk.files,
  sizeOf: (path) => disk.files.read(path, Number.POSITIVE_INFINITY)?.length,
  continue: (path, from) => disk.continue(path, from),
  freeBytes: async () => free(),
});

/** `files` whose operation number `at` fails with this error, and every later one that writes. */
export function failing(
  files: DownloadFiles,
  code: string,
  at: number,
): { readonly files: DownloadFiles; readonly count: () => number } {
  let operations = 0;
  const check = (): void => {
    if (operations++ >= at) throw Object.assign(new Error(`${code}: write`), { code });
  };
  const guarded = (file: NewFile): NewFile => ({
    write: async (piece) => {
      check();
      await file.write(piece);
    },
    finish: async () => {
      check();
      await file.finish();
    },
    close: () => file.close(),
  });
  const wrapped: DownloadFiles = {
    ...files,
    create: async (path, executable) => {
      check();
      return guarded(await files.create(path, executable));
    },
    continue: async (path, from) => {
      check();
      return guarded(await files.continue(path, from));
    },
    rename: async (from, to) => {
      check();
      await files.rename(from, to);
    },
    syncFolder: async (path) => {
      check();
      await files.syncFolder(path);
    },
    syncAll: async (folder) => {
      check();
      await files.syncAll(folder);
    },
  };
  return { files: wrapped, count: () => operations };
}
