import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hours, minutes, seconds } from "../../../src/base/units.ts";
import type { Delivery } from "../../../src/firmware/alerts/deliver.ts";
import { condition, rig } from "./rig.ts";

const away: Delivery = { kind: "later", reason: "no network", forPerson: false };
const fault = condition("no-sensor");

describe("a person is told of a fault", () => {
  it("once when it begins, and once when it is over", async () => {
    const { start, clock, said, received } = rig();
    const alerts = await start();
    alerts.observe([fault]);
    await clock.advance(hours(3));
    expect(said()).toEqual(["no-sensor active"]);
    expect(received[0]).toMatchObject({
      device: "kitchen",
      severity: "critical",
      title: "NO-SENSOR",
      times: 1,
    });
    alerts.observe([]);
    await clock.advance(hours(3));
    expect(said()).toEqual(["no-sensor active", "no-sensor cleared"]);
    await alerts.close();
  });

  it("not of one that is over before its time, nor of a gap in one", async () => {
    const { start, clock, said } = rig();
    const alerts = await start();
    alerts.observe([condition("offline", 10)]);
    await clock.advance(minutes(9));
    alerts.observe([]);
    await clock.advance(minutes(2));
    expect(said()).toEqual([]);
    alerts.observe([condition("offline", 10)]);
    await clock.advance(minutes(6));
    alerts.observe([]);
    await clock.advance(seconds(30));
    alerts.observe([condition("offline", 10)]);
    await clock.advance(minutes(4));
    expect(said()).toEqual(["offline active"]);
    await alerts.close();
  });

  it("of one that comes and goes no more than once in each spacing, with how often it began", async () => {
    const { start, clock, said, received } = rig({ spacingMinutes: 30 });
    const alerts = await start();
    for (let cycle = 0; cycle < 20; cycle++) {
      alerts.observe([fault]);
      await clock.advance(minutes(2));
      alerts.observe([]);
      await clock.advance(minutes(2));
    }
    expect(said()).toEqual([
      ...["no-sensor active", "no-sensor cleared", "no-sensor active", "no-sensor cleared"],
      ...["no-sensor active", "no-sensor cleared"],
    ]);
    expect(received[2]?.times).toBeGreaterThan(5);
    await alerts.close();
  });

  it("and no more often than the limit for an hour; what waits is told later", async () => {
    const { start, clock, said } = rig({ maxPerHour: 3 });
    const alerts = await start();
    alerts.observe(["a", "b", "c", "d", "e"].map((code) => condition(code)));
    await clock.advance(minutes(30));
    expect(said()).toEqual(["a active", "b active", "c active"]);
    await clock.advance(minutes(40));
    expect(said().slice(3)).toEqual(["d active", "e active"]);
    await alerts.close();
  });
});

describe("while the server cannot be reached", () => {
  it("a message is tried again with growing pauses, and arrives when the network is back", async () => {
    const world = rig();
    world.answer = away;
    const alerts = await world.start();
    alerts.observe([fault]);
    await world.clock.advance(hours(2));
    expect(world.tries).toBeGreaterThan(8);
    expect(world.tries).toBeLessThan(25);
    world.answer = { kind: "delivered" };
    await world.clock.advance(minutes(11));
    expect(world.said()).toEqual(["no-sensor active"]);
    await alerts.close();
  });

  it("it is a failure after an hour; at once where a person must act; and none any more when one arrives", async () => {
    const world = rig();
    world.answer = away;
    const alerts = await world.start();
    alerts.observe([fault]);
    await world.clock.advance(minutes(50));
    expect(world.failures).toEqual([]);
    await world.clock.advance(minutes(30));
    expect(world.failures).toEqual(["no network"]);
    world.answer = { kind: "later", reason: "answered 401", forPerson: true };
    await world.clock.advance(minutes(11));
    expect(world.failures.at(-1)).toBe("answered 401");
    world.answer = { kind: "delivered" };
    await world.clock.advance(minutes(11));
    expect(world.failures.at(-1)).toBeUndefined();
    await alerts.close();
  });

  it("the server's own pause is kept", async () => {
    const world = rig();
    world.answer = { ...away, retryAfterMs: minutes(40) };
    const alerts = await world.start();
    alerts.observe([fault]);
    await world.clock.advance(minutes(35));
    expect(world.tries).toBe(1);
    await alerts.close();
  });

  it("at most fifty wait; the next that arrives says how many were dropped", async () => {
    const world = rig({ maxPerHour: 120, spacingMinutes: 1 });
    world.answer = away;
    const alerts = await world.start();
    for (let cycle = 0; cycle < 40; cycle++) {
      alerts.observe([fault]);
      await world.clock.advance(minutes(2));
      alerts.observe([]);
      await world.clock.advance(minutes(2));
    }
    world.answer = { kind: "delivered" };
    await world.clock.advance(minutes(15));
    expect(world.received).toHaveLength(50);
    expect(world.received.map(({ leftOut = 0 }) => leftOut).slice(0, 2)).toEqual([30, 0]);
    await alerts.close();
  });

  it("a message that the server will never take is dropped, and the others arrive", async () => {
    const world = rig();
    world.answer = { kind: "refused", reason: "answered 413" };
    const alerts = await world.start();
    alerts.observe([fault]);
    await world.clock.advance(minutes(1));
    expect(world.failures).toEqual(["answered 413"]);
    world.answer = { kind: "delivered" };
    alerts.observe([fault, condition("no-display")]);
    await world.clock.advance(minutes(1));
    expect(world.said()).toEqual(["no-display active"]);
    await alerts.close();
  });
});

describe("over a restart", () => {
  it("what waits is delivered, and what was told is not told again", async () => {
    const world = rig();
    world.answer = away;
    const before = await world.start();
    before.observe([fault]);
    await world.clock.advance(minutes(5));
    await before.close();
    world.answer = { kind: "delivered" };
    const after = await world.start();
    await world.clock.advance(minutes(1));
    expect(world.said()).toEqual(["no-sensor active"]);
    // The fault needs its time to be seen again.
    await world.clock.advance(minutes(2));
    after.observe([fault]);
    await world.clock.advance(hours(1));
    expect(world.said()).toEqual(["no-sensor active"]);
    after.observe([]);
    await world.clock.advance(minutes(2));
    expect(world.said()).toEqual(["no-sensor active", "no-sensor cleared"]);
    await after.close();
  });

  it("its end is told where the fault does not come back", async () => {
    const world = rig();
    const before = await world.start();
    before.observe([fault]);
    await world.clock.advance(minutes(5));
    await before.close();
    const after = await world.start();
    await world.clock.advance(minutes(6));
    expect(world.said()).toEqual(["no-sensor active", "no-sensor cleared"]);
    await after.close();
  });

  it.each([
    ["nothing", ""],
    ["no JSON", "x"],
    ["no record", "{}"],
    ["another record", '{"told": 1, "waiting": [{}]}'],
    ["a bomb", "[".repeat(100_000)],
  ])("a record that holds %s costs nothing else", async (_, text) => {
    const world = rig();
    world.content.set("/data/alerts-told.json", text);
    const alerts = await world.start();
    alerts.observe([fault]);
    await world.clock.advance(minutes(1));
    expect(world.said()).toEqual(["no-sensor active"]);
    await alerts.close();
  });

  it("a full disk stops no message", async () => {
    const world = rig();
    world.diskFails = true;
    const alerts = await world.start();
    alerts.observe([fault]);
    await world.clock.advance(minutes(1));
    expect(world.said()).toEqual(["no-sensor active"]);
    await alerts.close();
  });
});

it("whatever faults, servers and restarts do: messages of a fault alternate, and in the end they say what is", async () => {
  const codes = ["a", "b", "c"];
  const event = fc.record({
    active: fc.subarray(codes),
    wait: fc.integer({ min: 1, max: 1200 }),
    answer: fc.constantFrom<Delivery["kind"]>("delivered", "delivered", "later"),
    restart: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
      const world = rig({ maxPerHour: 120 });
      let alerts = await world.start();
      let active: readonly string[] = [];
      for (const { wait, answer, restart, ...next } of events) {
        active = next.active;
        world.answer = answer === "later" ? away : { kind: "delivered" };
        if (restart) {
          await alerts.close();
          alerts = await world.start();
        }
        alerts.observe(active.map((code) => condition(code)));
        await world.clock.advance(seconds(wait));
      }
      world.answer = { kind: "delivered" };
      await world.clock.advance(hours(2));
      await alerts.close();
      for (const code of codes) {
        const states = world.received.filter((each) => each.code === code).map(({ state }) => state);
        expect(states).toEqual(states.map((_, at) => (at % 2 === 0 ? "active" : "cleared")));
        expect(states.at(-1) === "active").toBe(active.includes(code));
      }
    }),
    { numRuns: 60 },
  );
});
