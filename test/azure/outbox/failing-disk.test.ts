import { describe, expect, it } from "vitest";
import { OutboxStoreError } from "../../../src/azure/outbox/store.ts";
import { millis } from "../../../src/base/units.ts";
import { OutboxRig, range } from "./rig.ts";

describe("a disk that fails", () => {
  const full = new OutboxStoreError("io", "No space left on device");

  it("is reported; the newest wait in memory and are written when it works again", async () => {
    const rig = new OutboxRig({ memoryEntries: 50 });
    rig.append(...range(1, 10));
    await rig.advance(5);
    rig.disk.failure = full;
    for (const number of range(11, 80)) {
      rig.append(number);
      await rig.advance(60);
    }
    expect(rig.outbox.status).toMatchObject({ dropped: 20, failure: "No space left on device" });
    expect(rig.events("outbox-store-failed")).toHaveLength(1);
    rig.disk.failure = undefined;
    await rig.advance(30);
    expect(rig.outbox.status).toEqual({ waiting: 60, dropped: 20, failure: undefined });
    rig.outbox.setOnline(true);
    await rig.advance(60);
    expect(rig.hub.firsts).toEqual([...range(1, 10), ...range(31, 80)]);
  });

  it("is tried again every ten seconds", async () => {
    const rig = new OutboxRig();
    rig.disk.failure = full;
    rig.append(1);
    await rig.advance(15);
    const before = rig.disk.efforts.length;
    await rig.advance(60);
    expect(rig.disk.efforts.length - before).toBeGreaterThanOrEqual(5);
    expect(rig.disk.efforts.length - before).toBeLessThanOrEqual(6);
  });

  it("is said once, whichever file it was that did not fit", async () => {
    const rig = new OutboxRig();
    for (const number of range(1, 30)) {
      rig.disk.failure = new OutboxStoreError("io", `IO error: /data/outbox/${number}.log: No space left`);
      rig.append(number);
      await rig.advance(60);
    }
    expect(rig.events("outbox-store-failed")).toHaveLength(1);
    expect(rig.events("outbox-store-failed")[0]).toMatchObject({
      remedy: expect.stringContaining("disk space"),
    });
    await rig.restart();
    expect(rig.events("outbox-lost")).toEqual([{ messages: 30, cause: rig.disk.failure?.message }]);
  });

  it("does not keep live messages from a hub that is there", async () => {
    const rig = new OutboxRig();
    rig.disk.failure = full;
    rig.outbox.setOnline(true);
    await rig.advance(5);
    for (const number of range(1, 5)) {
      rig.append(number);
      await rig.advance(1);
    }
    expect(rig.hub.firsts).toEqual(range(1, 5));
    rig.disk.failure = undefined;
    await rig.advance(30);
    expect(rig.hub.received).toHaveLength(5);
    expect(rig.outbox.status).toEqual({ waiting: 0, dropped: 0, failure: undefined });
  });

  it("costs nothing of an earlier run when the answer for a young message comes around its first write", async () => {
    // The young one leaves while the disk fails; over these round trips its answer comes before, in and after the write.
    for (let roundTrip = 5000; roundTrip <= 20_000; roundTrip += 500) {
      const rig = new OutboxRig();
      rig.append(...range(1, 300));
      await rig.advance(2);
      rig.disk.failure = full;
      rig.crash();
      rig.disk.latency = millis(1000);
      await rig.advance(2);
      rig.append(301);
      rig.hub.roundTrip = millis(roundTrip);
      rig.outbox.setOnline(true);
      await rig.advance(1);
      rig.disk.failure = undefined;
      await rig.advance(28);
      rig.hub.roundTrip = millis(40);
      rig.disk.latency = millis(5);
      rig.crash();
      rig.outbox.setOnline(true);
      await rig.advance(120);
      expect(rig.hub.firsts).toEqual([301, ...range(1, 300)]);
      expect(rig.outbox.status).toEqual({ waiting: 0, dropped: 0, failure: undefined });
      expect(rig.disk.content.texts.size).toBe(0);
    }
  });

  it("and works again just before the end still takes what waits in memory", async () => {
    const rig = new OutboxRig();
    rig.disk.failure = full;
    rig.append(1);
    await rig.advance(2);
    rig.disk.failure = undefined;
    await rig.restart();
    rig.outbox.setOnline(true);
    await rig.advance(2);
    expect(rig.hub.firsts).toEqual([1]);
  });

  it("that hangs is reported, and close does not wait for it", async () => {
    const rig = new OutboxRig();
    await rig.advance(1);
    rig.disk.hangs = true;
    rig.append(1);
    await rig.advance(15);
    expect(rig.outbox.status.failure).toBe("the disk does not answer");
    const from = rig.clock.now();
    await rig.clock.run(rig.outbox.close());
    expect(rig.clock.now() - from).toBeLessThanOrEqual(3000);
  });

  it("that is corrupt gets repaired with growing effort", async () => {
    const rig = new OutboxRig();
    await rig.advance(1);
    rig.disk.failure = new OutboxStoreError("corrupt", "bad block");
    rig.append(1);
    await rig.advance(45);
    expect(rig.disk.efforts.slice(0, 4)).toEqual(["none", "repair", "set-aside", "set-aside"]);
    rig.disk.failure = undefined;
    await rig.advance(15);
    expect(rig.outbox.status).toMatchObject({ waiting: 1, failure: undefined });
  });

  it("that damaged an entry costs this entry, and that is said", async () => {
    const rig = new OutboxRig();
    rig.append(1, 2, 3, 4);
    await rig.advance(5);
    rig.outbox.abandon();
    rig.disk.damage(2);
    rig.crash();
    rig.outbox.setOnline(true);
    await rig.advance(30);
    expect(rig.hub.firsts).toEqual([1, 3, 4]);
    expect(rig.events("outbox-entries-damaged")).toEqual([{ damaged: 1, now: "skipped" }]);
    expect(rig.outbox.status).toMatchObject({ waiting: 0, dropped: 1 });
    await rig.restart();
    await rig.advance(5);
    expect(rig.outbox.status.dropped).toBe(1);
  });

  it("that damaged an entry counts it once, however many are read after it", async () => {
    const rig = new OutboxRig();
    const numbers = Array.from({ length: 600 }, (_, n) => n + 1);
    rig.append(...numbers);
    await rig.advance(5);
    rig.outbox.abandon();
    rig.disk.damage(2);
    rig.crash();
    rig.outbox.setOnline(true);
    await rig.advance(120);
    expect(rig.hub.firsts).toEqual(numbers.filter((each) => each !== 2));
    expect(rig.outbox.status).toMatchObject({ waiting: 0, dropped: 1 });
  });
});
