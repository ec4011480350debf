/** SR-06: what is taken for a welded contact, and what ends the alarm: minute by minute, with levels made up. */
import { describe, expect, it } from "vitest";
import { hours, millis } from "../../../src/base/units.ts";
import {
  clearRelayAlarm,
  type RelayWatch,
  type StoredRelayAlarm,
  startRelayWatch,
  stuckLimit,
  watchRelay,
} from "../../../src/control/safety/stuck-relay.ts";

const minuteMs = 60_000;

/** A room whose level is what the test says, a minute at a time. */
class Watched {
  watch: RelayWatch;
  learntRise: number | undefined;
  readonly #levels: number[] = [];
  #now = 0;

  constructor(stored?: StoredRelayAlarm) {
    this.watch = startRelayWatch(millis(0), stored);
  }

  get alarm(): boolean {
    return this.watch.alarm !== undefined;
  }

  /** So many minutes at that level, or moving from the first level to the second. */
  run(minutes: number, heaterOn: boolean, level: number, to = level): this {
    for (let minute = 1; minute <= minutes; minute++) {
      this.#now += minuteMs;
      const now = millis(this.#now);
      const value = level + ((to - level) * minute) / minutes;
      const input = {
        heaterOn,
        level: value,
        levelBefore: this.#levels.at(-10),
        learntRise: this.learntRise,
      };
      this.watch = watchRelay(this.watch, { ...input, now });
      this.#levels.push(value);
    }
    return this;
  }

  /** The record of the room begins again. */
  forget(): this {
    this.#levels.length = 0;
    return this;
  }
}

describe("SR-06: the rise that must be the heater", () => {
  it("is 3.5 K in a room that needs no heat, less the more it needs, and never below 2 K", () => {
    expect([0, 0.25, 0.375, 0.5, 1].map((load) => stuckLimit(load))).toEqual([3.5, 2.5, 2, 2, 2]);
  });

  it("is more in a room where the heater was seen to do much", () => {
    expect(stuckLimit(0, 5)).toBe(3.5);
    expect(stuckLimit(0, 20)).toBeCloseTo(8, 9);
    expect(stuckLimit(0.5, 20)).toBeCloseTo(4, 9);
    expect([0.7, 1].map((load) => stuckLimit(load, 20))).toEqual([
      expect.closeTo(2.4, 9),
      expect.closeTo(2.4, 9),
    ]);
  });

  it("counts from the level before it, to the tenth of a kelvin", () => {
    expect(new Watched().run(60, false, 20).run(1, false, 23.4).alarm).toBe(false);
    expect(new Watched().run(60, false, 20).run(1, false, 23.6).watch.alarm).toMatchObject({
      from: expect.closeTo(20, 1),
      peak: 23.6,
      cooledSince: undefined,
    });
  });

  it("is smaller where the heater was on for much of the time that was seen, also on a young device", () => {
    // On for 40 % of 75 min.
    const warmed = () => new Watched().run(30, true, 20).run(45, false, 20);
    expect(warmed().run(1, false, 21.9).alarm).toBe(false);
    expect(warmed().run(1, false, 22.2).alarm).toBe(true);
    const idle = () => new Watched().run(75, false, 20);
    expect(idle().run(1, false, 22.2).alarm).toBe(false);
  });

  it("is larger by what was learnt of the heater", () => {
    const rise = (learntRise: number | undefined) => {
      const room = new Watched().run(60, false, 20);
      room.learntRise = learntRise;
      return room.run(1, false, 25).alarm;
    };
    expect([undefined, 10, 20].map(rise)).toEqual([true, true, false]);
  });
});

describe("SR-06: no alarm", () => {
  it("is raised while the heater is on, nor in the quarter of an hour after", () => {
    expect(new Watched().run(60, false, 20).run(60, true, 20, 30).alarm).toBe(false);
    const paused = new Watched().run(60, false, 20).run(1, true, 20);
    expect(paused.run(15, false, 21, 25).alarm).toBe(false);
    expect(paused.run(1, false, 25.2).alarm).toBe(true);
  });

  it("is raised for the heat that a slow radiator had stored", () => {
    const radiator = new Watched().run(120, false, 18).run(60, true, 18, 24);
    expect(radiator.run(40, false, 24, 29).alarm).toBe(false);
  });

  it("is raised in a room that does not warm now, however warm it is", () => {
    const room = new Watched().run(60, false, 20).run(1, true, 20);
    // All of it came in the quarter of an hour that does not count.
    expect(room.run(60, false, 25).alarm).toBe(false);
    expect(room.run(1, false, 25.1).alarm).toBe(true);
  });

  it("is raised before the record is long enough to say whether the room warms", () => {
    const room = new Watched().run(60, false, 20).forget();
    expect(room.run(10, false, 25).alarm).toBe(false);
    expect(room.run(1, false, 25.1).alarm).toBe(true);
  });
});

describe("SR-06: what a rise is measured from", () => {
  it("follows a room that cools within the hour", () => {
    // After an hour at 15 °C it has come from 20 to 16.8 °C.
    const cooled = () => new Watched().run(60, false, 20).run(60, false, 15);
    expect(cooled().watch.reference).toBeCloseTo(15 + 5 / Math.E, 2);
    expect(cooled().run(1, false, 20.2).alarm).toBe(false);
    expect(cooled().run(1, false, 20.6).alarm).toBe(true);
  });

  it("follows a room that warms in three hours, as weather does", () => {
    const warmed = () => new Watched().run(60, false, 20).run(180, false, 22.5);
    expect(warmed().watch.reference).toBeCloseTo(22.5 - 2.5 / Math.E, 2);
    expect(warmed().run(1, false, 24.8).alarm).toBe(false);
    expect(warmed().run(1, false, 25.3).alarm).toBe(true);
  });

  it("is the room's own level while the heater gives more than the room loses", () => {
    expect(new Watched().run(240, false, 18).run(30, true, 18, 22).watch.reference).toBe(22);
  });

  it("counts at most a minute of heat for a silence: what the relay did meanwhile nobody knows", () => {
    const watch = startRelayWatch(millis(0));
    const input = { level: undefined, levelBefore: undefined, learntRise: undefined };
    const on = watchRelay(watch, { ...input, heaterOn: true, now: hours(3) });
    expect(on.given).toBeCloseTo(1 / 240, 4);
    const off = watchRelay(watch, { ...input, heaterOn: false, now: hours(4) });
    expect([off.given, off.weight]).toEqual([0, expect.closeTo(1 - 1 / Math.E, 9)]);
    expect([on.offSince, off.offSince]).toEqual([undefined, hours(4)]);
  });
});

describe("SR-06: the alarm ends", () => {
  it("when half of the rise has been gone for 45 min, and not before", () => {
    const room = new Watched({ from: 20, peak: 26 });
    expect(room.run(240, false, 23.1).alarm).toBe(true);
    expect(room.run(45, false, 22.9).alarm).toBe(true);
    expect(room.run(1, false, 22.9).alarm).toBe(false);
    expect(room.watch.reference).toBe(22.9);
  });

  it("not for a fall of less than half a kelvin", () => {
    const small = { from: 20, peak: 20.6 };
    expect(new Watched(small).run(240, false, 20.2).alarm).toBe(true);
    expect(new Watched(small).run(46, false, 20).alarm).toBe(false);
  });

  it("counted from the highest level since", () => {
    const room = new Watched({ from: 20, peak: 26 }).run(10, false, 26, 30);
    expect(room.watch.alarm).toMatchObject({ from: 20, peak: 30 });
    expect(room.run(240, false, 25.1).alarm).toBe(true);
    expect(room.run(46, false, 24.9).alarm).toBe(false);
  });

  it("counted again when the room was warm in between: an opened window cools it too", () => {
    const room = new Watched({ from: 20, peak: 26 }).run(40, false, 21).run(1, false, 25);
    expect(room.run(45, false, 21).alarm).toBe(true);
    expect(room.run(1, false, 21).alarm).toBe(false);
  });

  it("when a person says so; a contact that is welded all the same is found again", () => {
    const room = new Watched({ from: 20, peak: 26 }).run(20, false, 26);
    room.watch = clearRelayAlarm(room.watch);
    expect(room.run(30, false, 26).alarm).toBe(false);
    expect(room.run(20, false, 26, 30).alarm).toBe(true);
  });
});
