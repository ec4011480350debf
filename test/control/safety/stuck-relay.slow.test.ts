import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { millis } from "../../../src/base/units.ts";
import { startRelayWatch, watchRelay } from "../../../src/control/safety/stuck-relay.ts";
import { type RoomParameters, roomPresets } from "../../../src/simulation/room/room.ts";
import { type Life, type Lived, live } from "../heated-room.ts";

const isStuck = ({ fault }: { fault: string }) => fault === "relay-stuck-on";
const alarms = (lived: Lived) => lived.raised.filter(isStuck);

/** Minutes from the weld to the alarm. */
function delayOf(life: Life, weldedAt: number): number {
  const lived = live({ ...life, hours: weldedAt + 2.5, welded: (hour) => hour >= weldedAt });
  const [first] = alarms(lived);
  return first ? (first.hour - weldedAt) * 60 : Number.POSITIVE_INFINITY;
}

describe("SR-06: a contact that welds is found, whatever the moment", () => {
  // Worst of the sweep: 56 min in the living room, 25 with a fan heater, 70 in stone that is still warming up.
  const worst = { living: 65, fanHeater: 35, stone: 80, shed: 45 } as const;
  const cases = (Object.keys(worst) as (keyof typeof worst)[]).flatMap((name) => [
    [name, "in a room long at 19 °C", 19, 4] as const,
    [name, "after a cold start", 12, 8] as const,
  ]);

  it.each(cases)("%s, %s", { timeout: 30_000 }, (name, _, start, from) => {
    const room = roomPresets[name];
    const life = { room, start, hours: from + 1 };
    const { commanded } = live(life);
    for (const phase of [true, false]) {
      const minutes = commanded.flatMap((on, minute) =>
        on === phase && minute >= from * 60 ? [minute] : [],
      );
      expect(minutes.length).toBeGreaterThan(4);
      for (let index = 0; index < minutes.length; index += Math.ceil(minutes.length / 6)) {
        const minute = minutes[index] ?? 0;
        const delay = delayOf(life, (minute + 0.2) / 60);
        expect(delay, `welded at minute ${minute}, relay ${phase ? "ON" : "OFF"}`).toBeLessThan(worst[name]);
      }
    }
  });

  it("also when the sensor was away for half an hour meanwhile", () => {
    const away = (hour: number) => hour > 4.3 && hour < 4.8;
    expect(delayOf({ room: roomPresets.living, hours: 0, deaf: away }, 4)).toBeLessThan(120);
  });

  it("also with a noisy sensor, and with the hysteresis law", () => {
    const noisy = { room: roomPresets.noisySensor, hours: 0 };
    expect(delayOf(noisy, 4.05)).toBeLessThan(75);
    expect(delayOf({ ...noisy, settings: { law: "hysteresis" } }, 6)).toBeLessThan(120);
  });
});

describe("SR-06: the alarm", () => {
  const room = roomPresets.living;

  it("ends by itself within two hours once the contact opens, and heat is back", () => {
    const lived = live({ room, hours: 30, welded: (hour) => hour > 4 && hour < 10 });
    expect(alarms(lived)).toHaveLength(1);
    const end = lived.ended.find(isStuck);
    expect(end?.hour).toBeGreaterThan(10);
    expect(end?.hour).toBeLessThan(12);
    expect(lived.device.faults).toEqual([]);
    expect(lived.device.temperature).toBeGreaterThan(18.5);
  });

  it("outlives power cuts, and heat is back all the same once the contact opens", () => {
    const cuts = [7, 8, 9.5, 11.5];
    const done = new Set<number>();
    const act: NonNullable<Life["act"]> = (device, hour) => {
      const due = cuts.find((cut) => hour >= cut && !done.has(cut));
      if (due === undefined) return;
      done.add(due);
      device.restart(30);
      device.step();
      if (due < 11) expect(device.faults).toContain("relay-stuck-on");
    };
    const lived = live({ room, hours: 30, act, welded: (hour) => hour > 4 && hour < 10 });
    expect(done.size).toBe(cuts.length);
    expect(lived.commanded.slice(6 * 60, 10 * 60)).not.toContain(true);
    expect(lived.device.faults).toEqual([]);
    expect(lived.device.temperature).toBeGreaterThan(18.5);
  });

  it("outlives an opened window", () => {
    const window = (hour: number) => (hour > 6 && hour < 6.25 ? 60 : 0);
    const lived = live({ room, hours: 9, welded: (hour) => hour > 4, window });
    expect(alarms(lived)).toHaveLength(1);
    expect(lived.device.faults).toContain("relay-stuck-on");
  });

  it("forbids heat", () => {
    const { device } = live({ room, hours: 6, welded: (hour) => hour > 4 });
    device.target(30);
    device.run(900, 10);
    expect(device.heater).toBe(false);
  });
});

const between = (from: number, to: number, value: number) => (hour: number) =>
  hour % 24 >= from && hour % 24 < to ? value : 0;
/** Coldest at four, warmest at four. */
const weather = (mean: number, swing: number) => (hour: number) =>
  mean + swing * Math.sin(((hour - 10) / 12) * Math.PI);
const sun = between(8, 17, 500);
const people = between(18, 23, 400);
const setBack = (hour: number) => (hour % 24 < 6 || hour % 24 >= 22 ? 16 : 20);
const airing = (hour: number) =>
  between(9, 9.1, 40)(hour) + between(12, 12.25, 40)(hour) + between(23, 23.25, 40)(hour);

/** Heats by hand: a quarter of an hour in the morning, half an hour later on. */
const pulses: NonNullable<Life["act"]> = (device, hour) => {
  const on = (hour > 8 && hour < 8.25) || (hour > 14 && hour < 14.5);
  if (device.state.panel.values.heaterSwitch !== on)
    device.request({ kind: "set", name: "heaterSwitch", value: on, source: "cloud" });
};

const innocent: readonly (readonly [string, Partial<Life>])[] = [
  ["500 W of sun on a spring day of 12 ± 8 °C", { outside: weather(12, 8), gain: sun }],
  ["500 W of sun at 15 °C", { outside: () => 15, gain: sun }],
  ["500 W of sun at 0 °C", { gain: sun }],
  ["500 W of sun after a cold start at 8 ± 8 °C", { start: 12, outside: weather(8, 8), gain: sun }],
  ["500 W all day on a device that knows nothing", { start: 21, outside: () => 10, gain: () => 500 }],
  ["four people at 0 °C", { gain: people }],
  ["four people at 8 °C", { gain: people, outside: () => 8 }],
  ["a daily swing of 0 ± 8 °C", { outside: weather(0, 8) }],
  ["a daily swing of 20 ± 8 °C", { outside: weather(20, 8), target: () => 16 }],
  [
    "set-back nights, airing, people and sun",
    { outside: weather(6, 8), target: setBack, window: airing, gain: (hour) => sun(hour) + people(hour) },
  ],
  ["set-back nights at 0 ± 8 °C", { outside: weather(0, 8), target: setBack }],
  [
    "a room aired while the heater is off",
    { start: 22, target: () => 10, window: (hour) => (hour % 3 > 1 && hour % 3 < 1.25 ? 60 : 0) },
  ],
  [
    "heat by hand, a quarter of an hour long",
    { outside: () => 5, settings: { modeInitial: "manual" }, act: pulses },
  ],
  ["a cold start from 5 °C", { start: 5 }],
  ["a cold start on a mild day", { start: 10, outside: () => 12 }],
  [
    "a set-point that goes up and down",
    { outside: () => 5, target: (hour) => 19 + (Math.floor(hour / 2) % 3) },
  ],
];

/** 3 kW of oil behind a slow sensor: it warms on for long after OFF. */
const oil: RoomParameters = {
  ...roomPresets.living,
  heaterPower: 3000,
  heaterTimeConstant: 1500,
  sensorLag: 600,
};
const rooms = {
  "the living room": roomPresets.living,
  "a shed": roomPresets.shed,
  "a room with 3 kW of oil": oil,
  "a noisy room": roomPresets.noisySensor,
};

describe.each(Object.entries(rooms))("SR-06: no false alarm in %s", (_, room) => {
  it.each(innocent)("by %s", (_story, life) => {
    expect(alarms(live({ room, hours: 40, ...life }))).toEqual([]);
  });
});

describe("what the heater can do in the room", () => {
  const night: Life = { room: roomPresets.shed, hours: 6 };

  it("is learnt from short runs where a room is light, and survives a restart", () => {
    const { device } = live(night);
    const learnt = device.state.effect.learntRise ?? 0;
    expect(learnt).toBeGreaterThan(8);
    device.restart();
    expect(device.state.effect.learntRise).toBeCloseTo(learnt, 1);
  });

  it("can be stored and read back whatever the sensor makes of it", () => {
    const leaping: RoomParameters = { ...roomPresets.shed, heaterPower: 60_000, sensorLag: 10 };
    const { device } = live({ ...night, room: leaping, hours: 3 });
    expect(device.state.effect.learntRise).toBeLessThanOrEqual(60);
    expect(device.state.effect.learntRise).toBeGreaterThan(20);
    device.restart();
    expect(device.state.stateLost).toBe(false);
    expect(device.state.effect.learntRise).toBeGreaterThan(20);
  });
});

describe("the relay watch", () => {
  it("stays finite, and its shares between 0 and 1, whatever comes", () => {
    const level = fc.option(fc.double({ min: -20, max: 60, noNaN: true }), { nil: undefined });
    const minute = fc.record({
      elapsed: fc.oneof(
        fc.constant(0),
        fc.integer({ min: 1, max: 120_000 }),
        fc.integer({ min: 1, max: 1e12 }),
      ),
      heaterOn: fc.boolean(),
      level,
      levelBefore: level,
      learntRise: fc.option(fc.double({ min: 0, max: 100, noNaN: true }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(minute, { maxLength: 60 }), (run) => {
        let now = 0;
        let watch = startRelayWatch(millis(0));
        for (const { elapsed, ...input } of run) {
          now += elapsed;
          watch = watchRelay(watch, { ...input, now: millis(now) });
          for (const share of [watch.given, watch.weight, watch.residual]) {
            expect(share >= 0 && share <= 1).toBe(true);
          }
          expect(
            Number.isFinite(watch.reference ?? 0) && (watch.alarm?.peak ?? 0) >= (watch.alarm?.from ?? 0),
          ).toBe(true);
          expect(watch.given).toBeLessThanOrEqual(watch.weight + 1e-12);
        }
      }),
    );
  });
});
