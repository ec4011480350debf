/** Several processes that write the slots' record: each with a store of its own on a real file system. */
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { millis } from "../../../src/base/units.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { SlotsBusy, systemSlotFiles } from "../../../src/update/slots/slot-files.ts";
import { SlotStore } from "../../../src/update/slots/slot-store.ts";
import { onTrial } from "../../../src/update/slots/slots.ts";
import { imageOf, stream, thisDevice, trusted } from "../fixtures.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "slots-writers-"));
  folders.push(folder);
  return folder;
}
const storeIn = (folder: string): SlotStore => new SlotStore(systemSlotFiles(systemClock), folder);

describe("writers of the slots' record", () => {
  it("never overwrite what another one wrote", async () => {
    const folder = newFolder();
    const writer = async (): Promise<void> => {
      const store = storeIn(folder);
      for (let time = 0; time < 10; time += 1) {
        await store.change(async (state) => {
          await new Promise((resolve) => setImmediate(resolve));
          return { ...state, counterFloor: state.counterFloor + 1 };
        });
      }
    };
    await Promise.all([writer(), writer(), writer()]);
    expect(storeIn(folder).read().counterFloor).toBe(30);
  });

  it("install one at a time: the second is told so, and the first is whole", async () => {
    const folder = newFolder();
    const held = new EventEmitter();
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield* stream(imageOf(1).subarray(0, 100));
      held.emit("reached");
      await once(held, "go on");
      yield imageOf(1).subarray(100);
    }
    const reached = once(held, "reached");
    const first = storeIn(folder).install(slowly(), trusted, thisDevice);
    await reached;
    await expect(storeIn(folder).install(stream(imageOf(2)), trusted, thisDevice)).rejects.toBeInstanceOf(
      SlotsBusy,
    );
    held.emit("go on");
    const { slot } = await first;
    expect((await storeIn(folder).verify(slot, trusted)).counter).toBe(1);
  });

  it("do not install into a slot whose trial begins meanwhile", async () => {
    const folder = newFolder();
    const store = storeIn(folder);
    await store.install(stream(imageOf(1)), trusted, thisDevice);
    await store.change((state) => ({ ...state, active: "a" }));
    const { slot } = await store.install(stream(imageOf(2)), trusted, thisDevice);
    async function* withTrial(): AsyncGenerator<Uint8Array> {
      yield* stream(imageOf(3));
      // Whoever starts a trial now tries an empty slot: the record says so, and this installation must not hide it.
      await store.change((state) => ({ ...state, trial: { slot, startsLeft: 3 } }));
    }
    await expect(storeIn(folder).install(withTrial(), trusted, thisDevice)).rejects.toMatchObject({
      code: "on-trial",
    });
    expect(store.read().slots[slot]).toBeNull();
    await expect(store.change((state) => onTrial({ ...state, trial: null }, slot))).rejects.toThrow(
      RangeError,
    );
  });

  it("are let in again by the kernel when the one that writes is killed", async () => {
    const folder = newFolder();
    const file = join(folder, "record.lock");
    const holder = spawn("flock", ["-x", file, "sh", "-c", "echo held; exec sleep 600"], {
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    await once(holder.stdout, "data");
    const files = systemSlotFiles(systemClock);
    await expect(files.lock(file, millis(0))).rejects.toBeInstanceOf(SlotsBusy);
    if (holder.pid !== undefined) process.kill(-holder.pid, "SIGKILL");
    await once(holder, "exit");
    await storeIn(folder).change((state) => ({ ...state, counterFloor: 7 }));
    expect(storeIn(folder).read().counterFloor).toBe(7);
  });
});
