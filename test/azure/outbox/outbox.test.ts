import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { outboxLimits } from "../../../src/azure/outbox/outbox.ts";
import { OutboxStoreError } from "../../../src/azure/outbox/store.ts";
import { millis, wallMillis } from "../../../src/base/units.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { OutboxRig, range } from "./rig.ts";

describe("the outbox on a working disk", () => {
  it("sends at once what is appended while online, and forgets it once acknowledged", async () => {
    const rig = new OutboxRig();
    rig.outbox.setOnline(true);
    await rig.advance(1);
    rig.append(1);
    await rig.advance(0.1);
    expect(rig.hub.firsts).toEqual([1]);
    expect(rig.outbox.status).toEqual({ waiting: 0, dropped: 0, failure: undefined });
    await rig.advance(10);
    expect(rig.disk.content.texts.size).toBe(0);
    expect(rig.hub.received).toHaveLength(1);
  });

  it("syncs the first message after quiet at once, and a burst once a second", async () => {
    const rig = new OutboxRig();
    await rig.advance(5);
    const before = rig.disk.syncs;
    rig.append(1);
    await rig.advance(0.05);
    expect(rig.disk.content.texts.size).toBe(1);
    for (const number of range(2, 21)) {
      rig.append(number);
      await rig.advance(0.1);
    }
    expect(rig.disk.syncs - before).toBeLessThanOrEqual(3);
    await rig.advance(1);
    expect(rig.disk.content.texts.size).toBe(21);
  });

  it("keeps messages through a restart and sends them in order, before anything younger", async () => {
    const rig = new OutboxRig();
    rig.append(...range(1, 700));
    await rig.restart();
    rig.outbox.setOnline(true);
    rig.append(...range(701, 710));
    await rig.advance(300);
    expect(rig.hub.firsts).toEqual(range(1, 710));
    expect(rig.hub.received).toHaveLength(710);
  });

  it("gives every message an id of its own, the same at every attempt", async () => {
    const rig = new OutboxRig();
    rig.outbox.setOnline(true);
    rig.hub.answer = "lost";
    rig.append(1);
    await rig.advance(10);
    rig.hub.answer = "ok";
    await rig.advance(60);
    rig.crash();
    rig.append(2);
    rig.outbox.setOnline(true);
    await rig.advance(60);
    const ids = rig.hub.received.map(({ messageId }) => messageId);
    expect(ids.length).toBeGreaterThan(3);
    expect(new Set(ids).size).toBe(2);
    expect(rig.hub.firsts).toEqual([1, 2]);
  });

  it("sends at once what is appended in the same moment as the link comes, however slow the disk is", async () => {
    const rig = new OutboxRig();
    await rig.advance(1);
    rig.disk.latency = millis(5000);
    rig.outbox.setOnline(true);
    rig.append(1);
    await rig.advance(0.1);
    expect(rig.hub.firsts).toEqual([1]);
  });

  it("takes a message that was acknowledged during its first write out of the store again", async () => {
    const rig = new OutboxRig();
    await rig.advance(1);
    rig.disk.latency = millis(500);
    rig.outbox.setOnline(true);
    rig.append(1);
    await rig.advance(20);
    expect(rig.hub.received).toHaveLength(1);
    expect(rig.disk.content.texts.size).toBe(0);
    rig.crash();
    rig.outbox.setOnline(true);
    await rig.advance(20);
    expect(rig.hub.received).toHaveLength(1);
  });

  it("sends no more than 9 messages in any second, and 5 a second for long", async () => {
    const rig = new OutboxRig();
    rig.hub.roundTrip = millis(1);
    rig.append(...range(1, 300));
    await rig.advance(5);
    rig.outbox.setOnline(true);
    await rig.advance(58);
    expect(rig.hub.firsts.length).toBeLessThan(300);
    await rig.advance(3);
    expect(rig.hub.firsts).toEqual(range(1, 300));
    const { times } = rig.hub;
    const busiest = Math.max(
      ...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length),
    );
    expect(busiest).toBeLessThanOrEqual(9);
  });

  it.each(["failed", "throws", "silent"] as const)(
    "tries a message again whose send %s, patiently, and goes on in order",
    async (answer) => {
      const rig = new OutboxRig();
      rig.hub.answer = answer;
      rig.outbox.setOnline(true);
      rig.append(1, 2, 3);
      await rig.advance(200);
      expect(rig.hub.received).toEqual([]);
      // Pauses of 1, 2, 4… up to 30 s: nobody is helped by a hub that is asked several times a second.
      expect(rig.hub.attempts.length).toBeGreaterThan(2);
      expect(rig.hub.attempts.length).toBeLessThan(13);
      rig.hub.answer = "ok";
      await rig.advance(100);
      expect(rig.hub.firsts).toEqual([1, 2, 3]);
    },
  );

  it("does not wait out a silent send when the link comes back", async () => {
    const rig = new OutboxRig();
    rig.hub.answer = "silent";
    rig.outbox.setOnline(true);
    await rig.advance(1);
    rig.append(1);
    await rig.advance(2);
    rig.outbox.setOnline(false);
    await rig.advance(5);
    rig.hub.answer = "ok";
    rig.outbox.setOnline(true);
    await rig.advance(0.1);
    expect(rig.hub.firsts).toEqual([1]);
  });

  it("sends nothing while offline", async () => {
    const rig = new OutboxRig();
    rig.outbox.setOnline(true);
    await rig.advance(1);
    rig.outbox.setOnline(false);
    rig.append(1);
    await rig.advance(100);
    expect(rig.hub.received).toEqual([]);
    expect(rig.outbox.status.waiting).toBe(1);
  });
});

describe("an outbox with nothing to write", () => {
  it("leaves the disk alone, also after a start that found messages: each write wears the card", async () => {
    const rig = new OutboxRig();
    rig.outbox.setOnline(true);
    rig.append(1, 2);
    await rig.advance(20);
    rig.outbox.setOnline(false);
    rig.append(3);
    await rig.advance(20);
    await rig.restart();
    await rig.advance(1);
    const { content, syncs } = rig.disk;
    expect([...content.texts.keys()]).toHaveLength(1);
    await rig.advance(120);
    expect(rig.disk.content).toBe(content);
    expect(rig.disk.syncs).toBe(syncs);
    expect(rig.clock.pendingTimers).toBe(0);
  });

  it("keeps no timer of a later write that an earlier one has made needless", async () => {
    const rig = new OutboxRig();
    rig.append(1);
    await rig.advance(5);
    rig.outbox.setOnline(true);
    // Acknowledged: its removal may wait five seconds. The next message may not.
    await rig.advance(1);
    rig.outbox.setOnline(false);
    rig.append(2);
    await rig.advance(1.5);
    expect([...rig.disk.content.texts.keys()]).toEqual([2]);
    expect(rig.clock.pendingTimers).toBe(0);
  });
});

describe("a full outbox", () => {
  it("drops the oldest, counts them, says so, and remembers the count over restarts", async () => {
    const rig = new OutboxRig({ maxEntries: 100 });
    for (const number of range(1, 130)) {
      rig.append(number);
      await rig.advance(60);
    }
    expect(rig.outbox.status).toMatchObject({ waiting: 100, dropped: 30 });
    expect(rig.events("outbox-full")).not.toEqual([]);
    await rig.restart();
    await rig.advance(5);
    expect(rig.outbox.status).toMatchObject({ waiting: 100, dropped: 30 });
    rig.outbox.setOnline(true);
    await rig.advance(60);
    expect(rig.hub.firsts).toEqual(range(31, 130));
  });

  it("does not take an answer for a dropped message as one for the next", async () => {
    const rig = new OutboxRig({ maxEntries: 3 });
    rig.append(1, 2, 3);
    await rig.advance(5);
    rig.hub.roundTrip = millis(20_000);
    rig.outbox.setOnline(true);
    await rig.advance(1);
    rig.append(4, 5);
    await rig.advance(10);
    expect(rig.outbox.status).toMatchObject({ waiting: 3, dropped: 2 });
    rig.hub.roundTrip = millis(40);
    await rig.advance(60);
    expect(rig.hub.firsts).toEqual([1, 3, 4, 5]);
  });

  it("is bounded in bytes too", async () => {
    const rig = new OutboxRig({ maxBytes: 10_000 });
    for (const number of range(1, 300)) {
      rig.append(number);
      await rig.advance(60);
    }
    const { waiting, dropped } = rig.outbox.status;
    expect(waiting + dropped).toBe(300);
    const bytes = [...rig.disk.content.texts.values()].join("").length;
    expect(bytes).toBeLessThan(10_500);
    expect(bytes).toBeGreaterThan(9000);
  });
});

it("fits into the storage that the manifest grants, with the store's own share and the rest of the data folder", () => {
  const file = new URL("../../../manifest/app_manifest.json", import.meta.url);
  const granted = JSON.parse(readFileSync(file, "utf8")).Capabilities.MutableStorage.SizeKB * 1024;
  // A line adds 20 bytes at most to an entry, a note and a removal come with each hundred that are dropped, and the oldest
  // and the newest segment are partly in use. 2 MiB for everything else, and 4 MiB for a store that was set aside.
  const lines = outboxLimits.maxEntries * 24;
  expect(outboxLimits.maxBytes + lines + 2 * 2 ** 18 + 6 * 1024 * 1024).toBeLessThan(granted);
});

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

  it("is said once, whichever file it was that did not fit", async () => {
    const rig = new OutboxRig();
    for (const number of range(1, 30)) {
      rig.disk.failure = new OutboxStoreError("io", `IO error: /data/outbox/${number}.log: No space left`);
      rig.append(number);
      await rig.advance(60);
    }
    expect(rig.events("outbox-store-failed")).toHaveLength(1);
    expect(rig.events("outbox-store-failed")[0]).toMatchObject({ remedy: expect.stringContaining("room") });
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
    expect(rig.events("outbox-entries-damaged")).toEqual([{ damaged: 1, now: "passed over" }]);
    expect(rig.outbox.status).toMatchObject({ waiting: 0, dropped: 1 });
    await rig.restart();
    await rig.advance(5);
    expect(rig.outbox.status.dropped).toBe(1);
  });
});

describe("times", () => {
  const noon = Date.UTC(2026, 5, 1, 12);
  const at = (wall: number) => new VirtualClock({ wallStart: wallMillis(wall) });
  const created = (rig: OutboxRig) => rig.hub.received.map(({ createdMs }) => createdMs);

  it("of messages from before the clock was set are those that it would have shown", async () => {
    const rig = new OutboxRig({}, at(0));
    await rig.advance(10);
    rig.append(1);
    await rig.advance(60);
    rig.append(2);
    rig.clock.jumpWallTo(wallMillis(noon));
    rig.outbox.setOnline(true);
    await rig.advance(5);
    rig.append(3);
    await rig.advance(5);
    expect(created(rig)).toEqual([noon - 60_000, noon, noon + 5000]);
  });

  it("are corrected after a restart in the same boot, and after later boots", async () => {
    const behind = noon - 86_400_000;
    const rig = new OutboxRig({}, at(behind));
    rig.append(1);
    await rig.restart();
    await rig.advance(30);
    rig.clock.jumpWallTo(wallMillis(noon));
    rig.append(2);
    await rig.advance(10);
    rig.boot = { id: "boot-2", clockZeroMs: millis(-rig.clock.now()) };
    rig.crash(0);
    rig.append(3);
    rig.outbox.setOnline(true);
    await rig.advance(30);
    const [first, second, third] = created(rig);
    expect(second).toBe(noon);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(30_000);
    expect((second ?? 0) - (first ?? 0)).toBeLessThan(31_000);
    expect((third ?? 0) - (second ?? 0)).toBeLessThan(11_000);
  });

  it("are right after the next boot when the clock was set, and that was first noticed while sending", async () => {
    const rig = new OutboxRig({}, at(0));
    rig.append(1);
    await rig.advance(60);
    rig.clock.jumpWallTo(wallMillis(noon));
    // Nothing is acknowledged and nothing comes: only the attempt looks at the clock.
    rig.hub.answer = "failed";
    rig.outbox.setOnline(true);
    await rig.advance(3);
    rig.boot = { id: "boot-2", clockZeroMs: millis(-rig.clock.now()) };
    rig.hub.answer = "ok";
    rig.crash(0);
    rig.outbox.setOnline(true);
    await rig.advance(30);
    expect(created(rig)).toEqual([noon - 60_000]);
  });

  it("of a boot whose clock was never right are left out, not made up", async () => {
    const rig = new OutboxRig({}, at(0));
    rig.append(1);
    await rig.advance(5);
    rig.boot = { id: "boot-2", clockZeroMs: millis(-rig.clock.now()) };
    rig.clock.jumpWallTo(wallMillis(noon));
    rig.crash(0);
    rig.outbox.setOnline(true);
    await rig.advance(5);
    expect(created(rig)).toEqual([undefined]);
  });

  it("are left alone by a clock that is merely slewed", async () => {
    const rig = new OutboxRig({}, at(noon));
    rig.append(1);
    await rig.advance(60);
    rig.clock.jumpWallTo(wallMillis(noon + 62_000));
    rig.outbox.setOnline(true);
    await rig.advance(5);
    expect(created(rig)).toEqual([noon]);
  });
});
