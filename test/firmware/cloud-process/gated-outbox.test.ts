import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { gatedOutbox } from "../../../src/firmware/cloud-process/gated-outbox.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";

it("a message beyond the storage that the manifest grants is refused; removing others makes room", async () => {
  const dataPath = mkdtempSync(join(tmpdir(), "gated-outbox-"));
  onTestFinished(() => rmSync(dataPath, { recursive: true }));
  const open = gatedOutbox({ dataPath, manifest: { storageKb: 64 }, clock: systemClock });
  const { store } = await open("none");
  const put = (key: number) => store.write({ put: [{ key, text: "a reading" }] }, { durable: false });
  await put(1);
  const other = join(dataPath, "history");
  writeFileSync(other, "x".repeat(70 * 1024));
  // Within a minute of the last count, only a write that seems too large counts again.
  await expect(
    store.write({ put: [{ key: 2, text: "y".repeat(64 * 1024) }] }, { durable: false }),
  ).rejects.toMatchObject({ name: "OutboxStoreError", message: expect.stringContaining("MutableStorage") });
  await expect(put(2)).rejects.toMatchObject({ code: "io" });
  await store.write({ put: [], remove: { from: 1, through: 1 } }, { durable: true });
  truncateSync(other, 0);
  await put(2);
  expect((await store.read(1, 9)).map(({ key }) => key)).toEqual([2]);
  await store.close();
});
