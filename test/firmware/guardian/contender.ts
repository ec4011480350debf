/** A process that takes and gives back a lock as it is told, for tests with many of them. Bundled before it runs. */
import { type HardwareLock, type Lockable, takeLock } from "../../../src/firmware/guardian/hardware-lock.ts";

/** What to lock, and where lock files are. */
export interface Task {
  readonly lockable: Lockable;
  readonly dataFolder: string;
  readonly folder: string;
}

const task = JSON.parse(process.argv[2] ?? "") as Task;
let lock: HardwareLock | undefined;

process.on("message", (word) => {
  if (word === "take") {
    const taken = takeLock(task.lockable, task.dataFolder, task.folder);
    if (taken.kind === "held") lock = taken;
    process.send?.({ held: taken.kind === "held", missing: taken.kind === "held" ? taken.missing : [] });
  } else {
    lock?.release();
    lock = undefined;
    process.send?.({ held: false, missing: [] });
  }
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
