import { describe, expect, it } from "vitest";
import { TransferQueue } from "../../../src/board/kernel/transfer-queue.ts";

describe("The transfer queue", () => {
  it("runs jobs in the order of the calls and never two at once", async () => {
    const queue = new TransferQueue();
    const trace: string[] = [];
    const job = (name: string, turns: number) => async () => {
      trace.push(`${name}+`);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      trace.push(`${name}-`);
      return name;
    };
    const results = await Promise.all([
      queue.run(job("a", 9)),
      queue.run(job("b", 1)),
      queue.run(job("c", 0)),
    ]);
    expect(results).toEqual(["a", "b", "c"]);
    expect(trace).toEqual(["a+", "a-", "b+", "b-", "c+", "c-"]);
  });

  it("lets a failing job fail alone", async () => {
    const queue = new TransferQueue();
    const failing = queue.run(() => Promise.reject(new Error("no")));
    const following = queue.run(() => Promise.resolve(7));
    await expect(failing).rejects.toThrow("no");
    await expect(following).resolves.toBe(7);
  });

  it("finishes what it took before it is closed, and takes nothing after", async () => {
    const queue = new TransferQueue();
    let done = false;
    const running = queue.run(async () => {
      await Promise.resolve();
      done = true;
    });
    await queue.close();
    expect(done).toBe(true);
    await running;
    await expect(queue.run(() => Promise.resolve(1))).rejects.toThrow("closed");
  });
});
