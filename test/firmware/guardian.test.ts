import { describe, expect, it } from "vitest";
import { silentLog } from "../../src/control/log.ts";
import { millis, minutes, seconds } from "../../src/control/units.ts";
import { type GuardedLoop, Guardian } from "../../src/firmware/guardian.ts";
import { VirtualClock } from "../../src/simulation/virtual-clock.ts";

/** A loop that does what the test says. */
class FakeLoop implements GuardedLoop {
  readonly pid = 1;
  readonly killed: string[] = [];
  diesOnTerm = true;
  #beat: () => void = () => {};
  #exit: (code: number | null, signal: string | null) => void = () => {};
  onBeat(listener: () => void): void {
    this.#beat = listener;
  }
  onExit(listener: (code: number | null, signal: string | null) => void): void {
    this.#exit = listener;
  }
  kill(signal: "SIGTERM" | "SIGKILL"): void {
    this.killed.push(signal);
    if (signal === "SIGKILL") this.exit(null, "SIGKILL");
    else if (this.diesOnTerm) this.exit(0);
  }
  beat(): void {
    this.#beat();
  }
  exit(code: number | null, signal: string | null = null): void {
    this.#exit(code, signal);
  }
}

function rig() {
  const clock = new VirtualClock();
  const loops: FakeLoop[] = [];
  const offs: string[] = [];
  const order: string[] = [];
  const guardian = new Guardian({
    clock,
    log: silentLog,
    spawnLoop: () => {
      order.push("spawn");
      const loop = new FakeLoop();
      loops.push(loop);
      return loop;
    },
    forceRelayOff: (why) => {
      order.push("off");
      offs.push(why);
    },
  });
  const exit = { code: undefined as number | undefined };
  void guardian.run().then((code) => {
    exit.code = code;
  });
  const loop = (index = loops.length - 1): FakeLoop => {
    const found = loops[index];
    if (found === undefined) throw new Error("no loop yet");
    return found;
  };
  return { clock, loops, loop, offs, order, guardian, exit };
}

describe("the guardian", () => {
  it("SR-01: forces the relay off before it starts a loop, and again before it starts another", async () => {
    const { order, loop, clock } = rig();
    loop().beat();
    loop().exit(70);
    await clock.advance(seconds(2));
    expect(order).toEqual(["off", "spawn", "off", "spawn"]);
  });

  it("SR-10: turns the line off and kills a loop that says nothing for ten seconds", async () => {
    const { loop, loops, clock, offs } = rig();
    const first = loop();
    for (let n = 0; n < 20; n += 1) {
      first.beat();
      await clock.advance(seconds(9));
    }
    expect(first.killed).toEqual([]);
    await clock.advance(seconds(2));
    expect(first.killed).toEqual(["SIGKILL"]);
    expect(offs.length).toBeGreaterThanOrEqual(2);
    await clock.advance(seconds(2));
    expect(loops.length).toBe(2);
  });

  it("gives a loop a minute for its first sign of life", async () => {
    const { loop, clock } = rig();
    await clock.advance(seconds(59));
    expect(loop().killed).toEqual([]);
    await clock.advance(seconds(2));
    expect(loop(0).killed).toEqual(["SIGKILL"]);
  });

  it("restarts a crashing loop for ever, at most once a minute", async () => {
    const { loop, loops, clock, exit } = rig();
    for (let n = 0; n < 20; n += 1) {
      loop().beat();
      loop().exit(70);
      await clock.advance(minutes(1));
    }
    expect(loops.length).toBe(21);
    expect(exit.code).toBeUndefined();
  });

  it("begins again with a short pause after a loop that lived long", async () => {
    const { loop, loops, clock } = rig();
    for (let n = 0; n < 8; n += 1) {
      loop().exit(70);
      await clock.advance(minutes(1));
    }
    for (let n = 0; n < 60; n += 1) {
      loop().beat();
      await clock.advance(seconds(9));
    }
    const before = loops.length;
    loop().exit(null, "SIGSEGV");
    await clock.advance(millis(1500));
    expect(loops.length).toBe(before + 1);
  });

  it("passes a start-up failure on to the person instead of trying again", async () => {
    const { loop, loops, clock, exit, offs } = rig();
    loop().exit(78);
    await clock.advance(minutes(5));
    expect(exit.code).toBe(78);
    expect(loops.length).toBe(1);
    expect(offs.length).toBe(2);
  });

  it("restarts after such a failure when the loop had been alive before it", async () => {
    const { loop, loops, clock } = rig();
    loop().beat();
    loop().exit(69);
    await clock.advance(seconds(2));
    expect(loops.length).toBe(2);
  });

  it("ends with zero when it is asked to stop, the relay forced off last", async () => {
    const { loop, guardian, clock, exit, order } = rig();
    loop().beat();
    guardian.stop();
    await clock.advance(millis(1));
    expect(exit.code).toBe(0);
    expect(order.at(-1)).toBe("off");
  });

  it("kills a loop that does not end within five seconds of being asked", async () => {
    const { loop, guardian, clock, exit } = rig();
    const stubborn = loop();
    stubborn.diesOnTerm = false;
    stubborn.beat();
    guardian.stop();
    await clock.advance(seconds(6));
    expect(stubborn.killed).toEqual(["SIGTERM", "SIGKILL"]);
    expect(exit.code).toBe(0);
  });

  it("can be stopped while it waits to restart", async () => {
    const { loop, loops, guardian, clock, exit } = rig();
    loop().exit(70);
    await clock.advance(millis(1));
    guardian.stop();
    await clock.advance(minutes(5));
    expect(exit.code).toBe(0);
    expect(loops.length).toBe(1);
  });
});
