/** The schedule in the core: what decides the set-point, at which time, and what a wrong clock changes: nothing. */
import { describe, expect, it } from "vitest";
import { celsius, wallMillis } from "../../../src/base/units.ts";
import type { Request } from "../../../src/control/input.ts";
import { inForce } from "../../../src/control/twin/in-force.ts";
import { ZoneClock } from "../../../src/firmware/local-time/zone-clock.ts";
import type { Settings } from "../../../src/model/settings.ts";
import type { Week } from "../../../src/model/week.ts";
import { Device } from "../device.ts";

const everyDay = (points: string): Week => ({
  monday: points,
  tuesday: points,
  wednesday: points,
  thursday: points,
  friday: points,
  saturday: points,
  sunday: points,
});
const daily = everyDay("06:30 20, 22:00 16");

/** A device in a house with a clock on its wall. */
class House {
  readonly device: Device;
  readonly #zone: ZoneClock;
  trusted = true;

  constructor(zone = "Europe/Berlin", settings: Partial<Settings> = {}) {
    this.device = new Device(settings);
    this.#zone = new ZoneClock(zone);
  }

  get wall() {
    return wallMillis(this.device.now + this.device.wallOffset);
  }

  /** The time passes until the clock shows `utc`. */
  at(utc: string): this {
    this.device.now += Date.parse(utc) - this.wall;
    return this.look();
  }

  /** Somebody sets the clock. */
  setClock(utc: string): this {
    this.device.wallOffset += Date.parse(utc) - this.wall;
    return this.look();
  }

  look(...requests: readonly Request[]): this {
    this.device.step({ requests, local: this.trusted ? this.#zone.at(this.wall) : undefined });
    return this;
  }

  schedule(value: Week): this {
    return this.look({ kind: "set", name: "schedule", value, source: "cloud" });
  }

  set(value: number): this {
    return this.look({ kind: "set", name: "targetTemperature", value: celsius(value), source: "local" });
  }

  away(value: string): this {
    return this.look({ kind: "set", name: "awayUntil", value, source: "cloud" });
  }

  preset(preset: Extract<Request, { kind: "preset" }>["preset"]): this {
    return this.look({ kind: "preset", preset, source: "local" });
  }

  press(button: "a" | "b"): this {
    const atMs = this.device.reading().atMs;
    const local = this.trusted ? this.#zone.at(this.wall) : undefined;
    this.device.step({ buttons: [{ button, pressed: true, atMs }], local });
    this.device.now += 50;
    this.look();
    const up = this.device.reading().atMs;
    this.device.step({ buttons: [{ button, pressed: false, atMs: up }], local });
    this.device.now += 50;
    return this.look();
  }

  get setPoint(): number {
    return this.device.screen.target;
  }

  get from(): string {
    return inForce(this.device.state).setPoint.from;
  }

  get until(): string | undefined {
    const { untilMs } = inForce(this.device.state).setPoint;
    return untilMs === undefined ? undefined : new Date(untilMs).toISOString();
  }
}

/** A Monday in winter, 12:00 in Berlin. */
const monday = "2027-01-11T11:00:00Z";
const scheduled = (settings: Partial<Settings> = {}) =>
  new House("Europe/Berlin", settings).at(monday).schedule(daily);

describe("the schedule", () => {
  it("decides by the last point that the local time has reached", () => {
    const house = scheduled();
    expect([house.setPoint, house.from, house.until]).toEqual([20, "schedule", "2027-01-11T21:00:00.000Z"]);
    expect(house.at("2027-01-11T20:59:59Z").setPoint).toBe(20);
    expect(house.at("2027-01-11T21:00:00Z").setPoint).toBe(16);
    expect(house.at("2027-01-12T05:29:59Z").setPoint).toBe(16);
    expect(house.at("2027-01-12T05:30:00Z").setPoint).toBe(20);
  });

  it("goes on over days without points, and over the end of the week", () => {
    const house = new House().at(monday).schedule({ thursday: "08:00 21" });
    expect(house.setPoint).toBe(21);
    expect(house.until).toBe("2027-01-14T07:00:00.000Z");
    expect(house.at("2027-01-20T12:00:00Z").setPoint).toBe(21);
  });

  it("gives way to the set-point when it is cleared", () => {
    const house = scheduled().schedule({});
    expect([house.setPoint, house.from, house.until]).toEqual([19, "set-point", undefined]);
  });

  it("is in force within the limits of the set-point alone", () => {
    const house = scheduled({ targetMax: celsius(18), targetInitial: celsius(17) });
    expect(house.from).toBe("set-point");
    expect(house.device.events).toContainEqual({
      kind: "refused",
      request: "set",
      name: "schedule",
      reason: "must have a valid monday: 06:30 20 is not within 5 to 18 °C",
    });
  });

  it("tells each time that something else decides", () => {
    const house = scheduled().at("2027-01-11T21:00:00Z").set(18);
    const told = house.device.events.filter(({ kind }) => kind === "set-point");
    expect(told).toEqual([
      { kind: "set-point", from: "schedule", target: 20 },
      { kind: "set-point", from: "schedule", target: 16 },
      { kind: "set-point", from: "hold", target: 18 },
    ]);
  });
});

describe("a set-point that is set beside a schedule", () => {
  it("holds until the next point", () => {
    const house = scheduled().set(22);
    expect([house.setPoint, house.from, house.until]).toEqual([22, "hold", "2027-01-11T21:00:00.000Z"]);
    expect(house.at("2027-01-11T20:59:59Z").setPoint).toBe(22);
    expect(house.at("2027-01-11T21:00:00Z").setPoint).toBe(16);
    expect(house.from).toBe("schedule");
  });

  it("begins at the set-point that the screen shows, for a press of A or B", () => {
    expect(scheduled().press("b").setPoint).toBe(20.5);
    expect(scheduled().press("a").press("a").setPoint).toBe(19);
  });

  it("holds for ever with the hold permanent, until somebody resumes the schedule", () => {
    const house = scheduled().set(22);
    house.look({ kind: "set", name: "setPointHold", value: "permanent", source: "cloud" });
    expect([house.at("2027-01-20T12:00:00Z").setPoint, house.until]).toEqual([22, undefined]);
    expect(house.preset("none").setPoint).toBe(20);
  });

  it("ends at an earlier point of a new schedule", () => {
    const house = scheduled().set(22).schedule(everyDay("15:00 18"));
    expect(house.until).toBe("2027-01-11T14:00:00.000Z");
    expect(house.at("2027-01-11T14:00:00Z").setPoint).toBe(18);
  });

  it("has ended after a power cut over the next point, and lasts over a shorter one", () => {
    const house = scheduled().set(22);
    house.device.restart(3600);
    expect(house.look().setPoint).toBe(22);
    house.device.restart(10 * 3600);
    expect(house.look().setPoint).toBe(16);
  });

  it("is undone with a stuck button, and never heats meanwhile", () => {
    const house = scheduled();
    const atMs = house.device.reading().atMs;
    house.device.step({ buttons: [{ button: "b", pressed: true, atMs }] });
    house.trusted = false;
    for (let second = 0; second < 70; second += 0.1) {
      house.device.now += 100;
      house.look();
    }
    expect([house.setPoint, house.from]).toEqual([20, "schedule"]);
  });
});

describe("away", () => {
  it("keeps its temperature until its end", () => {
    const house = scheduled().away("2027-01-13T17:00:00Z");
    expect([house.setPoint, house.from, house.until]).toEqual([12, "away", "2027-01-13T17:00:00.000Z"]);
    expect(house.at("2027-01-13T16:59:59Z").setPoint).toBe(12);
    expect(house.at("2027-01-13T17:00:00Z").setPoint).toBe(20);
  });

  it("ends a hold, and a press holds against it until the next point", () => {
    const house = scheduled().set(22).away("2027-01-13T17:00:00Z");
    expect(house.from).toBe("away");
    expect(house.press("b").setPoint).toBe(12.5);
    expect(house.until).toBe("2027-01-11T21:00:00.000Z");
    expect(house.at("2027-01-11T21:00:00Z").from).toBe("away");
  });

  it("works without a schedule, and a press holds until its end", () => {
    const house = new House().at(monday).away("2027-01-13T17:00:00Z").press("b");
    expect([house.setPoint, house.until]).toEqual([12.5, "2027-01-13T17:00:00.000Z"]);
    expect(house.at("2027-01-13T17:00:00Z").from).toBe("set-point");
  });
});

describe("a preset", () => {
  it("comfort and eco hold the settings' temperatures until the next point", () => {
    expect(scheduled({ comfortTemperature: celsius(21.5) }).preset("comfort").setPoint).toBe(21.5);
    const house = scheduled().preset("eco");
    expect([house.setPoint, house.from]).toEqual([17, "hold"]);
    expect(house.at("2027-01-11T21:00:00Z").setPoint).toBe(16);
  });

  it("away has no end, and comfort ends it", () => {
    const house = scheduled().preset("away");
    expect([house.setPoint, house.until]).toEqual([12, undefined]);
    expect(house.at("2028-05-05T12:00:00Z").setPoint).toBe(12);
    expect(house.preset("comfort").at("2028-05-05T21:00:00Z").from).toBe("schedule");
  });

  it("boost outranks all of it, 3 K above", () => {
    const house = scheduled().set(22).preset("boost");
    expect([house.setPoint, house.from]).toEqual([25, "boost"]);
    expect(house.preset("none").setPoint).toBe(20);
  });

  it("is a change at the device for the twin, also when the cloud asks for it", () => {
    const house = scheduled().look({ kind: "preset", preset: "eco", source: "cloud" });
    expect(house.device.state.panel.changes.targetTemperature.source).toBe("preset");
  });
});

describe("a clock that may be wrong", () => {
  it("leaves what was in force last, over a power cut as well", () => {
    const house = scheduled();
    house.trusted = false;
    expect(house.at("2027-01-11T23:00:00Z").setPoint).toBe(20);
    house.device.restart(3600);
    expect([house.look().setPoint, house.from, house.until]).toEqual([20, "schedule", undefined]);
    house.trusted = true;
    expect(house.look().setPoint).toBe(16);
  });

  it.each(["1970-01-01T00:00:05Z", "2026-10-31T12:00:00Z", "2061-01-01T12:00:00Z"])(
    "is not believed at %s, whoever trusts it",
    (wrong) => {
      const house = scheduled().setClock(wrong);
      expect(house.setPoint).toBe(20);
      expect(house.at(new Date(house.wall + 6 * 3_600_000).toISOString()).setPoint).toBe(20);
      expect(house.setClock("2027-01-11T23:00:00Z").setPoint).toBe(16);
    },
  );

  it("leaves the set-point before the first schedule", () => {
    const house = new House();
    house.trusted = false;
    house.at(monday).schedule(daily);
    expect([house.setPoint, house.from]).toEqual([19, "set-point"]);
    expect(house.set(23).from).toBe("hold");
    house.trusted = true;
    expect([house.look().setPoint, house.until]).toEqual([23, "2027-01-11T21:00:00.000Z"]);
  });

  it("shortens a hold that a wrong clock made too long", () => {
    const house = scheduled().setClock("2027-06-01T11:00:00Z").set(22);
    house.setClock(monday);
    expect(house.until).toBe("2027-01-11T21:00:00.000Z");
    expect(house.at("2027-01-11T21:00:00Z").setPoint).toBe(16);
  });
});

/** Points each half hour of the night in which the clocks change. */
const night = { sunday: "01:00 11, 01:30 12, 02:00 13, 02:30 14, 03:00 15, 03:30 16" };

describe("the day in spring that has 23 hours", () => {
  it("passes over the points of the hour that is skipped", () => {
    const house = new House().at("2027-03-28T00:00:00Z").schedule(night);
    expect([house.setPoint, house.until]).toEqual([11, "2027-03-28T00:30:00.000Z"]);
    expect([house.at("2027-03-28T00:30:00Z").setPoint, house.until]).toEqual([
      12,
      "2027-03-28T01:00:00.000Z",
    ]);
    // 3:00 follows 1:59.
    expect([house.at("2027-03-28T01:00:00Z").setPoint, house.until]).toEqual([
      15,
      "2027-03-28T01:30:00.000Z",
    ]);
  });

  it("keeps the local time of the next morning, known the evening before", () => {
    const house = new House().at("2027-03-27T21:00:00Z").schedule(daily);
    expect(house.until).toBe("2027-03-28T04:30:00.000Z");
  });
});

describe("the day in autumn that has 25 hours", () => {
  it("repeats the points of the hour that is repeated", () => {
    const house = new House().at("2027-10-31T00:00:00Z").schedule(night);
    const seen = Array.from({ length: 6 }, (_, half) => {
      house.at(new Date(Date.parse("2027-10-31T00:00:00Z") + half * 1_800_000).toISOString());
      return [house.setPoint, house.until?.slice(11, 16)];
    });
    expect(seen).toEqual([
      [13, "00:30"],
      [14, "01:00"],
      [13, "01:30"],
      [14, "02:00"],
      [15, "02:30"],
      [16, "00:00"],
    ]);
  });

  it("keeps the local time of the next morning, known the evening before", () => {
    const house = new House().at("2027-10-30T21:00:00Z").schedule(daily);
    expect(house.until).toBe("2027-10-31T05:30:00.000Z");
  });
});
