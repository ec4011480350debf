import { describe, expect, it } from "vitest";
import { millis, minutes, seconds } from "../../../src/base/units.ts";
import { rig } from "./guardian-rig.ts";

describe("the guardian", () => {
  it("SR-01: forces the relay off before it starts a loop, and again before it starts another", async () => {
    const { acts, loop, clock } = rig();
    loop().beat();
    loop().exit(70);
    await clock.advance(seconds(2));
    expect(acts()).toEqual(["off", "watch", "spawn", "off", "spawn"]);
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

  it("gives the next one twice as long, so that a very slow machine heats in the end", async () => {
    const { loop, loops, clock } = rig();
    await clock.advance(seconds(62));
    expect(loops.length).toBe(2);
    await clock.advance(seconds(115));
    expect(loop(1).killed).toEqual([]);
    loop(1).beat();
    loop(1).exit(70);
    await clock.advance(seconds(64));
    expect(loop(2).killed).toEqual(["SIGKILL"]);
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
    const { loop, guardian, clock, exit, acts } = rig();
    loop().beat();
    guardian.stop();
    await clock.advance(millis(1));
    expect(exit.code).toBe(0);
    expect(acts().slice(-2)).toEqual(["off", "watcher done"]);
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

  it("SR-01: turns the line off before it asks a loop to end, and before it says anything of a silent one", async () => {
    const stopped = rig();
    stopped.loop().diesOnTerm = false;
    stopped.loop().beat(true);
    stopped.guardian.stop();
    expect(stopped.order.slice(-2)).toEqual(["off", "SIGTERM"]);
    const silent = rig();
    silent.loop().beat(true);
    await silent.clock.advance(seconds(10));
    const after = silent.order.slice(silent.order.indexOf("spawn") + 1);
    expect(after.slice(0, 4)).toEqual(["off", "SIGKILL", "off", "log loop-silent"]);
  });

  it("has the line watched as soon as it is found, and once", async () => {
    const { loop, clock, acts, world } = rig({ found: false });
    loop().exit(70);
    world.found = true;
    await clock.advance(seconds(2));
    loop().exit(70);
    await clock.advance(seconds(3));
    expect(acts()).toEqual(["off", "spawn", "off", "spawn", "off", "watch", "spawn"]);
  });

  it("SR-01: does not tell the watcher that all is well while the line was not read back off", async () => {
    const { loop, guardian, clock, exit, acts, world } = rig();
    loop().beat();
    world.off = false;
    guardian.stop();
    await clock.advance(millis(1));
    expect(exit.code).toBe(0);
    expect(acts()).not.toContain("watcher done");
  });

  it("SR-01: keeps a line off while a killed loop hangs in the kernel", async () => {
    const { loop, loops, clock, offs } = rig();
    loop().diesOnKill = false;
    loop().beat(true);
    await clock.advance(seconds(10));
    const before = offs.length;
    await clock.advance(seconds(5));
    expect(offs.length).toBe(before + 5);
    expect(loops.length).toBe(1);
    loop().exit(null, "SIGKILL");
    await clock.advance(millis(1));
    const after = offs.length;
    await clock.advance(minutes(1));
    expect(loops.length).toBe(2);
    expect(offs.length).toBe(after);
  });

  it("ends also when a loop can be neither asked nor killed", async () => {
    const { loop, guardian, clock, exit, acts } = rig();
    Object.assign(loop(), { diesOnTerm: false, diesOnKill: false });
    loop().beat(true);
    guardian.stop();
    guardian.stop();
    await clock.advance(seconds(8));
    expect(exit.code).toBe(0);
    expect(loop().killed).toEqual(["SIGTERM", "SIGKILL"]);
    expect(acts().slice(-2)).toEqual(["off", "watcher done"]);
  });

  it.each(["ENOMEM", "EAGAIN", "EMFILE"])(
    "tries again with growing pauses, the relay off, when a loop cannot be started for %s",
    async (code) => {
      const { clock, loops, world, loop, acts, exit } = rig();
      world.spawnFails.push(code, code, code);
      loop().beat();
      loop().exit(70);
      await clock.advance(millis(1100));
      expect(world.spawnFails.length).toBe(2);
      await clock.advance(millis(2000));
      expect(world.spawnFails.length).toBe(1);
      await clock.advance(millis(4000));
      expect([loops.length, world.spawnFails.length]).toEqual([1, 0]);
      await clock.advance(seconds(8));
      expect(loops.length).toBe(2);
      expect(acts().at(-2)).toBe("off");
      expect(exit.code).toBeUndefined();
    },
  );

  it("kills no healthy loop because it stood still itself, as after SIGSTOP or a suspended machine", async () => {
    const { loop, clock } = rig();
    loop().beat(true);
    await clock.advance(seconds(5));
    clock.standStill(minutes(10));
    // The timers of then fire first, the signs of life that wait are read after them.
    await clock.advance(seconds(6));
    expect(loop().killed).toEqual([]);
    loop().beat(true);
    await clock.advance(seconds(9));
    expect(loop().killed).toEqual([]);
    await clock.advance(seconds(1));
    expect(loop().killed).toEqual(["SIGKILL"]);
  });

  it("reads the signs of life that wait before it judges", async () => {
    const { loop, clock } = rig();
    loop().beat(true);
    await clock.advance(millis(9800));
    // Its timer has fired; what the loop said meanwhile is read in the next turn.
    loop().beat(true);
    await clock.advance(seconds(9));
    expect(loop().killed).toEqual([]);
  });

  it("SR-10: finds a hung loop also on a machine that stands still again and again", async () => {
    const { loop, clock } = rig();
    loop().beat(true);
    for (let n = 0; n < 20 && loop().killed.length === 0; n += 1) {
      clock.standStill(seconds(5));
      await clock.advance(seconds(10));
    }
    expect(loop(0).killed).toEqual(["SIGKILL"]);
  });

  it("Ctrl-Z: the line off, the loop ended, the line off again, and only then stopped; a fresh loop afterwards", async () => {
    const { loop, loops, guardian, clock, acts } = rig();
    loop().beat(true);
    const from = acts().length;
    guardian.pause();
    guardian.pause();
    await clock.advance(millis(1));
    expect(acts().slice(from)).toEqual(["off", "SIGTERM", "off", "paused", "spawn"]);
    expect(loops.length).toBe(2);
  });

  it("Ctrl-Z stops nothing before a loop that hangs is gone", async () => {
    const { loop, guardian, clock, acts, world } = rig();
    world.diesOnTerm = false;
    loop().diesOnTerm = false;
    loop().beat(true);
    const from = acts().length;
    guardian.pause();
    await clock.advance(seconds(4));
    expect(acts().slice(from)).toEqual(["off", "SIGTERM"]);
    await clock.advance(seconds(2));
    expect(acts().slice(from)).toEqual(["off", "SIGTERM", "SIGKILL", "off", "paused", "spawn"]);
  });

  it("Ctrl-Z while it waits to restart, and an end asked for while a pause is under way", async () => {
    const waiting = rig();
    waiting.loop().exit(70);
    await waiting.clock.advance(millis(1));
    waiting.guardian.pause();
    await waiting.clock.advance(millis(1));
    expect(waiting.acts().slice(-2)).toEqual(["paused", "spawn"]);
    const ending = rig();
    ending.loop().diesOnTerm = false;
    ending.loop().beat(true);
    ending.guardian.pause();
    ending.guardian.stop();
    ending.loop().exit(0);
    await ending.clock.advance(millis(1));
    expect(ending.exit.code).toBe(0);
    expect(ending.acts()).not.toContain("paused");
  });

  it("SR-08: tells the next loop for how long the relay has been off", async () => {
    const { loop, clock, offFor } = rig();
    loop().beat(true);
    await clock.advance(seconds(5));
    loop().exit(70);
    await clock.advance(seconds(1));
    expect(offFor).toEqual([undefined, 1000]);
    // Off by the loop's own word, and long before it ended.
    loop().beat(true);
    loop().beat(false);
    await clock.advance(seconds(7));
    loop().exit(85);
    await clock.advance(millis(1));
    expect(offFor.slice(2)).toEqual([7000]);
    // One that heated nothing changes nothing of that.
    loop().beat(false);
    await clock.advance(seconds(3));
    loop().exit(85);
    await clock.advance(millis(1));
    expect(offFor[3]).toBeCloseTo(10_001);
  });

  it("SR-08: counts from when the line was found on, also when no loop had said so", async () => {
    const { loop, clock, offFor, world } = rig();
    loop().beat(false);
    world.wasOn = true;
    loop().exit(null, "SIGSEGV");
    await clock.advance(seconds(1));
    expect(offFor).toEqual([undefined, 1000]);
  });
});

describe("the guardian's proof for whoever watches it", () => {
  it("is the guardian's own until the first beat, then each beat and nothing else", async () => {
    const { loop, clock, proofs } = rig();
    await clock.advance(seconds(25));
    expect(proofs).toEqual([0, 10_000, 20_000]);
    loop().beat(true);
    await clock.advance(seconds(9));
    expect(proofs.slice(3)).toEqual([25_000]);
  });

  it("comes back while a lost loop is waited for: the relay is off", async () => {
    const { loop, clock, proofs } = rig();
    loop().beat(true);
    loop().exit(70);
    // At once, by the line that was read back off; then in the pause before the next loop.
    const before = proofs.length;
    expect(before).toBe(3);
    await clock.advance(seconds(10));
    expect(proofs.length).toBeGreaterThan(before);
  });

  it("ends while a loop that hangs cannot be killed", async () => {
    const { loop, clock, proofs } = rig();
    loop().beat(true);
    loop().diesOnKill = false;
    const before = proofs.length;
    await clock.advance(seconds(300));
    expect(proofs).toHaveLength(before);
  });
});
