/** A file to lock for each test, and descriptors of it. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";

/** Call it once in a test file: the file is made before each test, and removed after it. */
export function lockRig() {
  let folder = "";
  const open: number[] = [];
  const closeAll = (): void => {
    for (const file of open.splice(0)) closeSync(file);
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "file-lock-"));
    writeFileSync(join(folder, "lock"), "");
  });
  afterEach(() => {
    closeAll();
    rmSync(folder, { recursive: true });
  });
  return {
    closeAll,
    closeFirst: (): void => closeSync(open.shift() ?? -1),
    pathOf: (name: string): string => join(folder, name),
    /** A descriptor of its own, as another process would have. */
    another(): number {
      const file = openSync(join(folder, "lock"), "r");
      open.push(file);
      return file;
    },
  };
}
