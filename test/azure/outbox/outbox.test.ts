import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { outboxLimits } from "../../../src/azure/outbox/outbox.ts";
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
    // Some of what was read is sent by then, and the most is not read yet.
    await rig.advance(20);
    rig.append(...range(711, 720));
    await rig.advance(300);
    expect(rig.hub.firsts).toEqual(range(1, 720));
    expect(rig.hub.received).toHaveLength(720);
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

  it("sends at once after a restart that found nothing left, even while the disk hangs", async () => {
    const rig = new OutboxRig();
    rig.append(1, 2, 3);
    await rig.advance(5);
    rig.outbox.setOnline(true);
    await rig.advance(20);
    expect(rig.disk.content.texts.size).toBe(0);
    await rig.restart();
    await rig.advance(1);
    rig.disk.hangs = true;
    rig.outbox.setOnline(true);
    rig.append(4);
    await rig.advance(1);
    expect(rig.hub.firsts).toEqual([1, 2, 3, 4]);
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

  it("takes a message that was acknowledged during the write of the next one out of the store too", async () => {
    const rig = new OutboxRig();
    rig.append(1);
    await rig.advance(5);
    rig.disk.latency = millis(1000);
    rig.append(2);
    await rig.advance(0.5);
    rig.hub.roundTrip = millis(100);
    rig.outbox.setOnline(true);
    await rig.advance(0.15);
    expect(rig.hub.firsts).toEqual([1]);
    rig.outbox.setOnline(false);
    await rig.advance(30);
    expect(rig.outbox.status.waiting).toBe(1);
    expect(rig.disk.content.texts.size).toBe(1);
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
