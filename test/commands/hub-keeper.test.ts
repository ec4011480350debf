import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { HubKeeper } from "../../src/commands/hub-keeper.ts";
import { seconds } from "../../src/control/units.ts";
import { VirtualClock } from "../../src/simulation/virtual-clock.ts";
import { type LogLine, recordingLog } from "../hub/running-hub.ts";

/** The other end of a channel. What is sent has arrived only when the test says so. */
class FakeProcess extends EventEmitter {
  connected = true;
  readonly sent: { readonly kind?: string }[] = [];
  readonly killed: string[] = [];
  readonly #onTheirWay: (() => void)[] = [];

  send(message: object, done: () => void): boolean {
    if (!this.connected) throw new Error("the channel is closed");
    this.sent.push(message);
    this.#onTheirWay.push(done);
    return true;
  }

  arrived(): void {
    for (const done of this.#onTheirWay.splice(0)) done();
  }

  kill(signal: string): boolean {
    this.killed.push(signal);
    return true;
  }

  end(code: number | null): void {
    this.connected = false;
    this.emit("exit", code);
  }
}

function rig() {
  const hubs: FakeProcess[] = [];
  const lines: LogLine[] = [];
  const clock = new VirtualClock();
  const startHub = (): ChildProcess => {
    hubs.push(new FakeProcess());
    return hubs.at(-1) as unknown as ChildProcess;
  };
  const keeper = new HubKeeper({ dataPath: "/data", log: recordingLog(lines), quiet: true, startHub, clock });
  const loop = new FakeProcess();
  const wanted = (by: FakeProcess): void => keeper.wantedBy(by as unknown as ChildProcess);
  return { keeper, hubs, lines, clock, loop, wanted, hub: () => hubs.at(-1) ?? new FakeProcess() };
}

const ready = { kind: "hub-ready", page: "http://localhost:8780/", credentials: "/data/hub/device" };
const press = (count: number) => ({ kind: "panel-pressed", key: "a", down: true, count });

describe("the keeper of the local hub", () => {
  it("starts one hub when a loop wants it, tells each loop where it stands, and starts no second one", () => {
    const { hubs, hub, loop, wanted } = rig();
    wanted(loop);
    expect(loop.sent).toEqual([]);
    hub().emit("message", ready);
    expect(loop.sent).toEqual([ready]);
    const next = new FakeProcess();
    wanted(next);
    expect(next.sent).toEqual([ready]);
    expect(hubs).toHaveLength(1);
  });

  it("hands on the page's key presses, at most 20 that wait, and again when those have arrived", () => {
    const { hub, loop, wanted } = rig();
    wanted(loop);
    for (let count = 0; count < 25; count += 1) hub().emit("message", press(count));
    expect(loop.sent).toEqual(Array.from({ length: 20 }, (_, count) => press(count)));
    loop.arrived();
    hub().emit("message", press(99));
    expect(loop.sent.at(-1)).toEqual(press(99));
    expect(loop.sent).toHaveLength(21);
  });

  it("lets a key press go that comes while the loop is gone, and hands on the next one to the next loop", () => {
    const { hub, loop, wanted } = rig();
    wanted(loop);
    loop.end(70);
    hub().emit("message", press(1));
    hub().emit("message", ready);
    expect(loop.sent).toEqual([]);
    const next = new FakeProcess();
    wanted(next);
    hub().emit("message", press(2));
    expect(next.sent).toEqual([ready, press(2)]);
  });

  it("shows the hub the newest picture of the panel, and that the loop is gone", () => {
    const { hub, loop, wanted } = rig();
    wanted(loop);
    hub().emit("message", ready);
    loop.emit("message", { kind: "panel-shown", turn: 1 });
    loop.emit("message", { kind: "panel-shown", turn: 2 });
    loop.emit("message", { kind: "panel-shown", turn: 3 });
    loop.emit("message", { kind: "else" });
    hub().arrived();
    expect(hub().sent).toEqual([
      { kind: "panel-shown", turn: 1 },
      { kind: "panel-shown", turn: 3 },
    ]);
    hub().arrived();
    loop.end(70);
    expect(hub().sent.at(-1)).toEqual({ kind: "panel-gone" });
  });

  it("starts a hub that was lost again, after a pause that doubles until one stands", async () => {
    const { hubs, hub, loop, lines, clock, wanted } = rig();
    wanted(loop);
    for (const [pause, count] of [
      [2, 2],
      [4, 3],
    ] as const) {
      hub().end(1);
      expect(lines.at(-1)).toMatchObject({ event: "hub-lost", fields: { code: 1, restartInSeconds: pause } });
      await clock.advance(seconds(pause - 1));
      expect(hubs).toHaveLength(count - 1);
      await clock.advance(seconds(1));
      expect(hubs).toHaveLength(count);
    }
    hub().emit("message", ready);
    hub().end(null);
    expect(lines.at(-1)).toMatchObject({ fields: { restartInSeconds: 2 } });
  });

  it.each([78, 74])(
    "leaves a hub alone that ended with %i: a person has to act, and is told",
    async (code) => {
      const { hubs, hub, loop, lines, clock, wanted } = rig();
      wanted(loop);
      hub().end(code);
      await clock.advance(seconds(200));
      expect(hubs).toHaveLength(1);
      expect(lines.at(-1)).toMatchObject({ event: "hub-not-running", fields: { code } });
    },
  );

  it("ends its hub when it is stopped, and starts none after that", async () => {
    const { keeper, hubs, hub, loop, clock, wanted } = rig();
    wanted(loop);
    keeper.stop();
    expect(hub().killed).toEqual(["SIGTERM"]);
    hub().end(0);
    wanted(loop);
    await clock.advance(seconds(200));
    expect(hubs).toHaveLength(1);
  });
});
