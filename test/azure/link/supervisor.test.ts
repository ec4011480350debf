/** The loop itself, in virtual time: days of trouble in a second. */
import { describe, expect, it } from "vitest";
import { type CloudOptions, openCloud } from "../../../src/azure/azure.ts";
import type { Credentials } from "../../../src/azure/credentials/credentials.ts";
import { Secret } from "../../../src/azure/credentials/secret.ts";
import { earliestWallTime } from "../../../src/base/clock.ts";
import { hours, millis, minutes, seconds, wallMillis } from "../../../src/base/units.ts";
import { memoryFiles } from "../../../src/firmware/storage/durable-files.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { deviceKey, Recorder } from "../rig.ts";

const proof = { kind: "key", key: new Secret(deviceKey) } as const;
const toHub: Credentials = { target: { kind: "hub", host: "hub.example", deviceId: "d" }, proof };
const toDps: Credentials = {
  target: { kind: "dps", endpoint: "dps.example", idScope: "0ne00000001", registrationId: "d" },
  proof,
};

const rightClock = () => new VirtualClock({ wallStart: earliestWallTime });

/** A device whose manifest names no host at all: every attempt ends before a packet. */
function start(credentials: Credentials, clock = rightClock(), more: Partial<CloudOptions> = {}) {
  const seen = new Recorder();
  const attempts: number[] = [];
  const refuseHost = () => {
    attempts.push(clock.now());
    return Object.assign(new Error("EPERM"), { code: "EPERM" });
  };
  const link = openCloud({
    credentials,
    clock,
    log: seen.log,
    dataPath: "/data",
    files: memoryFiles(),
    handlers: seen.handlers,
    modelId: "dtmi:groveHeater:heater;1",
    refuseHost,
    random: () => 0.5,
    ...more,
  });
  return { link, seen, attempts, clock };
}

describe("the supervisor", () => {
  it.each([
    ["a hub", toHub],
    ["DPS", toDps],
  ])(
    "asks for %s that it may not reach ever more seldom, all day, and leaves nothing behind",
    async (_name, to) => {
      const { link, seen, attempts, clock } = start(to);
      await clock.advance(hours(24));
      expect(attempts.length).toBeGreaterThan(24 * 12);
      expect(attempts.length).toBeLessThan(24 * 30);
      for (let at = 1; at < attempts.length; at++) {
        expect((attempts[at] ?? 0) - (attempts[at - 1] ?? 0)).toBeGreaterThanOrEqual(10_000);
      }
      expect(seen.cause).toBe("host-not-granted");
      // Told once, not at every attempt.
      expect(seen.links.filter(({ code }) => code === "host-not-granted")).toHaveLength(1);
      await clock.run(link.close());
      expect(clock.pendingTimers).toBe(0);
    },
    // A loaded machine takes its time over a thousand attempts.
    120_000,
  );

  it("leaves of an attempt at DPS that has failed nothing but the wait for the next one", async () => {
    const { link, seen, attempts, clock } = start(toDps);
    while (seen.cause === undefined && clock.now() < 10_000) await clock.advance(millis(1));
    expect(attempts).toHaveLength(1);
    expect(clock.pendingTimers).toBe(1);
    await clock.run(link.close());
  });

  it("has told its end and left nothing to do by the time that close is over", async () => {
    const { link, seen, clock } = start(toHub);
    await clock.advance(seconds(1));
    await link.close();
    expect(seen.links.at(-1)).toEqual({ state: "offline", code: undefined, text: "" });
    expect(clock.pendingTimers).toBe(0);
  });

  it("goes to a hub on this machine although the clock is in the past: it is the hub's too", async () => {
    const clock = new VirtualClock({ wallStart: wallMillis(1000) });
    const { link, seen, attempts } = start(toHub, clock, { sharesClock: true });
    await clock.advance(seconds(6));
    expect(attempts.length).toBeGreaterThan(0);
    expect(seen.links.map(({ code }) => code)).not.toContain("clock-wrong");
    await clock.run(link.close());
  });

  it("sends nothing and signs nothing while the clock is decades ahead, and begins when it is set", async () => {
    const clock = new VirtualClock({ wallStart: wallMillis(Date.UTC(2099, 0)) });
    const { link, seen, attempts } = start(toHub, clock);
    await clock.advance(minutes(10));
    expect(seen.cause).toBe("clock-wrong");
    expect(attempts).toEqual([]);
    clock.jumpWallTo(earliestWallTime);
    await clock.advance(seconds(6));
    expect(attempts).toHaveLength(1);
    await clock.run(link.close());
  });

  it("sends nothing while the clock is in the past, and begins within seconds of its being set", async () => {
    const clock = new VirtualClock({ wallStart: wallMillis(1000) });
    const { link, seen, attempts } = start(toHub, clock);
    await clock.advance(minutes(10));
    expect(seen.cause).toBe("clock-wrong");
    expect(attempts).toEqual([]);
    clock.jumpWallTo(wallMillis(earliestWallTime - minutes(11)));
    await clock.advance(minutes(10));
    expect(attempts).toEqual([]);
    clock.jumpWallTo(earliestWallTime);
    await clock.advance(seconds(6));
    expect(attempts).toHaveLength(1);
    await clock.run(link.close());
    expect(clock.pendingTimers).toBe(0);
  });
});
