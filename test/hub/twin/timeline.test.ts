/** The timeline's wear: it is written whole. */
import { describe, expect, it } from "vitest";
import { seconds } from "../../../src/base/units.ts";
import { memoryDocuments } from "../../../src/hub/storage/documents.ts";
import { Timeline } from "../../../src/hub/twin/timeline.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

describe("the timeline", () => {
  it("is written the more seldom the longer it is, as each save writes all of it", async () => {
    let writes = 0;
    const documents = memoryDocuments();
    const clock = new VirtualClock();
    const counted = {
      ...documents,
      write: async () => {
        writes += 1;
      },
    };
    const timeline = await Timeline.open(counted, clock, () => {});
    for (let n = 0; n < 480; n += 1)
      timeline.add({ deviceId: "d", kind: "event", actor: "device", text: `${n}` });
    await clock.advance(seconds(60));
    writes = 0;
    for (let minute = 0; minute < 60; minute += 1) {
      timeline.add({ deviceId: "d", kind: "event", actor: "device", text: `minute ${minute}` });
      await clock.advance(seconds(60));
    }
    expect(writes).toBeGreaterThanOrEqual(4);
    expect(writes).toBeLessThanOrEqual(5);
  });

  it("reads what earlier versions stored under other names", async () => {
    const documents = memoryDocuments();
    const event = { atMs: 1, deviceId: "d", actor: "hub", text: "key refused" };
    await documents.write("timeline", {
      events: [
        { ...event, sequence: 1, kind: "turned-away" },
        { ...event, sequence: 2, kind: "desired", whileApart: true },
        { ...event, sequence: 3, kind: "of a later version", whileOffline: true },
      ],
    });
    const timeline = await Timeline.open(documents, new VirtualClock(), () => {});
    expect(timeline.of("d", 10)).toEqual([
      { ...event, sequence: 1, kind: "rejected" },
      { ...event, sequence: 2, kind: "desired", whileOffline: true },
      { ...event, sequence: 3, kind: "of a later version", whileOffline: true },
    ]);
  });
});
