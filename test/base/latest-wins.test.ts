import { describe, expect, it } from "vitest";
import { LatestWins } from "../../src/base/latest-wins.ts";
import { millis, seconds } from "../../src/base/units.ts";
import { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";

/** Writes whatever is the newest, in 100 ms. */
function slowWriter(fails: (value: number) => boolean = () => false) {
  const clock = new VirtualClock();
  const written: number[] = [];
  let newest = 0;
  let underWay = 0;
  const writer = new LatestWins(async () => {
    const value = newest;
    expect(underWay++).toBe(0);
    await clock.sleep(millis(100));
    underWay--;
    if (fails(value)) throw new Error(`no room for ${value}`);
    written.push(value);
  });
  const offer = (value: number): Promise<void> => {
    newest = value;
    return writer.wake();
  };
  return { clock, written, writer, offer };
}

describe("what takes the newest, one at a time", () => {
  it("takes the first at once and, of those that come meanwhile, the last", async () => {
    const { clock, written, offer } = slowWriter();
    void offer(1);
    await clock.advance(millis(50));
    for (const value of [2, 3, 4]) void offer(value);
    await clock.advance(millis(150));
    expect(written).toEqual([1, 4]);
  });

  it("takes one that comes in any turn around the end of the one before", async () => {
    for (let turns = 0; turns < 12; turns++) {
      const { clock, written, offer } = slowWriter();
      const first = offer(1);
      await clock.advance(millis(99));
      clock.setTimer(millis(1), async () => {
        for (let turn = 0; turn < turns; turn++) await undefined;
        void offer(2);
      });
      await clock.advance(seconds(1));
      await first;
      expect(written, `${turns} turns after the end`).toEqual([1, 2]);
    }
  });

  it("settles each call as the run does that took it along, and goes on after a failure", async () => {
    const { clock, written, offer } = slowWriter((value) => value === 1);
    const outcomes = [offer(1)];
    await clock.settle();
    outcomes.push(offer(2), offer(3));
    const settled = Promise.allSettled(outcomes);
    await clock.advance(seconds(1));
    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    expect(written).toEqual([3]);
  });

  it("is busy from the call to the end of the last run, and settled then", async () => {
    const { clock, written, writer, offer } = slowWriter();
    void offer(1);
    expect(writer.busy).toBe(true);
    await clock.settle();
    void offer(2);
    const settled = writer.settled().then(() => [...written]);
    await clock.advance(seconds(1));
    expect(await settled).toEqual([1, 2]);
    expect(writer.busy).toBe(false);
  });
});
