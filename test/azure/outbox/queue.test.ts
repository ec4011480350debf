/** The stored queue on the real store, in a real folder, with messages lost to damage. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { Entry } from "../../../src/azure/outbox/entry.ts";
import { StoredQueue } from "../../../src/azure/outbox/queue.ts";
import { segmentStore } from "../../../src/azure/outbox/segments/store.ts";
import { silentLog } from "../../../src/base/log.ts";
import { wallMillis } from "../../../src/base/units.ts";

function freshFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), "grove-heater-queue-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, "outbox");
}

async function opened(folder: string) {
  const { store, repaired } = await segmentStore(folder, () => wallMillis(1_780_000_000_000))("none");
  return { queue: await StoredQueue.load(store, silentLog), lost: repaired?.lost ?? 0 };
}

const message = (id: string): Entry => ({ id, stamp: { boot: "b", upMs: 1, wallMs: 2 }, body: "{}" });

/** Takes out and finishes what waits, in order. */
async function drained(queue: StoredQueue): Promise<string[]> {
  const ids: string[] = [];
  // Bounded, so that a queue that never comes to its end fails instead of hanging.
  for (let step = 0; step < 100; step++) {
    const oldest = queue.peek();
    if (oldest === undefined) return ids;
    if (oldest === "unread") await queue.fill();
    else {
      ids.push(oldest.id);
      queue.done(oldest);
    }
  }
  throw new Error(`the queue does not come to its end after ${ids.join()}`);
}

function damage(folder: string, id: string): void {
  const [name = ""] = readdirSync(folder).filter((each) => each.endsWith(".seg"));
  const path = join(folder, name);
  const text = readFileSync(path, "latin1");
  expect(text).toContain(`"${id}"`);
  writeFileSync(path, text.replace(`"${id}"`, `"${id.slice(0, -1)}~"`), "latin1");
}

it("a message is counted when it is lost, also of the first ones after all earlier ones were sent", async () => {
  const folder = freshFolder();
  const first = await opened(folder);
  await first.queue.write(["a1", "a2", "a3", "a4"].map(message));
  expect(await drained(first.queue)).toEqual(["a1", "a2", "a3", "a4"]);
  await first.queue.write([]);
  await first.queue.close();
  const second = await opened(folder);
  await second.queue.write(["b1", "b2", "b3"].map(message));
  await second.queue.close();
  damage(folder, "b2");
  const third = await opened(folder);
  expect(third.lost).toBe(1);
  expect(await drained(third.queue)).toEqual(["b1", "b3"]);
  await third.queue.close();
});

it("a queue whose last message was lost comes to its end, and goes on with what is written next", async () => {
  const folder = freshFolder();
  const first = await opened(folder);
  await first.queue.write(["a1", "a2"].map(message));
  await first.queue.close();
  damage(folder, "a2");
  const second = await opened(folder);
  expect(second.lost).toBe(1);
  expect(await drained(second.queue)).toEqual(["a1"]);
  await second.queue.write([message("a3")]);
  expect(await drained(second.queue)).toEqual(["a3"]);
  await second.queue.close();
});
