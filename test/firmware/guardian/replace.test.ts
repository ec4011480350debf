/** The guardian where the program of a loop is chosen: updates. */
import { describe, expect, it } from "vitest";
import { millis, minutes, seconds } from "../../../src/base/units.ts";
import { rig } from "./guardian-rig.ts";

describe("the guardian, where the program of a loop is chosen", () => {
  it("SR-01: chooses while the relay is off, and starts nothing before", async () => {
    const { clock, acts, pending, loops } = rig({ chosen: ["pending"] });
    await clock.advance(minutes(1));
    expect(acts()).toEqual(["off", "watch"]);
    pending[0]?.(undefined);
    await clock.advance(millis(1));
    expect(loops.length).toBe(1);
  });

  it("proves that it lives while it waits for the choice", async () => {
    const { clock, proofs } = rig({ chosen: ["pending"] });
    await clock.advance(minutes(1));
    expect(proofs.length).toBeGreaterThanOrEqual(6);
  });

  it("ends when it is asked to while it waits for the choice, and starts no loop", async () => {
    const { clock, guardian, pending, loops, exit, acts } = rig({ chosen: ["pending"] });
    guardian.stop();
    pending[0]?.(undefined);
    await clock.advance(millis(1));
    expect(exit.code).toBe(0);
    expect(loops.length).toBe(0);
    expect(acts().slice(-2)).toEqual(["off", "watcher done"]);
  });

  it("SR-01: replaces a loop with the relay off first, in order, without a pause", async () => {
    const { clock, guardian, loop, loops, acts, exit } = rig({ chosen: [{}, {}] });
    await clock.advance(millis(1));
    loop().beat(true);
    const before = acts().length;
    guardian.replaceLoop("an update is started", "in-order");
    await clock.advance(millis(1));
    expect(acts().slice(before)).toEqual(["off", "SIGTERM", "off", "spawn"]);
    expect(loops.length).toBe(2);
    expect(exit.code).toBeUndefined();
  });

  it("kills a loop that does not end when it is to be replaced, and starts the next one", async () => {
    const { clock, guardian, loop, loops } = rig({ chosen: [{}, {}] });
    await clock.advance(millis(1));
    loop().diesOnTerm = false;
    guardian.replaceLoop("an update is started", "in-order");
    await clock.advance(seconds(6));
    expect(loop(0).killed).toEqual(["SIGTERM", "SIGKILL"]);
    expect(loops.length).toBe(2);
  });

  it("SR-01: kills a loop that failed its trial at once, the relay off before and after", async () => {
    const { clock, guardian, loop, loops, acts } = rig({ chosen: [{}, {}] });
    await clock.advance(millis(1));
    loop().diesOnTerm = false;
    loop().beat(true);
    const before = acts().length;
    guardian.replaceLoop("the update on trial failed", "at-once");
    await clock.advance(millis(1));
    expect(acts().slice(before)).toEqual(["off", "SIGTERM", "SIGKILL", "off", "spawn"]);
    expect(loops.length).toBe(2);
  });

  it("stops for good when it is asked to while it replaces", async () => {
    const { clock, guardian, loop, loops, exit } = rig({ chosen: [{}, {}] });
    await clock.advance(millis(1));
    loop().diesOnTerm = false;
    guardian.replaceLoop("an update is started", "in-order");
    guardian.stop();
    await clock.advance(seconds(8));
    expect(exit.code).toBe(0);
    expect(loops.length).toBe(1);
  });

  it.each([0, 69, 78, 85])("goes on when an update ends with code %i at its start", async (code) => {
    const { clock, loop, loops, ends, exit } = rig({ chosen: [{}, {}] });
    await clock.advance(millis(1));
    loop().exit(code);
    await clock.advance(seconds(2));
    expect(exit.code).toBeUndefined();
    expect(loops.length).toBe(2);
    expect(ends).toEqual([[false, `exit code ${code}`]]);
  });

  it("passes the same code of its own program on to the person", async () => {
    const { clock, loop, exit } = rig({ chosen: [{ isFactory: true }] });
    await clock.advance(millis(1));
    loop().exit(78);
    await clock.advance(seconds(2));
    expect(exit.code).toBe(78);
  });
});
