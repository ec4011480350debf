/** What proves the health of an update, and what does not. */
import { describe, expect, it } from "vitest";
import { millis, minutes, seconds } from "../../../src/base/units.ts";
import type { LoopToGuardian } from "../../../src/firmware/process/messages.ts";
import { Trial, trialLimit, trialTicks } from "../../../src/firmware/update/trial.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

const well = { kind: "health", sensor: true, relay: true, storage: true } as const;

function trial(unreadable: () => string | undefined = () => undefined, sensorFailed = false) {
  const clock = new VirtualClock();
  const verdicts: string[] = [];
  const judge = new Trial({
    clock,
    limit: trialLimit,
    protocols: [1, 2],
    unreadable,
    sensorFailed,
    onHealthy: (sensorRead) => void verdicts.push(sensorRead ? "healthy" : "healthy without the sensor"),
    onFailed: (why) => void verdicts.push(why),
  });
  const say = (...said: LoopToGuardian[]): void => {
    for (const message of said) judge.handle(message);
  };
  /** One beat a second. */
  const live = async (beats: number): Promise<void> => {
    for (let beat = 0; beat < beats; beat += 1) {
      say({ kind: "beat", heaterOn: false });
      await clock.advance(seconds(1));
    }
  };
  return { clock, verdicts, judge, say, live };
}

describe("a trial", () => {
  it("is passed after a minute of steps with sensor, relay and storage well", async () => {
    const { verdicts, say, live } = trial();
    say({ kind: "hello", protocol: 2 }, well);
    await live(trialTicks - 1);
    expect(verdicts).toEqual([]);
    await live(1);
    expect(verdicts).toEqual(["healthy"]);
  });

  it("is not passed sooner by many steps in a second", async () => {
    const { verdicts, say, clock } = trial();
    say({ kind: "hello", protocol: 1 }, well);
    for (let beat = 0; beat < 500; beat += 1) {
      say({ kind: "beat", heaterOn: false });
      await clock.advance(millis(20));
    }
    expect(verdicts).toEqual([]);
  });

  it.each([
    ["no good reading", { sensor: false }],
    ["relay's line does not follow", { relay: false }],
    ["settings or state could not be read or stored", { storage: false }],
  ])("fails in the end with its reason: %s", async (why, bad) => {
    const { verdicts, say, live } = trial();
    say({ kind: "hello", protocol: 1 }, { ...well, ...bad });
    await live(170);
    expect(verdicts).toEqual([]);
    await live(11);
    expect(verdicts).toHaveLength(1);
    expect(verdicts[0]).toContain(why);
  });

  it("does not blame the image for a sensor that failed before it: the other checks decide", async () => {
    const { verdicts, say, live } = trial(undefined, true);
    say({ kind: "hello", protocol: 1 }, { ...well, sensor: false });
    await live(trialTicks);
    expect(verdicts).toEqual(["healthy without the sensor"]);
    const mended = trial(undefined, true);
    mended.say({ kind: "hello", protocol: 1 }, well);
    await mended.live(trialTicks);
    expect(mended.verdicts).toEqual(["healthy"]);
  });

  it.each([{ relay: false }, { storage: false }])("waives no other check for it: %o", async (bad) => {
    const { verdicts, say, live } = trial(undefined, true);
    say({ kind: "hello", protocol: 1 }, { ...well, sensor: false, ...bad });
    await live(181);
    expect(verdicts).toHaveLength(1);
    expect(verdicts[0]).not.toContain("healthy");
  });

  it("counts the health of the end, not that of the beginning", async () => {
    const { verdicts, say, live } = trial();
    say({ kind: "hello", protocol: 1 }, well);
    await live(30);
    say({ ...well, relay: false });
    await live(60);
    expect(verdicts).toEqual([]);
    say(well);
    await live(1);
    expect(verdicts).toEqual(["healthy"]);
  });

  it("fails at once when the loop speaks a protocol that this guardian does not know", () => {
    const { verdicts, say } = trial();
    say({ kind: "hello", protocol: 7 });
    expect(verdicts).toEqual(["its loop uses protocol 7, but this guardian supports 1, 2"]);
  });

  it("fails when the loop never says which protocol it speaks", async () => {
    const { verdicts, say, live } = trial();
    say(well);
    await live(181);
    expect(verdicts).toEqual(["it did not send its protocol version"]);
  });

  it("fails when the stored state is one that the firmware before cannot read", async () => {
    const { verdicts, say, live } = trial(() => "it stored state of version 2");
    say({ kind: "hello", protocol: 1 }, well);
    await live(181);
    expect(verdicts).toEqual(["it stored state of version 2"]);
  });

  it("fails when the loop takes no step", async () => {
    const { verdicts, clock, say } = trial();
    say({ kind: "hello", protocol: 1 });
    await clock.advance(minutes(3));
    expect(verdicts).toEqual(["it made no step"]);
  });

  it("says nothing more once it is over", async () => {
    const { verdicts, clock, say, judge, live } = trial();
    judge.stop();
    say({ kind: "hello", protocol: 9 }, well);
    await live(100);
    await clock.advance(minutes(5));
    expect(verdicts).toEqual([]);
  });
});
