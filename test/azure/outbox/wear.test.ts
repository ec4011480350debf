/** What the outbox costs a memory card: each sync some ten blocks of 4 KB, however short the message. */
import { describe, expect, it } from "vitest";
import { outboxLimits } from "../../../src/azure/outbox/outbox.ts";
import { millis } from "../../../src/base/units.ts";
import { OutboxRig, range } from "./rig.ts";

const { ackWaitMs, batchEveryMs } = outboxLimits;
const asOnTheDevice = (): OutboxRig => new OutboxRig({ ackWaitMs, batchEveryMs });

describe("the outbox of a device", () => {
  it("writes nothing at all while the hub acknowledges, over a day at one reading a minute", async () => {
    const rig = asOnTheDevice();
    rig.outbox.setOnline(true);
    await rig.advance(30);
    const { syncs, content } = rig.disk;
    for (const number of range(1, 1440)) {
      rig.append(number);
      await rig.advance(60);
    }
    expect(rig.hub.received).toHaveLength(1440);
    expect(rig.disk.syncs - syncs).toBe(0);
    expect(rig.disk.content).toBe(content);
    expect(rig.clock.pendingTimers).toBe(0);
  });

  it("syncs once in five minutes without a link, and loses no more than those to a power cut", async () => {
    const rig = asOnTheDevice();
    await rig.advance(5);
    const { syncs } = rig.disk;
    for (const number of range(1, 60)) {
      rig.append(number);
      await rig.advance(60);
    }
    expect(rig.disk.syncs - syncs).toBeLessThanOrEqual(13);
    rig.crash(0);
    rig.outbox.setOnline(true);
    await rig.advance(60);
    expect(rig.hub.firsts).toEqual(range(1, rig.hub.firsts.length));
    expect(rig.hub.firsts.length).toBeGreaterThanOrEqual(55);
  });

  it("writes what was not acknowledged within ten seconds", async () => {
    const rig = asOnTheDevice();
    rig.outbox.setOnline(true);
    await rig.advance(1);
    rig.hub.answer = "silent";
    rig.append(1);
    await rig.advance(9);
    expect(rig.disk.content.texts.size).toBe(0);
    await rig.advance(2);
    expect(rig.disk.content.texts.size).toBe(1);
  });

  it("writes at once what waits when the link goes", async () => {
    const rig = asOnTheDevice();
    rig.outbox.setOnline(true);
    await rig.advance(1);
    rig.hub.answer = "failed";
    rig.append(1);
    await rig.advance(1);
    expect(rig.disk.content.texts.size).toBe(0);
    rig.outbox.setOnline(false);
    await rig.advance(0.1);
    expect(rig.disk.content.texts.size).toBe(1);
  });

  it("writes an urgent message within a second where there is no link, and the readings along with it", async () => {
    const rig = asOnTheDevice();
    await rig.advance(5);
    rig.append(1);
    await rig.advance(30);
    rig.append(2);
    await rig.advance(30);
    expect(rig.disk.content.texts.size).toBe(1);
    rig.appendUrgent(3);
    await rig.advance(1);
    expect(rig.disk.content.texts.size).toBe(3);
  });

  it("syncs no more than once a second, however many urgent messages come", async () => {
    const rig = asOnTheDevice();
    await rig.advance(5);
    const { syncs } = rig.disk;
    for (const number of range(1, 50)) {
      rig.appendUrgent(number);
      await rig.advance(0.1);
    }
    await rig.advance(1);
    expect(rig.disk.content.texts.size).toBe(50);
    expect(rig.disk.syncs - syncs).toBeLessThanOrEqual(6);
  });

  it("keeps what was sent for some seconds, so that its removal shares a write", async () => {
    const rig = asOnTheDevice();
    rig.append(1, 2);
    await rig.advance(5);
    rig.outbox.setOnline(true);
    await rig.advance(3);
    expect(rig.hub.firsts).toEqual([1, 2]);
    expect(rig.disk.content.texts.size).toBe(2);
    await rig.advance(5);
    expect(rig.disk.content.texts.size).toBe(0);
  });

  it("gives an urgent message the same ten seconds on a link that is up", async () => {
    const rig = asOnTheDevice();
    rig.outbox.setOnline(true);
    await rig.advance(1);
    rig.appendUrgent(1);
    await rig.advance(20);
    expect(rig.hub.received).toHaveLength(1);
    expect(rig.disk.syncs).toBe(0);
    rig.hub.roundTrip = millis(15_000);
    rig.appendUrgent(2);
    await rig.advance(11);
    expect(rig.disk.content.texts.size).toBe(1);
    // Soon after a sync, too.
    await rig.advance(30);
    rig.appendUrgent(3);
    await rig.advance(11);
    expect(rig.disk.content.texts.size).toBe(1);
    expect(rig.disk.syncs).toBe(2);
  });

  it("keeps everything over an orderly end", async () => {
    const rig = asOnTheDevice();
    await rig.advance(1);
    rig.append(...range(1, 20));
    await rig.restart();
    rig.outbox.setOnline(true);
    await rig.advance(60);
    expect(rig.hub.firsts).toEqual(range(1, 20));
  });

  it("does not collect without end: a hundred in memory are written", async () => {
    const rig = asOnTheDevice();
    await rig.advance(1);
    rig.append(1);
    await rig.advance(2);
    rig.append(...range(2, 120));
    await rig.advance(2);
    expect(rig.disk.content.texts.size).toBe(120);
  });
});
