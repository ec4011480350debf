/** A disk that is full, or fails, at each write of an installation, a trial, its end, and the updater's record. */
import { describe, expect, it } from "vitest";
import { SlotStore } from "../../../src/update/slots/slot-store.ts";
import {
  confirmed,
  onTrial,
  outcomeReported,
  reverted,
  type SlotsState,
} from "../../../src/update/slots/slots.ts";
import { installedFor } from "../../../src/update/updater/record.ts";
import { RecordFile } from "../../../src/update/updater/record-file.ts";
import { downloadFilesOf, failing } from "../download/cut-downloads.ts";
import { imageOf, stream, thisDevice, trusted } from "../fixtures.ts";
import { CutDisk } from "./cut-disk.ts";

const folder = "/var/firmware";
const storeOf = (disk: CutDisk) => new SlotStore(disk.files, folder);

/** Release 5 is confirmed in slot a; with `six`, release 6 is on trial in slot b. */
async function disk5(six = false): Promise<CutDisk> {
  const disk = new CutDisk();
  const store = storeOf(disk);
  const { slot } = await store.install(stream(imageOf(5)), trusted, thisDevice);
  await store.change((state) => outcomeReported(confirmed(onTrial(state, slot))));
  if (!six) return disk;
  const next = await store.install(stream(imageOf(6)), trusted, thisDevice);
  await store.change((state) => onTrial(state, next.slot));
  return disk;
}

const install = async (store: SlotStore): Promise<void> =>
  void (await store.install(stream(imageOf(6)), trusted, thisDevice));

/** Runs `work` on a fresh disk for every operation of it, which fails there and from then on. */
async function atEachWrite(
  code: string,
  prepare: () => Promise<CutDisk>,
  work: (files: ReturnType<typeof downloadFilesOf>) => Promise<unknown>,
  check: (disk: CutDisk) => Promise<void>,
): Promise<number> {
  const all = failing(downloadFilesOf(await prepare()), code, Number.POSITIVE_INFINITY);
  await work(all.files);
  for (let at = 0; at < all.count(); at += 1) {
    const disk = await prepare();
    const { files } = failing(downloadFilesOf(disk), code, at);
    await expect(work(files), `operation ${at}`).rejects.toMatchObject({ code });
    await check(disk);
  }
  return all.count();
}

describe.each(["ENOSPC", "EIO"])("the disk fails with %s at each write", (code) => {
  it("of an installation: what runs stays whole and confirmed, and once the disk works the image goes in", async () => {
    const count = await atEachWrite(
      code,
      disk5,
      (files) => install(new SlotStore(files, folder)),
      async (disk) => {
        const store = storeOf(disk);
        expect(store.read()).toMatchObject({ active: "a", trial: null, counterFloor: 5 });
        await expect(store.verify("a", trusted)).resolves.toBeDefined();
        await install(store);
        await expect(store.verify("b", trusted)).resolves.toBeDefined();
      },
    );
    expect(count).toBeGreaterThan(5);
  });

  it.each<[string, (state: SlotsState) => SlotsState]>([
    ["a confirmation", (state) => confirmed(state)],
    ["a revert", (state) => reverted(state, "it hung")],
  ])("of %s: the record is that of before or after, and the floor never falls", async (_, change) => {
    await atEachWrite(
      code,
      () => disk5(true),
      (files) => new SlotStore(files, folder).change(change),
      async (disk) => {
        const found = storeOf(disk).read();
        expect([storeOf(await disk5(true)).read(), change(storeOf(await disk5(true)).read())]).toContainEqual(
          found,
        );
        expect(found.counterFloor).toBeGreaterThanOrEqual(5);
      },
    );
  });

  it("of the updater's record: it is that of before or after, and the next change goes on from it", async () => {
    const current = { source: "feed", id: "six", version: "0.6.0", digest: "6".repeat(64) } as const;
    await atEachWrite(
      code,
      async () => new CutDisk(),
      (files) => new RecordFile(files, "/var/updater").change((record) => installedFor(record, current)),
      async (disk) => {
        const record = new RecordFile(disk.files, "/var/updater");
        expect([null, current]).toContainEqual(record.now.current);
        await record.change((now) => installedFor(now, current));
        expect(new RecordFile(disk.files, "/var/updater").now.current).toEqual(current);
      },
    );
  });
});
