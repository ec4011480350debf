/** What the outbox asks of a store, of the real one and of the fake; and the real one against real damage. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import { Outbox } from "../../../src/azure/outbox/outbox.ts";
import { StoredQueue } from "../../../src/azure/outbox/queue.ts";
import { segmentStore } from "../../../src/azure/outbox/segments/store.ts";
import type { OpenStore, OutboxStore } from "../../../src/azure/outbox/store.ts";
import { silentLog } from "../../../src/base/log.ts";
import { millis, wallMillis } from "../../../src/base/units.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import type { ChildLine } from "./child.ts";
import { FakeDisk, FakeHub, range } from "./rig.ts";

const parents: string[] = [];
afterAll(async () => {
  for (const parent of parents) await rm(parent, { recursive: true, force: true });
});

async function freshFolder(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), "grove-heater-outbox-"));
  parents.push(parent);
  return join(parent, "outbox");
}

const wallNow = () => wallMillis(1_780_000_000_000);

interface Kind {
  readonly name: string;
  make(): Promise<OpenStore>;
}
const kinds: readonly Kind[] = [
  {
    name: "fake",
    make: async () => {
      const disk = new FakeDisk(new VirtualClock());
      disk.latency = undefined;
      return disk.open;
    },
  },
  { name: "segment", make: async () => segmentStore(await freshFolder(), wallNow) },
];

const texts = (from: number, through: number) =>
  range(from, through).map((key) => ({ key, text: `text ${key} "ü"` }));

describe.each(kinds)("the $name store", ({ make }) => {
  const durable = { durable: true };

  it("begins empty, without a note", async () => {
    const { store } = await (await make())("none");
    expect(await store.read(0, 10)).toEqual([]);
    expect(await store.readNote()).toBeUndefined();
    await store.close();
  });

  it("gives back what was written, by key, from and up to what was asked", async () => {
    const { store } = await (await make())("none");
    await store.write({ put: texts(90, 120) }, durable);
    await store.write({ put: texts(1, 20), note: "a note" }, { durable: false });
    expect(await store.read(15, 8)).toEqual([...texts(15, 20), ...texts(90, 91)]);
    expect(await store.read(119, 8)).toEqual(texts(119, 120));
    expect(await store.read(121, 8)).toEqual([]);
    expect(await store.readNote()).toBe("a note");
    await store.close();
  });

  it("takes out both ends of a range and whatever is between, with holes", async () => {
    const { store } = await (await make())("none");
    await store.write({ put: [...texts(1, 5), ...texts(9, 12)] }, durable);
    await store.write({ put: texts(13, 13), remove: { from: 4, through: 10 } }, durable);
    expect(await store.read(0, 99)).toEqual([...texts(1, 3), ...texts(11, 13)]);
    await store.close();
  });

  it("still has everything when it is reopened", async () => {
    const open = await make();
    const first = await open("none");
    await first.store.write({ put: texts(1, 1000), note: "kept" }, durable);
    await first.store.close();
    const { store, repaired } = await open("none");
    expect(repaired).toBeUndefined();
    expect(await store.read(1, 2000)).toEqual(texts(1, 1000));
    expect(await store.readNote()).toBe("kept");
    await store.close();
  });
});

/** Virtual time stands still while the real disk works. */
function held(open: OpenStore, clock: VirtualClock): OpenStore {
  const hold = <T>(work: Promise<T>) => clock.holdDuring(work);
  return async (effort) => {
    const opened = await hold(open(effort));
    const { store } = opened;
    const slow: OutboxStore = {
      read: (from, limit) => hold(store.read(from, limit)),
      readNote: () => hold(store.readNote()),
      write: (change, options) => hold(store.write(change, options)),
      close: () => hold(store.close()),
    };
    return { ...opened, store: slow };
  };
}

function outboxOn(folder: string, runId: string) {
  const clock = new VirtualClock();
  const hub = new FakeHub(clock);
  const events: string[] = [];
  const write = (event: string) => events.push(event);
  const outbox = Outbox.open({
    openStore: held(segmentStore(folder, wallNow), clock),
    clock,
    log: { ...silentLog, info: write, warn: write },
    boot: { id: runId, clockZeroMs: millis(0) },
    runId,
    clockFloorMs: wallMillis(0),
    limits: { perSecond: 5000, burst: 10 },
    send: hub.send,
  });
  return { clock, hub, events, outbox };
}

const perFolder = 9000;

/** A folder with several segments. */
async function filledFolder(): Promise<string> {
  const folder = await freshFolder();
  const { outbox, clock } = outboxOn(folder, "before");
  for (const number of range(1, perFolder)) {
    outbox.append({ setPoint: number, temperature: 19 + (number % 97) / 100, heaterOn: number % 2 === 0 });
    if (number % 400 === 0) await clock.advance(millis(1500));
  }
  await clock.advance(millis(60_000));
  await clock.run(outbox.close());
  return folder;
}

const damages: Readonly<Record<string, (path: string) => Promise<void>>> = {
  "is cut in half": async (path) => truncate(path, Math.floor((await stat(path)).size / 2)),
  "is emptied": (path) => truncate(path, 0),
  "is gone": (path) => rm(path),
  "has bytes turned": async (path) => {
    const bytes = await readFile(path);
    for (let at = 20; at < bytes.length; at += 997) bytes[at] = (bytes[at] ?? 0) ^ 0x55;
    await writeFile(path, bytes);
  },
};

describe("a folder of segments", () => {
  const which = { "the oldest": 0, "one in the middle": 2, "the newest": -1 };
  const cases = Object.entries(which).flatMap(([file, at]) =>
    Object.keys(damages).map((damage) => ({ file, at, damage })),
  );

  it.each(cases)(
    "of which $file $damage works again, with what can be saved",
    async ({ at, damage, file }) => {
      const folder = await filledFolder();
      const names = (await readdir(folder)).filter((name) => name.endsWith(".seg")).sort();
      expect(names.length).toBeGreaterThan(3);
      await damages[damage]?.(join(folder, names.at(at) ?? ""));
      const { outbox, clock, hub, events } = outboxOn(folder, "after");
      outbox.append({ setPoint: 999_999 });
      outbox.setOnline(true);
      await clock.advance(millis(900_000));
      const old = hub.firsts.filter((number) => number !== 999_999);
      expect(outbox.status).toMatchObject({ waiting: 0, failure: undefined });
      expect(hub.firsts).toContain(999_999);
      expect(old).toEqual([...old].sort((a, b) => a - b));
      const lost = perFolder - old.length;
      expect(lost).toBeLessThan(3000);
      // Every loss is said and counted. Only what is gone from the very end cannot be told from a kill.
      if (lost > 0 && file !== "the newest") expect(outbox.status.dropped).toBe(lost);
      if (lost > 0 && file !== "the newest") expect(events).toContain("outbox-repaired");
      await clock.run(outbox.close());
    },
  );

  it("that another process holds is left alone, and that is said", async () => {
    const folder = await freshFolder();
    const { store } = await segmentStore(folder, wallNow)("none");
    await expect(segmentStore(folder, wallNow)("none")).rejects.toMatchObject({ code: "locked" });
    await store.close();
    expect(await readdir(dirname(folder))).toEqual(["outbox"]);
  });

  it("that cannot be made is an error of the disk, and nothing is moved aside", async () => {
    const folder = await freshFolder();
    await writeFile(folder, "a file in the way");
    await expect(segmentStore(folder, wallNow)("none")).rejects.toMatchObject({ code: "io" });
    expect(await readFile(folder, "utf8")).toBe("a file in the way");
  });
});

/** A sync begins within a second; a busy disk may need as long for it. */
const promisedWithin = 2000;

describe("a process that is killed at any moment", () => {
  it("loses nothing that it had time to sync, and keeps the order", async () => {
    const folder = await freshFolder();
    const root = fileURLToPath(new URL("../../..", import.meta.url));
    // Beside node_modules, so that the store's package is found.
    const program = join(root, ".cache", "tools", `outbox-child-${process.pid}.mjs`);
    const entry = fileURLToPath(new URL("./child.ts", import.meta.url));
    await build({
      entryPoints: [entry],
      outfile: program,
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      target: "node20",
    });
    const owed = new Set<number>();
    const sent: number[] = [];
    let next = 1;
    for (const round of range(1, 3)) {
      const link = round % 2 === 0 ? "online" : "offline";
      const lines = await runAndKill([program, folder, `run${round}`, String(next), link], 2500 + 97 * round);
      const appended = lines.filter(({ did }) => did === "append");
      const killedAt = lines.at(-1)?.atMs ?? 0;
      for (const { number, atMs } of appended) if (atMs < killedAt - promisedWithin) owed.add(number);
      next = (appended.at(-1)?.number ?? next) + 1;
      sent.push(...lines.filter(({ did }) => did === "send").map(({ number }) => number));
    }
    const { store } = await segmentStore(folder, wallNow)("none");
    const queue = await StoredQueue.load(store, silentLog);
    for (let head = queue.peek(); head !== undefined; head = queue.peek()) {
      if (head === "unread") await queue.fill();
      else {
        sent.push(JSON.parse(head.body).setPoint);
        queue.done(head);
      }
    }
    await queue.close();
    await rm(program);
    const arrived = new Set(sent);
    expect(owed.size).toBeGreaterThan(30);
    expect([...owed].filter((number) => !arrived.has(number))).toEqual([]);
    const firsts = [...arrived];
    expect(firsts).toEqual([...firsts].sort((a, b) => a - b));
  }, 60_000);
});

/** Runs the child for a while from its first message on, by its own clock, and kills it without a warning. */
async function runAndKill(args: readonly string[], forMs: number): Promise<ChildLine[]> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines: ChildLine[] = [];
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line: ChildLine = JSON.parse(text);
    lines.push(line);
    if (line.atMs - (lines[0]?.atMs ?? 0) > forMs) child.kill("SIGKILL");
  });
  await once(child, "close");
  return lines;
}
