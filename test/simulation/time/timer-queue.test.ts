/** The queue below the virtual clock: in order whatever is set, taken and cancelled in between. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TimerQueue } from "../../../src/simulation/time/timer-queue.ts";

describe("the timer queue", () => {
  it("is empty at first, and again after all was taken or cancelled", () => {
    const queue = new TimerQueue();
    expect([queue.size, queue.nextAt, queue.take()]).toEqual([0, undefined, undefined]);
    const cancel = queue.add(5, () => {});
    queue.add(3, () => {});
    expect([queue.size, queue.nextAt]).toEqual([2, 3]);
    queue.take();
    expect([queue.size, queue.nextAt]).toEqual([1, 5]);
    cancel();
    expect([queue.size, queue.nextAt, queue.take()]).toEqual([0, undefined, undefined]);
  });

  it("forgets nothing by cancelling twice, nor by cancelling what was taken", () => {
    const queue = new TimerQueue();
    const first = queue.add(1, () => {});
    const second = queue.add(2, () => {});
    queue.add(3, () => {});
    queue.take();
    first();
    second();
    second();
    expect([queue.size, queue.nextAt]).toEqual([1, 3]);
  });

  it("does what a sorted list does, for any mixture of setting, taking and cancelling", () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ add: fc.nat(20) }) },
      { weight: 3, arbitrary: fc.record({ cancel: fc.nat(1000) }) },
      { weight: 1, arbitrary: fc.constant({ take: true }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: "max" }), (steps) => {
        const queue = new TimerQueue();
        const cancels: (() => void)[] = [];
        const taken: number[] = [];
        const wanted: number[] = [];
        let model: { at: number; id: number }[] = [];
        for (const each of steps) {
          if ("add" in each) {
            const id = cancels.length;
            cancels.push(queue.add(each.add, () => taken.push(id)));
            model.push({ at: each.add, id });
            model.sort((a, b) => a.at - b.at || a.id - b.id);
          } else if ("cancel" in each) {
            const id = each.cancel % Math.max(1, cancels.length);
            cancels[id]?.();
            model = model.filter((timer) => timer.id !== id);
          } else {
            queue.take()?.();
            const next = model.shift();
            if (next) wanted.push(next.id);
          }
          if (queue.size !== model.length || queue.nextAt !== model[0]?.at)
            expect.unreachable("another queue");
        }
        expect(taken).toEqual(wanted);
      }),
    );
  });
});
