import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hours, millis, seconds, wallMillis } from "../../../src/base/units.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

describe("the virtual clock", () => {
  it("stands still until it is moved", () => {
    const clock = new VirtualClock({ start: millis(500) });
    expect(clock.now()).toBe(500);
  });

  it("fires timers in the order of their instants, and those of one instant in the order they were set", async () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.setTimer(millis(20), () => fired.push("late"));
    clock.setTimer(millis(10), () => fired.push("first at 10"));
    clock.setTimer(millis(10), () => fired.push("second at 10"));
    clock.setTimer(millis(-5), () => fired.push("overdue"));
    await clock.advance(millis(20));
    expect(fired).toEqual(["overdue", "first at 10", "second at 10", "late"]);
  });

  it("shows each timer its own instant and ends where it was told", async () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    for (const delay of [3, 1, 2]) clock.setTimer(millis(delay), () => seen.push(clock.now()));
    await clock.advance(millis(10));
    expect(seen).toEqual([1, 2, 3]);
    expect(clock.now()).toBe(10);
  });

  it("lets a promise chain come to rest before the next timer", async () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    void (async () => {
      await clock.sleep(millis(10));
      for (let i = 0; i < 50; i++) await Promise.resolve();
      order.push(`chain at ${clock.now()}`);
      await clock.sleep(millis(1));
      order.push(`chain at ${clock.now()}`);
    })();
    clock.setTimer(millis(10.5), () => order.push("timer at 10.5"));
    await clock.advance(millis(20));
    expect(order).toEqual(["chain at 10", "timer at 10.5", "chain at 11"]);
  });

  it("does not fire a cancelled timer, and cancelling late is harmless", async () => {
    const clock = new VirtualClock();
    let fired = 0;
    const cancel = clock.setTimer(millis(5), () => fired++);
    const late = clock.setTimer(millis(1), () => fired++);
    cancel();
    cancel();
    await clock.advance(millis(10));
    late();
    expect(fired).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it("keeps the order for any mixture of set and cancelled timers", async () => {
    const plan = fc.array(fc.record({ delay: fc.nat(50), cancelled: fc.boolean() }), { maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(plan, async (timers) => {
        const clock = new VirtualClock();
        const fired: number[] = [];
        const cancels = timers.map(({ delay }, index) =>
          clock.setTimer(millis(delay), () => fired.push(index)),
        );
        timers.forEach(({ cancelled }, index) => {
          if (cancelled) cancels[index]?.();
        });
        const expected = timers
          .map((timer, index) => ({ ...timer, index }))
          .filter((timer) => !timer.cancelled)
          .sort((a, b) => a.delay - b.delay || a.index - b.index)
          .map((timer) => timer.index);
        expect(clock.pendingTimers).toBe(expected.length);
        await clock.advance(millis(50));
        expect(fired).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it("hands over what a timer throws, and goes on afterwards", async () => {
    const clock = new VirtualClock();
    clock.setTimer(millis(1), () => {
      throw new Error("broken part");
    });
    let fired = false;
    clock.setTimer(millis(2), () => {
      fired = true;
    });
    await expect(clock.advance(millis(5))).rejects.toThrow("broken part");
    await clock.advance(millis(5));
    expect(fired).toBe(true);
  });

  it("jumps in wall time without moving monotonic time or timers", async () => {
    const clock = new VirtualClock({ wallStart: wallMillis(0) });
    await clock.advance(seconds(1));
    expect(clock.wallNow()).toBe(1000);
    clock.jumpWallTo(wallMillis(5_000_000));
    expect(clock.now()).toBe(1000);
    await clock.advance(seconds(1));
    expect(clock.wallNow()).toBe(5_001_000);
  });

  it("stands still while real work is under way", async () => {
    const clock = new VirtualClock();
    let finish = () => {};
    const work = new Promise<void>((resolve) => {
      finish = resolve;
    });
    clock.setTimer(millis(10), () => {
      void clock.holdDuring(work);
    });
    let later = false;
    clock.setTimer(millis(11), () => {
      later = true;
    });
    const passed = clock.advance(seconds(1));
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect([clock.now(), later]).toEqual([10, false]);
    finish();
    await passed;
    expect([clock.now(), later]).toEqual([1000, true]);
  });

  it("runs a piece of work for just as long as it takes", async () => {
    const clock = new VirtualClock();
    const work = async () => {
      await clock.sleep(millis(15));
      return "read";
    };
    expect(await clock.run(work())).toBe("read");
    expect(clock.now()).toBe(15);
    await expect(clock.run(Promise.reject(new Error("nack")))).rejects.toThrow("nack");
  });

  it("says so when a piece of work hangs", async () => {
    const clock = new VirtualClock();
    const never = new Promise<void>(() => {});
    await expect(clock.run(never)).rejects.toThrow("no timer is left");
    const ticking = () => {
      clock.setTimer(seconds(1), ticking);
    };
    ticking();
    await expect(clock.run(never, seconds(10))).rejects.toThrow("10000 ms have passed");
  });

  it("refuses two movers at once, and timers that never let time pass", async () => {
    const clock = new VirtualClock();
    const first = clock.advance(seconds(1));
    await expect(clock.advance(seconds(1))).rejects.toThrow("advancing already");
    await first;
    const spin = () => {
      clock.setTimer(millis(0), spin);
    };
    spin();
    await expect(clock.advance(seconds(1))).rejects.toThrow("time does not advance");
  });

  it("never ends a day short, whatever the stride", async () => {
    const clock = new VirtualClock();
    let ticks = 0;
    const tick = () => {
      ticks++;
      clock.setTimer(seconds(10), tick);
    };
    clock.setTimer(seconds(10), tick);
    for (let hour = 0; hour < 24; hour++) await clock.advance(hours(1));
    expect(ticks).toBe(8640);
  });
});
