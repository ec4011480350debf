/** SR-10 in the other direction: the loop and a guardian that answers, hangs, or was stopped, in virtual time. */
import { describe, expect, it } from "vitest";
import { millis, minutes, seconds } from "../../../src/base/units.ts";
import { GuardianWatch } from "../../../src/firmware/process/silence-watch.ts";
import { StoppableClock } from "../guardian/guardian-rig.ts";

function rig() {
  const clock = new StoppableClock();
  const told: number[] = [];
  const killed: [number, string][] = [];
  let listen = (_message: unknown): void => {};
  const channel = {
    ppid: 100,
    on(_: "message", listener: (message: unknown) => void) {
      listen = listener;
    },
    kill: (pid: number, signal: string) => void killed.push([pid, signal]),
  };
  const watch = new GuardianWatch({ clock, channel, onSilent: () => told.push(clock.now()) });
  const answer = () => listen({ kind: "beat-heard" });
  /** A beat a second, each answered. */
  const answered = async (count: number) => {
    for (let beat = 0; beat < count; beat += 1) {
      await clock.advance(seconds(1));
      answer();
    }
  };
  return {
    clock,
    told,
    killed,
    channel,
    watch,
    answer,
    answered,
    say: (message: unknown) => listen(message),
  };
}

describe("SR-10: the loop", () => {
  it("accepts for hours a guardian that answers", async () => {
    const { told, answered } = rig();
    await answered(7200);
    expect(told).toEqual([]);
  });

  it("notices within 10 s that its guardian answers no more", async () => {
    const { clock, told, answered } = rig();
    await answered(5);
    await clock.advance(seconds(10));
    expect(told).toHaveLength(1);
    expect(told[0]).toBeLessThanOrEqual(15_000);
  });

  it("notices it also of one that never answered, and takes no other message for an answer", async () => {
    const { clock, told, say } = rig();
    for (let second = 0; second < 10; second += 1) {
      await clock.advance(seconds(1));
      for (const message of [{ kind: "watcher", missing: false }, { kind: "beat" }, "beat-heard", undefined])
        say(message);
    }
    expect(told).toHaveLength(1);
  });

  it("reads the answers that waited, before it judges: after a stop of its own", async () => {
    const { clock, told, answer, answered } = rig();
    await answered(3);
    // Stopped for a minute while the guardian answered; the timer fires before the answers are read.
    clock.standStill(minutes(1));
    await clock.advance(millis(9300));
    answer();
    await answered(60);
    expect(told).toEqual([]);
  });

  it("ends no healthy pair after a pause of both, however long the machine was away", async () => {
    const { clock, told, answered } = rig();
    for (const pause of [seconds(2), seconds(30), minutes(600)]) {
      clock.standStill(pause);
      await answered(30);
    }
    expect(told).toEqual([]);
  });

  it("still notices a guardian that hangs on a machine that was away again and again", async () => {
    const { clock, told, answered } = rig();
    await answered(3);
    for (let pause = 0; pause < 8; pause += 1) {
      clock.standStill(seconds(30));
      await clock.advance(seconds(10));
    }
    expect(told).toHaveLength(1);
  });

  it("does nothing after it was stopped", async () => {
    const { clock, told, watch } = rig();
    watch.stop();
    await clock.advance(minutes(5));
    expect(told).toEqual([]);
  });

  it("ends the guardian that was its parent, and no process that took its place", () => {
    const { killed, channel, watch } = rig();
    watch.endGuardian();
    channel.ppid = 1;
    watch.endGuardian();
    expect(killed).toEqual([[100, "SIGKILL"]]);
  });

  it("survives that it may not end its guardian", () => {
    const { channel, watch } = rig();
    channel.kill = () => {
      throw Object.assign(new Error("EPERM"), { code: "EPERM" });
    };
    expect(() => watch.endGuardian()).not.toThrow();
  });
});
