/** The two rates of a download, the least and the most, in virtual time. */
import { describe, expect, it } from "vitest";
import { millis, seconds } from "../../../src/base/units.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { MinimumRate } from "../../../src/update/transport/minimum-rate.ts";
import type { Opened, Transport } from "../../../src/update/transport/open.ts";
import { codeOf, locationOf, never, noise, rig } from "./rig.ts";

/** A source that gives `size` bytes every `everyMs`, without an end where no `times` says otherwise. */
const dripping = (
  clock: VirtualClock,
  size: number,
  everyMs: number,
  times = Number.POSITIVE_INFINITY,
): Transport => ({
  async open(): Promise<Opened> {
    return {
      from: 0,
      size: undefined,
      etag: undefined,
      close() {},
      chunks: (async function* () {
        for (let time = 0; time < times; time++) {
          await clock.sleep(millis(everyMs));
          yield Buffer.alloc(size);
        }
      })(),
    };
  },
});

const limit = { bytes: 3000, within: seconds(30) };

describe("a source that gives", () => {
  it.each([
    ["one byte a second", 1, 1000, "too-slow"],
    ["nothing for ever", 1, 1e12, "too-slow"],
    ["a little less than the minimum", 99, 1000, "too-slow"],
    ["the minimum", 100, 1000, "done"],
    ["it in lumps", 3000, 29_000, "done"],
  ])("%s", async (_, size, everyMs, expected) => {
    const clock = new VirtualClock();
    const watch = new MinimumRate(clock, limit);
    const opened = await dripping(clock, size, everyMs).open({
      url: "",
      headers: {},
      from: 0,
      etag: undefined,
      signal: never,
    });
    const chunks = opened.chunks[Symbol.asyncIterator]();
    const read = async (): Promise<void> => {
      for (let count = 0; count < 100; count++)
        await watch.wait(chunks.next(), ({ value }) => value?.length ?? 0);
    };
    expect(await clock.run(codeOf(read()), seconds(20_000))).toBe(expected);
  });

  it("one byte a second is ended five times, and the download with it", async () => {
    const clock = new VirtualClock();
    const { downloader } = rig({ clock, transport: dripping(clock, 1, 1000), minimumRate: limit });
    const work = downloader.fetch(locationOf("http://x", noise(1_000_000)), { signal: never });
    expect(await clock.run(codeOf(clock.holdDuring(Promise.resolve()).then(() => work)), seconds(600))).toBe(
      "too-slow",
    );
    // Five spans and the pauses between them: nobody is held for hours.
    expect(clock.now()).toBeLessThan(300_000);
    expect(clock.now()).toBeGreaterThanOrEqual(150_000);
  });

  it("more than this unit takes in a second waits, and is not called slow", async () => {
    const clock = new VirtualClock();
    const bytes = Buffer.alloc(1_000_000);
    const { downloader } = rig({
      clock,
      transport: dripping(clock, 10_000, 0, 100),
      bandwidth: 10_000,
      minimumRate: { bytes: 300_001, within: seconds(30) },
    });
    await clock.run(downloader.fetch(locationOf("http://x", bytes), { signal: never }), seconds(200));
    // The first second's worth comes at once; the last chunk is waited for before the end is seen.
    expect(clock.now() / 1000).toBeGreaterThanOrEqual(98);
    expect(clock.now() / 1000).toBeLessThanOrEqual(100);
  });

  it("does not hold up one that is called off while it waits", async () => {
    const clock = new VirtualClock();
    const abort = new AbortController();
    const { downloader } = rig({ clock, transport: dripping(clock, 10_000, 0), bandwidth: 100 });
    const work = codeOf(
      downloader.fetch(locationOf("http://x", Buffer.alloc(1_000_000)), { signal: abort.signal }),
    );
    await clock.advance(seconds(5));
    abort.abort(Object.assign(new Error(), { code: "canceled" }));
    await clock.settle();
    expect(await work).toBe("canceled");
    expect(clock.now()).toBe(5000);
  });
});
